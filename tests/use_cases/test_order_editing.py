"""Edits, looked at from behind: what is packed, held, expected or billed stays as it should."""

from datetime import timedelta
from decimal import Decimal
from typing import Final

from models.catalog import Product
from models.inventory import Reservation, StockItem
from models.orders import Order, OrderLine
from models.rules.access import OPEN
from models.rules.catalog import BackorderPolicy
from models.rules.order_states import OrderAction
from models.rules.shipment_states import ShipmentStatus
from services.fulfillment.ship import CreateShipment, create_shipment
from services.orders.edit import EditOrder, edit_order
from services.orders.edit_preview import preview_edit
from services.orders.edited_lines import EditedLine
from services.orders.entry import PlaceOrder
from services.orders.goods import NewLine
from services.orders.place import draft_order
from services.work import clock
from tests.support.audit.auditor import audit
from tests.support.databases import Database
from tests.support.statements import counted
from tests.support.trade import (
    NOON,
    Trade,
    counters,
    lines_of,
    nothing_written,
    open_trade,
    reasons,
    shipments_of,
)

LATER: Final = NOON + timedelta(hours=1)


async def edited(order: Order, *lines: EditedLine) -> Order:
    return await edit_order(OPEN, EditOrder(order.id, order.version, "they called", lines))


async def partly_shipped(trade: Trade) -> Order:
    """Three cups of which one has left, with shipping for 4.90."""
    await trade.product("CUP", near=3)
    order = await trade.place(("CUP", 3), shipping=Decimal("4.90"))
    (line,) = await lines_of(order)
    some = CreateShipment(order.id, order.version, trade.near_id, {line.id: 1})
    (shipment,) = await shipments_of(await create_shipment(OPEN, some))
    return await trade.track(shipment, ShipmentStatus.SHIPPED)


async def test_a_smaller_line_gives_back_what_is_not_packed(database: Database) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=3, far=4)
    order = await trade.place(("CUP", 5))
    order = await create_shipment(OPEN, CreateShipment(order.id, order.version, trade.near_id))
    (line,) = await lines_of(order)
    order = await edited(order, EditedLine("CUP", 3, line_id=line.id))
    assert await counters("CUP") == {"NEAR": (3, 3, 0), "FAR": (4, 0, 0)}
    assert (await trade.act(order, OrderAction.SHIP)).fulfillment_status == "SHIPPED"
    assert await audit(database) == []


async def test_what_was_ordered_stays_though_it_is_sold_no_more(database: Database) -> None:
    trade = await open_trade()
    cup = await trade.product("CUP", near=9)
    await trade.product("POT", near=9)
    order = await trade.place(("CUP", 4))
    (line,) = await lines_of(order)
    await Product.filter(id=cup.id).update(discontinued=True, currency="USD")
    async with nothing_written():
        more = edited(order, EditedLine("CUP", 5, line_id=line.id))
        assert await reasons(more) == [("INVALID", "lines.0.sku")]
        again = edited(order, EditedLine("CUP", 4, line_id=line.id), EditedLine("CUP", 1))
        assert await reasons(again) == [("INVALID", "lines.1.sku")]
    order = await edited(order, EditedLine("CUP", 4, line_id=line.id), EditedLine("POT", 1))
    assert order.total_gross_minor == 5_000
    # Nobody knows the product any more, as with lines that were imported.
    await OrderLine.filter(id=line.id).update(product_id=None, sku="OLD")
    kept = await edited(order, EditedLine("OLD", 4, line_id=line.id), EditedLine("POT", 2))
    assert [(each.sku, each.cancelled) for each in await lines_of(kept)][:2] == [
        *(("OLD", 0), ("POT", 1)),
    ]


async def test_a_grown_line_is_priced_in_the_currency_of_its_order(
    sqlite_database: Database,
) -> None:
    trade = await open_trade()
    cup = await trade.product("CUP", near=9)
    order = await trade.place(("CUP", 4))
    (line,) = await lines_of(order)
    await Product.filter(id=cup.id).update(currency="USD")
    async with nothing_written():
        more = edited(order, EditedLine("CUP", 5, line_id=line.id))
        assert await reasons(more) == [("INVALID", "lines")]
    fewer = await edited(order, EditedLine("CUP", 3, line_id=line.id))
    assert fewer.total_gross_minor == 3_000


