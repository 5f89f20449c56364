"""The steps of an order's life: what each does to stock, lines and money, and when it may not."""

import asyncio
from collections import Counter
from decimal import Decimal

import pytest

from models.events import Event
from models.fulfillment import ShipmentLine
from models.inventory import Reservation
from models.orders import Order, OrderLine
from models.rules.access import OPEN
from models.rules.catalog import BackorderPolicy
from models.rules.errors import IllegalTransition, Refused, VersionConflict
from models.rules.events import EventKind
from models.rules.order_states import OrderAction, OrderStatus
from models.rules.payment_states import PaymentKind
from models.rules.shipment_states import ShipmentStatus
from services.fulfillment.ship import CreateShipment, create_shipment
from services.orders.act import ActOnOrder, act_on_order
from services.work import clock
from tests.support.audit.auditor import audit
from tests.support.databases import Database
from tests.support.trade import (
    NOON,
    Trade,
    counters,
    lines_of,
    moves,
    nothing_written,
    open_trade,
    reasons,
    shipments_of,
)


async def confirmed(trade: Trade) -> Order:
    """Five cups and two pots: the cups from two warehouses, one pot not there yet."""
    await trade.product("CUP", near=3, far=4, tax_rate=Decimal("0.19"))
    await trade.product("POT", near=1, backorder=BackorderPolicy.ALLOW)
    return await trade.place(("CUP", 5), ("POT", 2), shipping=Decimal("4.90"))


async def unpromised(trade: Trade, status: OrderStatus, near: int) -> Order:
    """Five cups that nobody promised yet, as an import leaves them, and what is there now."""
    await trade.product("CUP", backorder=BackorderPolicy.ALLOW)
    order = await trade.place(("CUP", 5))
    await OrderLine.all().update(backordered=0)
    placed_at = None if status is OrderStatus.DRAFT else order.placed_at
    await Order.all().update(status=status, fulfillment_status="UNFULFILLED", placed_at=placed_at)
    if near:
        await trade.adjust("CUP", near)
    return await Order.get()


async def test_a_hold_and_its_release(database: Database) -> None:
    trade = await open_trade()
    order = await confirmed(trade)
    held = await trade.act(order, OrderAction.HOLD, reason="call first")
    assert (held.status, held.version, held.fulfillment_status) == ("ON_HOLD", 2, "BACKORDERED")
    event = await Event.filter(subject_id=order.id).order_by("-subject_seq").first()
    assert event is not None
    assert event.data == {"action": "HOLD", "reason": "call first", "changed": ["status"]}
    before = {"status": "CONFIRMED", "updatedAt": order.updated_at.isoformat()}
    assert (event.before, event.after["status"]) == (before, "ON_HOLD")
    assert (event.subject_seq, event.subject_version) == (2, 2)
    released = await trade.act(held, OrderAction.RELEASE)
    assert (released.status, released.version) == ("CONFIRMED", 3)
    assert await counters("CUP") == {"NEAR": (3, 3, 0), "FAR": (4, 2, 0)}
    assert await audit() == []


async def test_an_approval(sqlite_database: Database) -> None:
    trade = await open_trade()
    order = await confirmed(trade)
    await Order.all().update(status=OrderStatus.AWAITING_APPROVAL)
    approved = await trade.act(order, OrderAction.APPROVE)
    assert (approved.status, approved.version) == ("CONFIRMED", 2)


async def test_everything_promised_lies_in_a_shipment_a_warehouse(database: Database) -> None:
    trade = await open_trade()
    order = await confirmed(trade)
    prepared = await trade.act(order, OrderAction.PREPARE)
    assert (prepared.fulfillment_status, prepared.has_shipment) == ("PREPARING", True)
    shipments = await shipments_of(order)
    assert [each.number for each in shipments] == [f"{order.number}-1", f"{order.number}-2"]
    assert [each.status for each in shipments] == ["PENDING", "PENDING"]
    by_place = {each.id: each.warehouse_id for each in shipments}
    cup, pot = await lines_of(order)
    rows = [
        (by_place[each.shipment_id], each.order_line_id, each.quantity)
        for each in await ShipmentLine.all()
    ]
    assert sorted(rows) == sorted(
        [(trade.near_id, cup.id, 3), (trade.near_id, pot.id, 1), (trade.far_id, cup.id, 2)]
    )
    assert await counters("CUP") == {"NEAR": (3, 3, 0), "FAR": (4, 2, 0)}
    again = trade.act(prepared, OrderAction.PREPARE)
    assert await reasons(again) == [("ILLEGAL_TRANSITION", "action")]
    assert await audit() == []


