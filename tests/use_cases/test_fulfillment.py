"""Shipments: made from what is promised, followed to the door, billed when they leave."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from models.events import Event
from models.fulfillment import Parcel, Shipment, TrackingEvent
from models.orders import Order
from models.payments import Invoice
from models.rules.access import OPEN
from models.rules.errors import IllegalTransition
from models.rules.events import EventKind
from models.rules.order_states import OrderAction
from models.rules.shipment_states import ShipmentStatus
from services.aggregates.shipments import NewParcel
from services.fulfillment.ship import CreateShipment, create_shipment
from services.fulfillment.track import Track, track_shipment
from services.work import clock, policy
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


async def ordered(trade: Trade, near: int = 5) -> Order:
    await trade.product("CUP", near=near)
    return await trade.place(("CUP", 5))


async def packed(trade: Trade) -> tuple[Order, Shipment]:
    """Five cups in one pending shipment."""
    order = await ordered(trade)
    order = await create_shipment(OPEN, CreateShipment(order.id, order.version, trade.near_id))
    (shipment,) = await shipments_of(order)
    return order, shipment


async def test_a_pending_shipment_keeps_its_units_reserved(database: Database) -> None:
    trade = await open_trade()
    order = await ordered(trade)
    (line,) = await lines_of(order)
    parcels = (NewParcel("DHL", " 00340 ", "https://example.org/00340"), NewParcel())
    command = CreateShipment(order.id, 1, trade.near_id, {line.id: 3}, parcels)
    after = await create_shipment(OPEN, command)
    assert (after.fulfillment_status, after.version, after.has_shipment) == ("PREPARING", 2, True)
    (line,) = await lines_of(order)
    assert (line.reserved, line.preparing, line.shipped) == (5, 3, 0)
    assert await counters("CUP") == {"NEAR": (5, 5, 0)}
    stored = await Parcel.all().order_by("position")
    assert [(each.carrier, each.tracking_number) for each in stored] == [
        ("DHL", "00340"),
        (None, None),
    ]
    shipment = await Shipment.get()
    event = await Event.get(subject_id=shipment.id)
    assert (event.kind, event.order_id, event.subject_seq) == (
        EventKind.SHIPMENT_STATUS_CHANGED,
        order.id,
        1,
    )
    assert event.data == {"status": "PENDING", "number": f"{order.number}-1"}
    # without lines: all that is promised there and lies in no shipment
    await create_shipment(OPEN, CreateShipment(order.id, 2, trade.near_id))
    (line,) = await lines_of(order)
    assert line.preparing == 5
    assert await audit() == []


async def test_what_no_shipment_can_hold(sqlite_database: Database) -> None:
    trade = await open_trade()
    order = await ordered(trade)
    (line,) = await lines_of(order)

    usual = CreateShipment(order.id, 1, trade.near_id)

    async def refused(**fields: Any) -> list[tuple[str, str]]:
        return await reasons(create_shipment(OPEN, replace(usual, **fields)))

    async with nothing_written():
        assert await refused(lines={line.id: 6}) == [("INVALID", "lines.0.quantity")]
        assert await refused(lines={line.id: 0}) == [("INVALID", "lines.0.quantity")]
        assert await refused(lines={order.id: 1}) == [("NOT_FOUND", "lines.0.lineId")]
        assert await refused(lines={}) == [("INVALID", "warehouseId")]
        assert await refused(warehouse_id=trade.far_id) == [("INVALID", "warehouseId")]
        assert await refused(warehouse_id=order.id) == [("NOT_FOUND", "warehouseId")]
        assert await refused(order_id=line.id) == [("NOT_FOUND", "orderId")]
        assert await refused(version=2) == [("VERSION_CONFLICT", "version")]
        script = (NewParcel(tracking_url="javascript:alert(1)"),)
        assert await refused(parcels=script) == [("INVALID", "parcels.0.trackingUrl")]
        long = (NewParcel(), NewParcel(carrier="x" * 65))
        assert await refused(parcels=long) == [("INVALID", "parcels.1.carrier")]
        many = tuple(NewParcel() for _ in range(policy.current().max_parcels + 1))
        assert await refused(parcels=many) == [("INVALID", "parcels")]
    held = await trade.act(order, OrderAction.HOLD)
    assert await refused(version=held.version) == [("ILLEGAL_TRANSITION", "")]
    with pytest.raises(IllegalTransition) as refusal:
        await create_shipment(OPEN, CreateShipment(order.id, held.version, trade.near_id))
    assert (refusal.value.attempted, refusal.value.state) == ("PREPARE", "ON_HOLD")
    assert refusal.value.allowed == ("EDIT", "RELEASE", "RECORD_PAYMENT", "CANCEL")


async def test_the_way_to_the_door(database: Database) -> None:
    with clock.frozen(NOON):
        trade = await open_trade()
        order, shipment = await packed(trade)
    for hours, status, fulfillment in (
        (1, "PICKING", "PREPARING"),
        (2, "PACKED", "PREPARING"),
        (3, "SHIPPED", "SHIPPED"),
        (4, "IN_TRANSIT", "SHIPPED"),
        (5, "OUT_FOR_DELIVERY", "SHIPPED"),
        (6, "DELIVERED", "DELIVERED"),
    ):
        with clock.frozen(NOON + timedelta(hours=hours)):
            order = await trade.track(shipment, ShipmentStatus(status))
        assert order.fulfillment_status == fulfillment
        assert await counters("CUP") == {"NEAR": (5, 5, 0) if hours < 3 else (0, 0, 0)}
    stored = await Shipment.get()
    assert stored.shipped_at == NOON + timedelta(hours=3)
    assert stored.delivered_at == NOON + timedelta(hours=6)
    assert (stored.version, stored.event_seq, order.version) == (7, 7, 8)
    assert await moves("CUP") == [("ADJUST", 5), ("RESERVE", 5), ("SHIP", -5)]
    (line,) = await lines_of(order)
    assert (line.reserved, line.preparing, line.shipped, line.delivered) == (0, 0, 5, 5)
    assert await TrackingEvent.all().count() == 6
    assert await audit() == []


@pytest.mark.parametrize("status", ["SHIPPED", "IN_TRANSIT", "OUT_FOR_DELIVERY", "DELIVERED"])
async def test_whatever_step_is_told_first_the_units_leave_once(
    sqlite_database: Database, status: str
) -> None:
    trade = await open_trade()
    _, shipment = await packed(trade)
    await trade.track(shipment, ShipmentStatus(status))
    assert await counters("CUP") == {"NEAR": (0, 0, 0)}
    assert await Invoice.all().count() == 1
    await trade.track(shipment, ShipmentStatus.EXCEPTION)
    await trade.track(shipment, ShipmentStatus.DELIVERED)
    assert await moves("CUP") == [("ADJUST", 5), ("RESERVE", 5), ("SHIP", -5)]
    assert (await Invoice.all().count(), await audit()) == (1, [])


async def test_a_carrier_that_takes_a_delivery_back(sqlite_database: Database) -> None:
    trade = await open_trade()
    order, shipment = await packed(trade)
    await trade.track(shipment, ShipmentStatus.DELIVERED)
    after = await trade.track(shipment, ShipmentStatus.EXCEPTION, message="wrong door")
    (line,) = await lines_of(order)
    assert (after.fulfillment_status, line.shipped, line.delivered) == ("SHIPPED", 5, 0)
    assert (await Shipment.get()).delivered_at is None
    assert await audit() == []


async def test_a_cancelled_shipment_leaves_its_units_promised(database: Database) -> None:
    trade = await open_trade()
    order, shipment = await packed(trade)
    after = await trade.track(shipment, ShipmentStatus.CANCELLED)
    (line,) = await lines_of(order)
    assert (after.status, after.fulfillment_status) == ("CONFIRMED", "RESERVED")
    assert (line.reserved, line.preparing) == (5, 0)
    again = await create_shipment(OPEN, CreateShipment(order.id, after.version, trade.near_id))
    assert again.fulfillment_status == "PREPARING"
    numbers = [each.number for each in await shipments_of(order)]
    assert numbers == [f"{order.number}-1", f"{order.number}-2"]
    assert await audit() == []


async def test_news_of_a_parcel_change_no_status(sqlite_database: Database) -> None:
    with clock.frozen(NOON - timedelta(hours=2)):
        trade = await open_trade()
        order = await ordered(trade)
    with clock.frozen(NOON):
        parcels = (NewParcel("DHL"), NewParcel("DHL"))
        command = CreateShipment(order.id, 1, trade.near_id, parcels=parcels)
        await create_shipment(OPEN, command)
        (shipment,) = await shipments_of(order)
        await trade.track(shipment, ShipmentStatus.SHIPPED)
        second = await Parcel.get(position=1)
        after = await trade.track(
            shipment,
            ShipmentStatus.SHIPPED,
            parcel_id=second.id,
            at=NOON - timedelta(hours=1),
            place=" Hamburg ",
            message="scanned",
        )
    assert (after.version, (await Shipment.get()).version) == (3, 2)
    first, news = await TrackingEvent.all().order_by("-at")
    assert (first.parcel_id, first.at, first.status) == (None, NOON, "SHIPPED")
    assert (news.parcel_id, news.place, news.message) == (second.id, "Hamburg", "scanned")
    assert news.at == NOON - timedelta(hours=1)


async def test_a_shipment_has_arrived_when_its_last_parcel_has(sqlite_database: Database) -> None:
    trade = await open_trade()
    order = await ordered(trade)
    parcels = (NewParcel("DHL"), NewParcel("DHL"))
    await create_shipment(OPEN, CreateShipment(order.id, 1, trade.near_id, parcels=parcels))
    (shipment,) = await shipments_of(order)
    await trade.track(shipment, ShipmentStatus.SHIPPED)
    first, second = await Parcel.all().order_by("position")
    half = await trade.track(shipment, ShipmentStatus.DELIVERED, parcel_id=first.id)
    assert (half.fulfillment_status, (await Shipment.get()).status) == ("SHIPPED", "SHIPPED")
    done = await trade.track(shipment, ShipmentStatus.DELIVERED, parcel_id=second.id)
    assert (done.fulfillment_status, (await Shipment.get()).status) == ("DELIVERED", "DELIVERED")


async def test_an_order_whose_only_shipment_is_cancelled_is_as_before(
    sqlite_database: Database,
) -> None:
    trade = await open_trade()
    _, shipment = await packed(trade)
    assert (await Order.get()).has_shipment
    after = await trade.track(shipment, ShipmentStatus.CANCELLED)
    assert not after.has_shipment
    assert not (await Order.get()).has_shipment


async def test_what_cannot_be_tracked(sqlite_database: Database) -> None:
    trade = await open_trade()
    order, shipment = await packed(trade)
    picking = ShipmentStatus.PICKING
    async with nothing_written():
        nobody = track_shipment(OPEN, Track(order.id, picking))
        assert await reasons(nobody) == [("NOT_FOUND", "id")]
        parcel = trade.track(shipment, picking, parcel_id=order.id)
        assert await reasons(parcel) == [("NOT_FOUND", "parcelId")]
        soon = trade.track(shipment, picking, at=clock.now() + timedelta(minutes=1))
        assert await reasons(soon) == [("INVALID", "at")]
        long = trade.track(shipment, picking, place="x" * 201)
        assert await reasons(long) == [("INVALID", "place")]
        early = trade.track(shipment, picking, at=clock.now() - timedelta(days=2))
        assert await reasons(early) == [("INVALID", "at")]
        with pytest.raises(IllegalTransition) as refusal:
            await trade.track(shipment, ShipmentStatus.EXCEPTION)
    assert (refusal.value.state, refusal.value.path) == ("PENDING", ("status",))
    assert "CANCELLED" in refusal.value.allowed


async def test_nothing_leaves_while_its_order_is_on_hold(database: Database) -> None:
    trade = await open_trade()
    order, shipment = await packed(trade)
    held = await trade.act(order, OrderAction.HOLD)
    async with nothing_written():
        with pytest.raises(IllegalTransition) as refusal:
            await trade.track(shipment, ShipmentStatus.SHIPPED)
    assert (refusal.value.attempted, refusal.value.state) == ("SHIP", "ON_HOLD")
    assert "RELEASE" in refusal.value.allowed
    await trade.track(shipment, ShipmentStatus.PACKED)
    await trade.act(await Order.get(), OrderAction.RELEASE)
    assert (await trade.track(shipment, ShipmentStatus.SHIPPED)).fulfillment_status == "SHIPPED"
    assert held.version == 3


async def ship_one_by_one(trade: Trade, order: Order, units: int) -> None:
    """So many shipments of one unit of the order's only line."""
    (line,) = await lines_of(order)
    for _ in range(units):
        version = (await Order.get()).version
        await create_shipment(OPEN, CreateShipment(order.id, version, trade.near_id, {line.id: 1}))
        shipment = (await shipments_of(order))[-1]
        await trade.track(shipment, ShipmentStatus.SHIPPED)


