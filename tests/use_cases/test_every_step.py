"""Every step in every state, tried by the use cases: exactly those of the tables are legal."""

from typing import Final

import pytest

from models.customers import Customer
from models.events import Event
from models.fulfillment import Shipment
from models.orders import Order
from models.payments import Payment
from models.rules.access import OPEN
from models.rules.order_states import (
    ORDER_TABLE,
    OrderAction,
    OrderGuard,
    OrderStatus,
    PaymentStatus,
    order_actions,
)
from models.rules.payment_states import FOLLOWS, PaymentKind
from models.rules.return_states import ReturnUnits
from models.rules.shipment_states import LEFT, ShipmentStatus, allowed_statuses, has_left
from services.aggregates.orders import situation
from services.fulfillment.returns import RequestReturn, request_return
from services.orders.edit import EditOrder, edit_order
from services.orders.entry import PlaceOrder
from services.orders.goods import NewLine
from services.orders.place import draft_order
from tests.support.audit.auditor import audit
from tests.support.databases import Database
from tests.support.trade import Trade, lines_of, nothing_written, open_trade, reasons, shipments_of

KINDS: Final = {
    OrderAction.RECORD_PAYMENT: PaymentKind.CHARGE,
    OrderAction.REFUND: PaymentKind.REFUND,
}


async def order_with_work_left(trade: Trade) -> Order:
    """Two cups at 10.00, promised and half paid: everything is there to act on but an arrival."""
    order = await trade.place(("CUP", 2))
    return await trade.pay(order, "10.00")


async def order_that_left(trade: Trade) -> Order:
    """Two cups that are on their way, and may come back."""
    return await trade.act(await trade.place(("CUP", 2)), OrderAction.SHIP)


async def order_that_arrived(trade: Trade) -> Order:
    """Two cups that are delivered and paid."""
    order = await trade.place(("CUP", 2))
    await trade.act(order, OrderAction.SHIP)
    (shipment,) = await shipments_of(order)
    await trade.track(shipment, ShipmentStatus.DELIVERED)
    return await trade.pay(order, "20.00")


HOLDS: Final = {OrderAction.CANCEL: (OrderGuard.NOTHING_LEFT,)}
"""The guards that hold for these attempts: all that the order has is cancelled."""

READY: Final = {OrderAction.COMPLETE: order_that_arrived, OrderAction.RETURN: order_that_left}


async def attempt(trade: Trade, order: Order, action: OrderAction) -> Order:
    """The action, by whichever use case does it."""
    if action is OrderAction.EDIT:
        wish = EditOrder(order.id, order.version, "They called.", attributes={"edited": True})
        return await edit_order(OPEN, wish)
    if action is OrderAction.RETURN:
        (line,) = await lines_of(order)
        wanted = RequestReturn(order.id, (ReturnUnits(line.id, 1),), "does not fit")
        return await request_return(OPEN, wanted)
    if action in KINDS:
        return await trade.pay(order, "1.00", KINDS[action])
    return await trade.act(order, action)


@pytest.mark.parametrize("status", OrderStatus)
async def test_an_order(database: Database, status: OrderStatus) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=1_000)
    done = set()
    for action in OrderAction:
        await Customer.all().update(credit_limit_minor=None)
        order = await READY.get(action, order_with_work_left)(trade)
        await Order.filter(id=order.id).update(status=status)
        limit_minor = 0 if status is OrderStatus.AWAITING_APPROVAL else None
        await Customer.all().update(credit_limit_minor=limit_minor)
        if (status, action) in ORDER_TABLE.moves:
            after = await attempt(trade, order, action)
            due = ORDER_TABLE.next(status, action, HOLDS.get(action, ()))
            assert after.status is due, action
            done.add(action)
            continue
        async with nothing_written():
            ((code, _),) = await reasons(attempt(trade, order, action))
            assert code == "ILLEGAL_TRANSITION", action
    assert done == {*ORDER_TABLE.allowed(status)}


async def test_a_draft_that_was_cancelled(database: Database) -> None:
    """Nothing can be done with it, and nothing is offered."""
    trade = await open_trade()
    await trade.product("CUP", near=1_000)
    draft = await draft_order(OPEN, PlaceOrder(trade.customer_id, (NewLine("CUP", 1),)))
    gone = await trade.act(draft, OrderAction.CANCEL)
    assert order_actions(situation(gone, await lines_of(gone))) == ()
    async with nothing_written():
        for action in OrderAction:
            (code, _), *others = await reasons(attempt(trade, gone, action))
            assert (code, others) == ("ILLEGAL_TRANSITION", []), action


