"""What orders keep of how they were reckoned: their rounding, and the tax on their freight."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from models.orders import Order
from models.payments import Invoice
from models.rules.access import OPEN
from models.rules.money import Rounding
from models.rules.order_states import OrderAction
from models.rules.shipment_states import ShipmentStatus
from services.aggregates.amounts import parts_of
from services.fulfillment.ship import CreateShipment, create_shipment
from services.orders.edit import EditOrder, edit_order
from services.orders.edited_lines import EditedLine
from services.work import policy
from tests.support.audit.auditor import audit
from tests.support.databases import Database
from tests.support.trade import Trade, lines_of, nothing_written, open_trade, reasons, shipments_of

UP, EVEN = Rounding.HALF_UP, Rounding.HALF_EVEN


@pytest.fixture(autouse=True)
def _the_policy_as_it_was() -> Any:
    before = policy.current()
    yield
    policy.use(before)


def decide(**decided: Any) -> None:
    policy.use(replace(policy.current(), **decided))


async def edit(order: Order, **changes: Any) -> Order:
    return await edit_order(OPEN, EditOrder(order.id, None, "they called", **changes))


@pytest.mark.parametrize(("rounding", "tax"), [(UP, 13), (EVEN, 12)])
async def test_an_order_keeps_the_rounding_that_it_was_made_with(
    database: Database, rounding: Rounding, tax: int
) -> None:
    """2.50 at 5 %, edited, cancelled in part and billed while the company rounds otherwise."""
    trade = await open_trade()
    await trade.product("CUP", near=9, price=Decimal("2.50"), tax_rate=Decimal("0.05"))
    decide(rounding=rounding)
    order = await trade.place(("CUP", 3))
    decide(rounding=EVEN if rounding is UP else UP)
    (line,) = await lines_of(order)
    order = await edit(order, lines=(EditedLine("CUP", 2, line_id=line.id), EditedLine("CUP", 1)))
    order = await trade.act(order, OrderAction.CANCEL, lines={line.id: 1})
    assert (order.rounding, order.total_tax_minor) == (rounding, 2 * tax)
    await trade.act(order, OrderAction.SHIP)
    (invoice,) = await Invoice.all()
    assert (invoice.net_minor, invoice.tax_minor) == (500, 2 * tax)
    assert await audit() == []
    assert await audit(database) == []


async def mixed(trade: Trade, **fields: Any) -> Order:
    """Goods for 10.00 at 7 % and 30.00 at 19 %, and 4.90 of freight."""
    await trade.product("TEA", near=9, tax_rate=Decimal("0.07"))
    await trade.product("CUP", near=9, tax_rate=Decimal("0.19"))
    return await trade.place(("TEA", 1), ("CUP", 3), shipping=Decimal("4.90"), **fields)


@pytest.mark.parametrize(
    ("decided", "wished", "told"),
    [
        ("goods", None, [("0.07", 123, 9), ("0.19", 367, 70)]),
        ("none", None, [("0", 490, 0)]),
        ("0.05", None, [("0.05", 490, 25)]),
        ("none", "0.19", [("0.19", 490, 93)]),
        ("goods", "0", [("0", 490, 0)]),
    ],
)
async def test_freight_bears_what_was_wished_or_decided(
    database: Database, decided: str, wished: str | None, told: list[Any]
) -> None:
    trade = await open_trade()
    decide(freight_tax=decided)
    order = await mixed(trade, shipping_tax_rate=None if wished is None else Decimal(wished))
    assert [(str(rate), net, tax) for rate, net, tax in parts_of(await Order.get())] == told
    assert order.shipping_tax_minor == sum(tax for *_, tax in told)
    assert order.total_gross_minor == 4000 + 70 + 570 + 490 + order.shipping_tax_minor
    assert await audit(database) == []


async def test_freight_is_reckoned_anew_by_edits_until_it_is_billed(database: Database) -> None:
    trade = await open_trade()
    order = await mixed(trade)
    tea, cup = await lines_of(order)
    decide(freight_tax="none")  # which is of new orders
    lines = (EditedLine("TEA", 3, line_id=tea.id), EditedLine("CUP", 3, line_id=cup.id))
    order = await edit(order, lines=lines)
    assert order.shipping_taxes == [["0.07", 245, 17], ["0.19", 245, 47]]
    # Cancelling, and an edit of something else, leave it as it is.
    order = await trade.act(order, OrderAction.CANCEL, lines={cup.id: 2})
    order = await edit(order, attributes={"gift": True})
    assert order.shipping_tax_minor == 17 + 47
    order = await edit(order, shipping_tax_rate=Decimal("0.050"))
    assert order.shipping_taxes == [["0.05", 490, 25]]
    some = CreateShipment(order.id, order.version, trade.near_id, {tea.id: 1})
    order = await trade.act(await create_shipment(OPEN, some), OrderAction.SHIP)
    first, second = await Invoice.all().order_by("number")
    assert first.taxes == [["0.05", 490, 25], ["0.07", 1000, 70]]
    assert second.taxes == [["0.07", 2000, 140], ["0.19", 1000, 190]]
    assert (first.net_minor, first.tax_minor) == (1490, 95)
    assert await audit() == []
    assert await audit(database) == []


async def test_what_was_billed_keeps_its_tax(database: Database) -> None:
    trade = await open_trade()
    order = await mixed(trade)
    tea, _ = await lines_of(order)
    some = CreateShipment(order.id, order.version, trade.near_id, {tea.id: 1})
    order = await create_shipment(OPEN, some)
    (shipment,) = await shipments_of(order)
    await trade.track(shipment, ShipmentStatus.SHIPPED)
    async with nothing_written():
        late = edit(order, shipping_tax_rate=Decimal("0.05"))
        assert await reasons(late) == [("INVALID", "shippingTaxRate")]
        bad = edit(order, shipping_tax_rate=Decimal("1.5"))
        assert await reasons(bad) == [("INVALID", "shippingTaxRate")]
    lines = [EditedLine(line.sku, 5, line_id=line.id) for line in await lines_of(order)]
    after = await edit(order, lines=tuple(lines))
    assert after.shipping_taxes == [["0.07", 123, 9], ["0.19", 367, 70]]
    assert await audit(database) == []