async def test_an_order_s_invoices_come_to_its_total(database: Database) -> None:
    """Three thirds of 0.05 with 19 % tax, and shipping, at 19 % too, on the first."""
    with clock.frozen(NOON):
        trade = await open_trade()
        await trade.product(
            "CUP", near=3, price=Decimal("0.05"), price_quantity=3, tax_rate=Decimal("0.19")
        )
        order = await trade.place(("CUP", 3), shipping=Decimal("4.90"))
        await ship_one_by_one(trade, order, 3)
    invoices = await Invoice.all().order_by("number")
    assert [(each.number, each.net_minor, each.tax_minor) for each in invoices] == [
        ("INV-2026-000001", 492, 93),
        ("INV-2026-000002", 1, 1),
        ("INV-2026-000003", 2, 0),
    ]
    assert {(each.issued_at, each.due_at) for each in invoices} == {(NOON, NOON + timedelta(30))}
    assert sum(each.net_minor + each.tax_minor for each in invoices) == order.total_gross_minor
    assert await audit() == []


async def test_invoices_are_never_above_what_has_left(database: Database) -> None:
    """At 0.015 each, six units come to 0.09; billed one by one they would come to 0.12."""
    trade = await open_trade()
    await trade.product("CUP", near=7, price=Decimal("0.03"), price_quantity=2)
    order = await trade.place(("CUP", 7))
    await ship_one_by_one(trade, order, 6)
    assert [each.net_minor for each in await Invoice.all().order_by("number")] == [2, 1, 2, 1, 2, 1]
    assert await audit(database) == []
    rest = await trade.act(await Order.get(), OrderAction.CANCEL)
    assert rest.total_gross_minor == 9
    assert await audit(database) == []
