"""A product whose SKU changed after it was ordered, while another product has the old one now."""

from models.catalog import Product
from models.orders import Order
from models.rules.access import OPEN
from models.rules.order_states import OrderAction
from services.catalog.products import SaveProduct, save_product
from services.orders.edit import EditOrder, edit_order
from services.orders.edit_preview import preview_edit
from services.orders.edited_lines import EditedLine
from services.orders.entry import PlaceOrder
from services.orders.goods import NewLine
from services.orders.place import draft_order
from tests.support.databases import Database
from tests.support.trade import Trade, counters, lines_of, nothing_written, open_trade, reasons


async def renumbered(trade: Trade, cups: int = 9) -> tuple[Order, Product]:
    """An order of two of what was CUP and is MUG now; what is CUP now is in dollars, and gone."""
    mug = await trade.product("CUP", near=cups)
    order = await trade.place(("CUP", 2))
    await save_product(OPEN, SaveProduct(id=mug.id, version=mug.version, sku="MUG"))
    other = await trade.product("CUP", near=1, currency="USD")
    await Product.filter(id=other.id).update(discontinued=True)
    return order, mug


def edit(order: Order, *lines: EditedLine) -> EditOrder:
    return EditOrder(order.id, order.version, "they called", lines)


async def test_its_line_grows_by_any_of_its_names(database: Database) -> None:
    trade = await open_trade()
    order, mug = await renumbered(trade)
    (line,) = await lines_of(order)
    for units, sku in ((3, None), (4, "MUG"), (5, "CUP")):
        order = await edit_order(OPEN, edit(order, EditedLine(sku, units, line_id=line.id)))
    (line,) = await lines_of(order)
    assert (line.product_id, line.sku, line.quantity, line.reserved) == (mug.id, "CUP", 5, 5)
    assert await counters("MUG") == {"NEAR": (9, 5, 0)}
    assert await counters("CUP") == {"NEAR": (1, 0, 0)}


async def test_another_product_is_another_line(database: Database) -> None:
    trade = await open_trade()
    order, _ = await renumbered(trade)
    await trade.product("POT", near=9)
    (line,) = await lines_of(order)
    async with nothing_written():
        other = edit_order(OPEN, edit(order, EditedLine("POT", 3, line_id=line.id)))
        assert await reasons(other) == [("INVALID", "lines.0.sku")]
        unnamed = edit_order(OPEN, edit(order, EditedLine(None, 3)))
        assert await reasons(unnamed) == [("REQUIRED", "lines.0.sku")]
        placed = trade.place((None, 1))  # type: ignore[arg-type]
        assert await reasons(placed) == [("REQUIRED", "lines.0.sku")]


async def test_what_is_short_is_told_by_its_present_name(database: Database) -> None:
    trade = await open_trade()
    order, mug = await renumbered(trade, cups=3)
    (line,) = await lines_of(order)
    wish = edit(order, EditedLine("CUP", 6, line_id=line.id))
    async with nothing_written():
        assert await reasons(edit_order(OPEN, wish)) == [("INSUFFICIENT_STOCK", "lines.0.quantity")]
        (error,) = (await preview_edit(OPEN, wish)).errors
    assert error.message == "Only 1 of 4 MUG can be promised."
    await Product.filter(id=mug.id).update(discontinued=True)
    async with nothing_written():
        assert await reasons(edit_order(OPEN, wish)) == [("INVALID", "lines.0.sku")]


async def test_its_draft_is_submitted(database: Database) -> None:
    trade = await open_trade()
    mug = await trade.product("CUP", near=9)
    draft = await draft_order(OPEN, PlaceOrder(trade.customer_id, (NewLine("CUP", 2),)))
    await save_product(OPEN, SaveProduct(id=mug.id, version=mug.version, sku="MUG"))
    gone = await trade.product("CUP", near=1)
    await Product.filter(id=gone.id).update(discontinued=True)
    order = await trade.act(draft, OrderAction.SUBMIT)
    assert (order.status, await counters("MUG")) == ("CONFIRMED", {"NEAR": (9, 2, 0)})
