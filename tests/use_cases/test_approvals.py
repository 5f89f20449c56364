"""Selling more asks what placing asks; what no longer needs approval is confirmed by itself."""

from decimal import Decimal
from typing import Any

import pytest

from models.catalog import Product
from models.customers import Customer
from models.events import Event
from models.orders import Order
from models.rules.access import OPEN
from models.rules.catalog import BackorderPolicy
from models.rules.customers import CreditRating
from models.rules.order_states import ORDER_TABLE, OrderAction, OrderStatus
from services.customers.credit import SetCredit, set_credit
from services.orders.edit import EditOrder, edit_order
from services.orders.edited_lines import EditedLine
from services.orders.entry import PlaceOrder
from services.orders.goods import NewLine
from services.orders.place import draft_order
from tests.support.audit.auditor import audit
from tests.support.databases import Database
from tests.support.trade import Trade, lines_of, nothing_written, open_trade, reasons


async def credit(trade: Trade, limit: str | None = None, *, blocked: bool = False) -> None:
    customer = await Customer.get(id=trade.customer_id)
    minor = None if limit is None else Decimal(limit)
    await set_credit(
        OPEN, SetCredit(customer.id, customer.version, CreditRating.B, minor, 30, blocked)
    )


async def waiting(trade: Trade) -> Order:
    """Five cups for 50.00, which wait for approval as ADA may owe 30.00."""
    await trade.product("CUP", near=99)
    await credit(trade, "30.00")
    order = await trade.place(("CUP", 5))
    assert order.status is OrderStatus.AWAITING_APPROVAL
    return order


async def edited(order: Order, *lines: EditedLine, **fields: Any) -> Order:
    return await edit_order(
        OPEN, EditOrder(order.id, order.version, "they called", lines, **fields)
    )


async def test_nothing_grows_for_a_blocked_customer(database: Database) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=99)
    order = await trade.place(("CUP", 5))
    (line,) = await lines_of(order)
    await credit(trade, blocked=True)
    same = EditedLine(None, 5, line_id=line.id)
    async with nothing_written():
        for lines in (
            (EditedLine(None, 6, line_id=line.id),),
            (same, EditedLine("CUP", 1)),
            (EditedLine(None, 5, Decimal(11), line_id=line.id),),
            (EditedLine("CUP", 1),),
        ):
            assert await reasons(edited(order, *lines)) == [("CREDIT_EXCEEDED", "customerId")]
    smaller = await edited(order, EditedLine(None, 4, line_id=line.id))
    held = await trade.act(smaller, OrderAction.HOLD)
    async with nothing_written():
        released = trade.act(held, OrderAction.RELEASE)
        assert await reasons(released) == [("CREDIT_EXCEEDED", "customerId")]
    await credit(trade)
    assert (await trade.act(held, OrderAction.RELEASE)).status is OrderStatus.CONFIRMED
    assert await audit(database) == []


async def test_a_draft_of_what_is_sold_no_more(database: Database) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=1)
    pot = await trade.product("POT", backorder=BackorderPolicy.ALLOW)
    lines = (NewLine("CUP", 1), NewLine("POT", 2))
    draft = await draft_order(OPEN, PlaceOrder(trade.customer_id, lines))
    await Product.filter(id=pot.id).update(discontinued=True)
    async with nothing_written():
        submitted = trade.act(draft, OrderAction.SUBMIT)
        assert await reasons(submitted) == [("INVALID", "lines.1.sku")]


async def told(order: Order) -> dict[str, Any]:
    event = await Event.filter(subject_id=order.id).order_by("-subject_seq").first()
    assert event is not None
    return {"kind": event.kind, **event.data}


BY_ITSELF = {
    "kind": "ORDER_STATUS_CHANGED",
    "action": "APPROVE",
    "byItself": True,
    "changed": ["stageDueAt", "status"],
}


@pytest.mark.parametrize("way", ["paid", "cut", "cancelled", "raised", "unlimited", "other"])
async def test_what_needs_no_approval_any_more_is_confirmed(database: Database, way: str) -> None:
    trade = await open_trade()
    other = None
    if way == "other":
        await trade.product("POT", near=9)
        await credit(trade, "30.00")
        other = await trade.place(("POT", 2))
        await trade.product("CUP", near=99)
        order = await trade.place(("CUP", 3))
        assert order.status is OrderStatus.AWAITING_APPROVAL
    else:
        order = await waiting(trade)
    (line,) = await lines_of(order)
    match way:
        case "paid":
            assert (await trade.pay(order, "19.99")).status is OrderStatus.AWAITING_APPROVAL
            answered = await trade.pay(order, "0.01")
            assert answered.status is OrderStatus.CONFIRMED
        case "cut":
            answered = await edited(order, EditedLine(None, 3, line_id=line.id))
            assert answered.status is OrderStatus.CONFIRMED
        case "cancelled":
            await trade.act(order, OrderAction.CANCEL, lines={line.id: 2})
        case "raised":
            await credit(trade, "50.00")
        case "unlimited":
            await credit(trade)
        case "other":
            assert other is not None
            await trade.act(other, OrderAction.CANCEL)
    assert (await Order.get(id=order.id)).status is OrderStatus.CONFIRMED
    assert await told(order) == BY_ITSELF
    assert await audit(database) == []


async def test_for_a_blocked_customer_it_waits(database: Database) -> None:
    trade = await open_trade()
    order = await waiting(trade)
    await credit(trade, "30.00", blocked=True)
    await trade.pay(order, "50.00")
    assert (await Order.get(id=order.id)).status is OrderStatus.AWAITING_APPROVAL
    await credit(trade, "30.00")
    assert (await Order.get(id=order.id)).status is OrderStatus.CONFIRMED


MOVES = [
    (OrderStatus.CONFIRMED, OrderAction.HOLD),
    (OrderStatus.CONFIRMED, OrderAction.EDIT),
    (OrderStatus.CONFIRMED, OrderAction.PREPARE),
    (OrderStatus.CONFIRMED, OrderAction.SHIP),
    (OrderStatus.CONFIRMED, OrderAction.RECORD_PAYMENT),
    (OrderStatus.CONFIRMED, OrderAction.CANCEL),
    (OrderStatus.DRAFT, OrderAction.SUBMIT),
]


@pytest.mark.parametrize(("status", "action"), MOVES, ids=str)
async def test_another_table_is_another_product(
    sqlite_database: Database,
    monkeypatch: pytest.MonkeyPatch,
    status: OrderStatus,
    action: OrderAction,
) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=9)
    if status is OrderStatus.DRAFT:
        order = await draft_order(OPEN, PlaceOrder(trade.customer_id, (NewLine("CUP", 2),)))
    else:
        order = await trade.place(("CUP", 2))
    monkeypatch.setitem(ORDER_TABLE.moves, (status, action), OrderStatus.COMPLETED)
    match action:
        case OrderAction.EDIT:
            wish = EditOrder(order.id, order.version, "why", attributes={"a": 1})
            after = await edit_order(OPEN, wish)
        case OrderAction.RECORD_PAYMENT:
            after = await trade.pay(order, "1.00")
        case _:
            after = await trade.act(order, action)
    assert after.status is OrderStatus.COMPLETED
    assert (await Order.get(id=order.id)).status is OrderStatus.COMPLETED