async def test_shipping_takes_the_goods_and_their_promises_out_of_stock(database: Database) -> None:
    with clock.frozen(NOON):
        trade = await open_trade()
        order = await confirmed(trade)
        shipped = await trade.act(order, OrderAction.SHIP)
    assert (shipped.status, shipped.fulfillment_status) == ("CONFIRMED", "PARTLY_SHIPPED")
    assert [(line.reserved, line.backordered, line.shipped) for line in await lines_of(order)] == [
        (0, 0, 5),
        (0, 1, 1),
    ]
    assert await counters("CUP") == {"NEAR": (0, 0, 0), "FAR": (2, 0, 0)}
    assert await moves("CUP") == [("ADJUST", 3), ("RESERVE", 3), ("SHIP", -3)]
    assert await moves("CUP", "FAR") == [("ADJUST", 4), ("RESERVE", 2), ("SHIP", -2)]
    assert await Reservation.all().count() == 0
    shipments = await shipments_of(order)
    assert {(each.status.value, each.shipped_at) for each in shipments} == {("SHIPPED", NOON)}
    assert await audit() == []


async def test_cancelling_gives_everything_back(database: Database) -> None:
    trade = await open_trade()
    order = await confirmed(trade)
    total = order.total_gross_minor
    prepared = await trade.act(order, OrderAction.PREPARE)
    cancelled = await trade.act(prepared, OrderAction.CANCEL, reason="changed my mind")
    assert (cancelled.status, cancelled.fulfillment_status) == ("CANCELLED", "UNFULFILLED")
    assert cancelled.total_gross_minor == total
    assert [
        (line.cancelled, line.reserved, line.backordered, line.preparing)
        for line in await lines_of(order)
    ] == [(5, 0, 0, 0), (2, 0, 0, 0)]
    assert await counters("CUP") == {"NEAR": (3, 0, 0), "FAR": (4, 0, 0)}
    assert await counters("POT") == {"NEAR": (1, 0, 0)}
    assert await moves("CUP") == [("ADJUST", 3), ("RESERVE", 3), ("RELEASE", -3)]
    assert {each.status.value for each in await shipments_of(order)} == {"CANCELLED"}
    assert await Reservation.all().count() == 0
    assert await audit() == []


async def test_cancelled_units_can_be_sold_again(sqlite_database: Database) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=1)
    first = await trade.place(("CUP", 1))
    assert await reasons(trade.place(("CUP", 1))) == [("INSUFFICIENT_STOCK", "lines.0.quantity")]
    await trade.act(first, OrderAction.CANCEL)
    second = await trade.place(("CUP", 1))
    assert second.fulfillment_status == "RESERVED"


async def test_a_part_is_cancelled_and_the_order_costs_less(database: Database) -> None:
    trade = await open_trade()
    order = await confirmed(trade)
    cup, pot = await lines_of(order)
    asked = {cup.id: 2, pot.id: 1}
    after = await trade.act(order, OrderAction.CANCEL, lines=asked)
    assert (after.status, after.fulfillment_status) == ("CONFIRMED", "RESERVED")
    # waiting units go before reserved ones
    assert [
        (line.cancelled, line.reserved, line.backordered, line.net_minor, line.tax_minor)
        for line in await lines_of(order)
    ] == [(2, 3, 0, 3000, 570), (1, 1, 0, 1000, 0)]
    assert (after.subtotal_net_minor, after.shipping_net_minor) == (4000, 490)
    # Freight keeps the tax of the goods that it was reckoned by: 5 of 7 parts at 19 %.
    assert (after.shipping_tax_minor, after.total_gross_minor) == (67, 4000 + 570 + 490 + 67)
    rest = await trade.act(after, OrderAction.CANCEL)
    assert (rest.status, await audit()) == ("CANCELLED", [])


async def test_what_has_left_is_not_cancelled(database: Database) -> None:
    trade = await open_trade()
    order = await confirmed(trade)
    shipped = await trade.act(order, OrderAction.SHIP)
    after = await trade.act(shipped, OrderAction.CANCEL)
    assert (after.status, after.fulfillment_status) == ("CONFIRMED", "SHIPPED")
    assert [(line.shipped, line.cancelled) for line in await lines_of(order)] == [(5, 0), (1, 1)]
    assert after.total_net_minor == 5000 + 1000 + 490
    nothing_left = trade.act(after, OrderAction.CANCEL)
    assert await reasons(nothing_left) == [("ILLEGAL_TRANSITION", "action")]
    assert await audit() == []


