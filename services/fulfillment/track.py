"""Tracking events of shipments: a status with its time and place."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from models.fulfillment import Parcel, Shipment, TrackingEvent
from models.orders import Order
from models.rules.access import Permission
from models.rules.errors import (
    IllegalTransition,
    invalid,
    not_found,
)
from models.rules.order_states import OrderAction, OrderStatus
from models.rules.shipment_states import (
    ShipmentStatus,
    allowed_statuses,
    has_left,
    may_be_reported,
    moves,
)
from models.rules.text import clean
from services.aggregates.lines import lines_of
from services.aggregates.orders import facts, lock_order, not_possible, settle
from services.aggregates.shipments import advance, record_shipment
from services.use_case import use_case
from services.work.work import Work

MAX_NEWS: Final = 2_000
"""The most stored events of one shipment and its parcels."""


SAME: Final = ("parcel_id", "status", "place", "message")
"""The columns in which two events of one instant must be equal to be the same."""


@dataclass(frozen=True)
class Track:
    """A tracking event of a shipment, or of one of its parcels."""

    shipment_id: UUID
    status: ShipmentStatus
    parcel_id: UUID | None = None
    at: datetime | None = None
    place: str | None = None
    message: str | None = None


@use_case(Permission.SHIPMENTS_WRITE)
async def track_shipment(work: Work, command: Track) -> Order:
    """The order, after a tracking event of its shipment. SHIPPED takes its units out of stock.

    The event is stored for the parcel, or for all parcels if none is named, and recorded in the
    feed. After leaving, events may come late and out of order: a late one moves nothing back. An
    event with the same status, time, place and message as an earlier one changes nothing.

    Raises:
        Refused: an unknown shipment or parcel; a time in the future or before the order was placed;
            too many events.
        IllegalTransition: the shipment's status does not allow it, or the shipment would leave
            while its order is on hold.
    """
    found = await work.rows(Shipment).get_or_none(id=command.shipment_id)
    if found is None:
        raise not_found("There is no such shipment.", "id")
    order = await lock_order(work, found.order_id)
    shipment = await work.rows(Shipment).get(id=found.id)
    await _check_news(work, command, order, shipment)
    news = _news(command, shipment, command.at or work.now)
    if await _is_known(work, news):
        return order
    await _check_step(work, command.status, order, shipment)
    # unscoped: all news of the shipment decides where it is
    late = TrackingEvent.filter(shipment_id=shipment.id, at__gt=news.at).using_db(work.connection)
    is_moved = moves(shipment.status, command.status, is_late=await late.exists())
    await work.insert([news])
    if not is_moved or not await _all_there(work, command, shipment):
        record_shipment(work, shipment, order, news)
        await shipment.save(update_fields=["event_seq"], using_db=work.connection)
        return order
    lines = await lines_of(work, order)
    before = facts(order)
    await advance(work, order, shipment, lines, command.status, news.at, news)
    await settle(work, order, lines, before)
    return order


async def _is_known(work: Work, news: TrackingEvent) -> bool:
    """Whether the same event is stored already.

    Raises:
        InputError: the shipment has as many events as are stored.
    """
    # unscoped: the same event is stored once, and all of them are counted
    kept = TrackingEvent.filter(shipment_id=news.shipment_id).using_db(work.connection)
    for each in await kept.filter(at=news.at):
        if all(getattr(each, name) == getattr(news, name) for name in SAME):
            return True
    if await kept.count() >= MAX_NEWS:
        raise invalid(f"At most {MAX_NEWS} news of one shipment are kept.", "id")
    return False


async def _all_there(work: Work, command: Track, shipment: Shipment) -> bool:
    """Whether the event moves the shipment: it has arrived when its last parcel has."""
    if command.parcel_id is None or command.status is not ShipmentStatus.DELIVERED:
        return True
    # unscoped: a shipment has arrived with the last of all its parcels
    parcels = Parcel.filter(shipment_id=shipment.id).using_db(work.connection)
    arrived = TrackingEvent.filter(  # unscoped: as its parcels
        shipment_id=shipment.id, status=ShipmentStatus.DELIVERED, parcel_id__isnull=False
    ).using_db(work.connection)
    there = {event.parcel_id for event in await arrived}
    return all(parcel.id in there for parcel in await parcels)


async def _check_news(work: Work, command: Track, order: Order, shipment: Shipment) -> None:
    if command.at and command.at > work.now:
        raise invalid("What has been tracked has happened: no time in the future.", "at")
    # Carriers report no fractions of a second.
    if command.at and command.at < order.sorted_at.replace(microsecond=0):
        raise invalid("Nothing was tracked before the order was placed.", "at")
    if command.parcel_id:
        parcels = work.rows(Parcel).filter(id=command.parcel_id, shipment_id=shipment.id)
        if not await parcels.exists():
            raise not_found("The shipment has no such parcel.", "parcelId")
    for text, limit, field in ((command.place, 200, "place"), (command.message, 1000, "message")):
        if len(text or "") > limit:
            raise invalid(f"At most {limit} characters.", field)


async def _check_step(work: Work, status: ShipmentStatus, order: Order, shipment: Shipment) -> None:
    """Passes if the shipment may get a tracking event of the status."""
    if not may_be_reported(shipment.status, status):
        possible = allowed_statuses(shipment.status)
        raise IllegalTransition(shipment, status, shipment.status, possible, ("status",))
    leaves = has_left(status) and not has_left(shipment.status)
    if leaves and order.status is not OrderStatus.CONFIRMED:
        lines = await lines_of(work, order)
        raise await not_possible(work, order, lines, OrderAction.SHIP, "status")


def _news(command: Track, shipment: Shipment, at: datetime) -> TrackingEvent:
    return TrackingEvent(
        shipment_id=shipment.id,
        parcel_id=command.parcel_id,
        status=command.status,
        at=at,
        place=clean(command.place) if command.place else None,
        message=clean(command.message) if command.message else None,
    )