WAYS: Final = {
    "PENDING": "",
    "PICKING": "PICKING",
    "PACKED": "PICKING PACKED",
    "SHIPPED": "SHIPPED",
    "IN_TRANSIT": "SHIPPED IN_TRANSIT",
    "OUT_FOR_DELIVERY": "SHIPPED OUT_FOR_DELIVERY",
    "DELIVERED": "SHIPPED DELIVERED",
    "EXCEPTION": "SHIPPED EXCEPTION",
    "CANCELLED": "CANCELLED",
}


async def shipment_in(trade: Trade, status: ShipmentStatus) -> Shipment:
    """A shipment that has got there step by step."""
    order = await trade.place(("CUP", 1))
    await trade.act(order, OrderAction.PREPARE)
    (shipment,) = await shipments_of(order)
    for step in WAYS[status].split():
        await trade.track(shipment, ShipmentStatus(step))
    return await Shipment.get(id=shipment.id)


@pytest.mark.parametrize("status", ShipmentStatus)
async def test_a_shipment(database: Database, status: ShipmentStatus) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=1_000)
    legal = []
    for step in ShipmentStatus:
        shipment = await shipment_in(trade, status)
        assert shipment.status is status
        late = {*LEFT} - {*allowed_statuses(status)} if has_left(status) else set()
        if step in {status, *late}:  # news that moves nothing
            events = await Event.all().count()
            await trade.track(shipment, step)
            assert await Event.all().count() == events + 1
            assert (await Shipment.get(id=shipment.id)).status is status
        elif step in allowed_statuses(status):
            await trade.track(shipment, step)
            assert (await Shipment.get(id=shipment.id)).status is step
            legal.append(step)
        else:
            async with nothing_written():
                refusal = await reasons(trade.track(shipment, step))
            assert refusal == [("ILLEGAL_TRANSITION", "status")]
    assert set(legal) == set(allowed_statuses(status))
    assert await audit(database) == []


PAID: Final = {
    "UNPAID": "",
    "AUTHORIZED": "AUTHORIZATION:20.00",
    "PARTLY_PAID": "CHARGE:5.00",
    "PAID": "CHARGE:20.00",
    "OVERPAID": "CHARGE:25.00",
}
"""How an order of 20.00 gets there. REFUNDED it is once all of it came back, too."""

LEADS: Final = {
    "UNPAID": "AUTHORIZATION:AUTHORIZED CHARGE:PARTLY_PAID",
    "AUTHORIZED": "AUTHORIZATION:AUTHORIZED CHARGE:PARTLY_PAID VOID:AUTHORIZED",
    "PARTLY_PAID": "AUTHORIZATION:PARTLY_PAID CHARGE:PARTLY_PAID REFUND:PARTLY_PAID",
    "PAID": "AUTHORIZATION:PAID CHARGE:OVERPAID REFUND:PARTLY_PAID",
    "OVERPAID": "AUTHORIZATION:OVERPAID CHARGE:OVERPAID REFUND:OVERPAID",
}
"""Which payments of 1.00 are possible then, and where they lead."""


def pairs(text: str) -> list[tuple[str, str]]:
    return [(first, second) for first, _, second in (each.partition(":") for each in text.split())]


@pytest.mark.parametrize("status", PAID)
async def test_a_payment(database: Database, status: str) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=1_000)
    leads = dict(pairs(LEADS[status]))
    for kind in PaymentKind:
        order = await trade.place(("CUP", 2))
        for earlier, amount in pairs(PAID[status]):
            order = await trade.pay(order, amount, PaymentKind(earlier))
        assert order.payment_status is PaymentStatus(status)
        if kind in leads:
            after = await trade.pay(order, "1.00", kind)
            assert after.payment_status is PaymentStatus(leads[kind]), kind
            continue
        async with nothing_written():
            assert await reasons(trade.pay(order, "1.00", kind)) == [("INVALID", "amount")], kind
    assert await audit(database) == []


async def test_a_payment_that_names_another(database: Database) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=1_000)
    legal = set()
    for earlier in PaymentKind:
        for kind in PaymentKind:
            order = await trade.place(("CUP", 2))
            for each, amount in pairs("AUTHORIZATION:30.00 CHARGE:20.00 VOID:5.00 REFUND:5.00"):
                await trade.pay(order, amount, PaymentKind(each))
            named = await Payment.get(order_id=order.id, kind=earlier)
            if FOLLOWS.get(kind) is earlier:
                await trade.pay(order, "1.00", kind, payment_id=named.id)
                legal.add((kind, earlier))
                continue
            async with nothing_written():
                refused = await reasons(trade.pay(order, "1.00", kind, payment_id=named.id))
            assert refused == [("INVALID", "paymentId")], (kind, earlier)
    assert legal == set(FOLLOWS.items())