async def test_lines_that_cannot_be_cancelled(sqlite_database: Database) -> None:
    trade = await open_trade()
    order = await confirmed(trade)
    cup, pot = await lines_of(order)
    async with nothing_written():
        wrong = trade.act(order, OrderAction.CANCEL, lines={cup.id: 6, trade.near_id: 1, pot.id: 0})
        assert await reasons(wrong) == [
            ("INVALID", "lines.0.quantity"),
            ("NOT_FOUND", "lines.1.lineId"),
            ("INVALID", "lines.2.quantity"),
        ]
        none = trade.act(order, OrderAction.CANCEL, lines={})
        assert await reasons(none) == [("INVALID", "lines")]
        other = trade.act(order, OrderAction.HOLD, lines={cup.id: 1})
        assert await reasons(other) == [("INVALID", "lines")]
        long = trade.act(order, OrderAction.HOLD, reason="x" * 1_001)
        assert await reasons(long) == [("INVALID", "reason")]


@pytest.mark.parametrize("action", ["EDIT", "RECORD_PAYMENT", "REFUND", "RETURN"])
async def test_steps_that_have_use_cases_of_their_own(
    sqlite_database: Database, action: str
) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=1)
    order = await trade.place(("CUP", 1))
    async with nothing_written():
        assert await reasons(trade.act(order, OrderAction(action))) == [("INVALID", "action")]


async def test_an_order_completes_once_all_has_arrived_and_is_paid(database: Database) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=2)
    order = await trade.place(("CUP", 2))
    early = trade.act(order, OrderAction.COMPLETE)
    assert await reasons(early) == [("ILLEGAL_TRANSITION", "action")]
    shipped = await trade.act(order, OrderAction.SHIP)
    (shipment,) = await shipments_of(order)
    arrived = await trade.track(shipment, ShipmentStatus.DELIVERED)
    assert (arrived.status, arrived.fulfillment_status) == ("CONFIRMED", "DELIVERED")
    paid = await trade.pay(order, "20.00")
    assert (paid.status, paid.version, shipped.version) == ("COMPLETED", 4, 2)
    over = trade.act(paid, OrderAction.CANCEL)
    assert await reasons(over) == [("ILLEGAL_TRANSITION", "action")]
    assert await audit() == []


async def test_an_order_on_hold_completes_when_it_is_released(sqlite_database: Database) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=2)
    order = await trade.place(("CUP", 2))
    await trade.act(order, OrderAction.SHIP)
    (shipment,) = await shipments_of(order)
    arrived = await trade.track(shipment, ShipmentStatus.DELIVERED)
    await trade.act(arrived, OrderAction.HOLD)
    paid = await trade.pay(order, "20.00")
    assert paid.status == "ON_HOLD"
    assert (await trade.act(paid, OrderAction.RELEASE)).status == "COMPLETED"


async def test_a_draft_is_submitted(database: Database) -> None:
    with clock.frozen(NOON):
        trade = await open_trade()
        draft = await unpromised(trade, OrderStatus.DRAFT, near=7)
        order = await trade.act(draft, OrderAction.SUBMIT)
    assert (order.status, order.fulfillment_status) == ("CONFIRMED", "RESERVED")
    assert (order.placed_at, order.sorted_at) == (NOON, NOON)
    assert await counters("CUP") == {"NEAR": (7, 5, 0)}
    assert await audit() == []


@pytest.mark.parametrize(
    ("near", "status"), [(7, "PREPARING"), (3, "PREPARING"), (0, "BACKORDERED")]
)
async def test_units_that_nobody_promised_are_promised_when_prepared(
    sqlite_database: Database, near: int, status: str
) -> None:
    trade = await open_trade()
    order = await unpromised(trade, OrderStatus.CONFIRMED, near)
    prepared = await trade.act(order, OrderAction.PREPARE)
    (line,) = await lines_of(order)
    there = min(near, 5)
    assert (line.reserved, line.preparing, line.backordered) == (there, there, 5 - there)
    assert (prepared.fulfillment_status, await audit()) == (status, [])