async def test_an_edit_leaves_something(database: Database) -> None:
    """Else the order would be there with nothing to do about it: cancelling is what they want."""
    trade = await open_trade()
    await trade.product("CUP", near=9)
    order = await trade.place(("CUP", 5))
    (line,) = await lines_of(order)
    order = await trade.act(order, OrderAction.CANCEL, lines={line.id: 2})
    async with nothing_written():
        shrunk = edited(order, EditedLine("CUP", 2, line_id=line.id))
        assert await reasons(shrunk) == [("INVALID", "lines")]
    other = await edited(order, EditedLine("CUP", 1))
    async with nothing_written():
        only_the_cancelled = edited(other, EditedLine("CUP", 5, line_id=line.id))
        assert await reasons(only_the_cancelled) == [("INVALID", "lines")]
    assert await audit(database) == []


async def test_a_draft_that_holds_stock_holds_that_of_its_new_lines(database: Database) -> None:
    until = NOON + timedelta(days=1)
    with clock.frozen(NOON):
        trade = await open_trade()
        await trade.product("CUP", near=9)
        await trade.product("POT", near=9)
        command = PlaceOrder(trade.customer_id, (NewLine("CUP", 2),), reserve_until=until)
        draft = await draft_order(OPEN, command)
        await edited(draft, EditedLine("POT", 3))
    held = await Reservation.get()
    assert (held.quantity, held.expires_at) == (3, until)
    assert (await counters("CUP"), await counters("POT")) == (
        {"NEAR": (9, 0, 0)},
        {"NEAR": (9, 3, 0)},
    )
    assert await audit(database) == []


async def test_whoever_waits_no_more_leaves_what_is_expected_to_others(database: Database) -> None:
    """Five units are on their way, and the line that waits for them makes room for another."""
    trade = await open_trade()
    await trade.product("CUP", near=1, backorder=BackorderPolicy.UNTIL_EXPECTED)
    await StockItem.all().update(incoming=5)
    order = await trade.place(("CUP", 6))
    order = await edited(order, EditedLine("CUP", 6, discount_rate=Decimal("0.1")))
    old, new = await lines_of(order)
    assert (old.backordered, old.cancelled) == (0, 6)
    assert (new.reserved, new.backordered) == (1, 5)
    assert await audit(database) == []


async def test_shipping_that_was_billed_stays(database: Database) -> None:
    trade = await open_trade()
    order = await partly_shipped(trade)
    async with nothing_written():
        free = edit_order(OPEN, EditOrder(order.id, order.version, "late", shipping=Decimal(0)))
        assert await reasons(free) == [("INVALID", "shipping")]
    same = EditOrder(order.id, order.version, "late", shipping=Decimal("4.90"))
    assert (await edit_order(OPEN, same)).version == order.version + 1
    assert await audit(database) == []


async def test_a_preview_only_reads_and_counts_on_what_would_be_free(database: Database) -> None:
    trade = await open_trade()
    cup = await trade.product("CUP", near=9)
    await trade.product("POT", near=5, backorder=BackorderPolicy.ALLOW)
    with clock.frozen(NOON):
        hold = PlaceOrder(trade.customer_id, (NewLine("CUP", 5),), reserve_until=LATER)
        await draft_order(OPEN, hold)
        order = await trade.place(("CUP", 2), ("POT", 3))
        waiting = await trade.place(("POT", 4))
    first, second = await lines_of(order)
    more = (EditedLine("CUP", 8, line_id=first.id), EditedLine("POT", 1, line_id=second.id))
    most = (EditedLine("CUP", 9, line_id=first.id), EditedLine("POT", 6))
    with clock.frozen(NOON), counted() as statements:
        async with nothing_written():
            short = await preview_edit(OPEN, EditOrder(order.id, None, "", more))
    assert [(each.code, each.path) for each in short.errors] == [
        ("INSUFFICIENT_STOCK", ("lines", "0", "quantity"))
    ]
    assert {text.split()[0] for text in statements} == {"SELECT"}
    assert [text for text in statements if "FOR UPDATE" in text] == []
    # By then the draft's time is over, and what the order gives back is there for it, too.
    with clock.frozen(LATER):
        async with nothing_written():
            seen = await preview_edit(OPEN, EditOrder(order.id, None, "", most))
        assert seen.errors == []
        assert seen.after.gross.minor == (await edited(order, *most)).total_gross_minor
    assert (await StockItem.get(product_id=cup.id)).reserved == 9
    assert (await lines_of(waiting))[0].backordered == 2
    assert await audit(database) == []