async def test_unpromised_units_are_cancelled_first(sqlite_database: Database) -> None:
    trade = await open_trade()
    order = await unpromised(trade, OrderStatus.CONFIRMED, near=0)
    await OrderLine.all().update(backordered=2)
    (line,) = await lines_of(order)
    after = await trade.act(order, OrderAction.CANCEL, lines={line.id: 4})
    (line,) = await lines_of(order)
    assert (line.cancelled, line.backordered, after.status) == (4, 1, "CONFIRMED")


async def test_a_version_that_has_passed(database: Database) -> None:
    trade = await open_trade()
    order = await confirmed(trade)
    await trade.act(order, OrderAction.HOLD)
    async with nothing_written():
        with pytest.raises(VersionConflict) as conflict:
            await act_on_order(OPEN, ActOnOrder(order.id, 1, OrderAction.HOLD))
    assert (conflict.value.expected, conflict.value.actual) == (1, 2)
    assert conflict.value.current.status == "ON_HOLD"


async def test_a_step_that_the_status_does_not_have(sqlite_database: Database) -> None:
    trade = await open_trade()
    order = await confirmed(trade)
    async with nothing_written():
        with pytest.raises(IllegalTransition) as refusal:
            await trade.act(order, OrderAction.RELEASE)
    assert (refusal.value.attempted, refusal.value.state) == ("RELEASE", "CONFIRMED")
    possible = ("EDIT", "HOLD", "PREPARE", "SHIP", "RECORD_PAYMENT", "CANCEL")
    assert refusal.value.allowed == possible
    nobody = act_on_order(OPEN, ActOnOrder(trade.near_id, 1, OrderAction.HOLD))
    assert await reasons(nobody) == [("NOT_FOUND", "id")]


async def test_of_thirty_who_saw_one_version_one_acts(database: Database) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=5)
    order = await trade.place(("CUP", 5))

    async def one() -> str:
        try:
            after = await act_on_order(OPEN, ActOnOrder(order.id, 1, OrderAction.CANCEL))
        except Refused as refusal:
            return "/".join(error.code for error in refusal.errors)
        return after.status.value

    answers = Counter(await asyncio.gather(*(one() for _ in range(30))))
    assert answers == {"CANCELLED": 1, "VERSION_CONFLICT": 29}
    assert await moves("CUP") == [("ADJUST", 5), ("RESERVE", 5), ("RELEASE", -5)]
    assert await Event.filter(order_id=order.id).count() == 2
    assert await audit() == []


async def test_twenty_shipments_at_once_are_billed_without_a_gap(database: Database) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=20)
    orders = [await trade.place(("CUP", 1)) for _ in range(20)]
    shipped = await asyncio.gather(*(trade.act(each, OrderAction.SHIP) for each in orders))
    assert {each.fulfillment_status.value for each in shipped} == {"SHIPPED"}
    assert await counters("CUP") == {"NEAR": (0, 0, 0)}
    assert await audit() == []  # twenty invoices, 1 to 20


async def test_two_cannot_ship_the_same_units(database: Database) -> None:
    """One prepares what the other ships; whoever comes second has seen an old order."""
    trade = await open_trade()
    await trade.product("CUP", near=2)
    order = await trade.place(("CUP", 2))
    steps = [
        trade.act(order, OrderAction.SHIP),
        trade.act(order, OrderAction.CANCEL),
        create_shipment(OPEN, CreateShipment(order.id, order.version, trade.near_id)),
    ]
    results = await asyncio.gather(*steps, return_exceptions=True)
    assert Counter(type(each).__name__ for each in results) == {"Order": 1, "VersionConflict": 2}
    assert await audit() == []


async def test_cancelling_what_was_charged_leaves_it_to_be_refunded(
    sqlite_database: Database,
) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=2)
    order = await trade.place(("CUP", 2))
    await trade.pay(order, "20.00")
    cancelled = await trade.act(await Order.get(), OrderAction.CANCEL)
    assert (cancelled.status, cancelled.payment_status) == ("CANCELLED", "OVERPAID")
    refunded = await trade.pay(order, "20.00", PaymentKind.REFUND)
    assert (refunded.status, refunded.payment_status) == ("CANCELLED", "REFUNDED")
    kinds = [each.kind for each in await Event.filter(order_id=order.id).order_by("subject_seq")]
    assert kinds == [
        EventKind.ORDER_PLACED,
        EventKind.PAYMENT_RECORDED,
        EventKind.ORDER_STATUS_CHANGED,
        EventKind.PAYMENT_RECORDED,
    ]
