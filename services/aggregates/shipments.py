"""Shipments and their parcels: made of reserved units, and advanced by status."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from models.columns import new_id
from models.fulfillment import Parcel, Shipment, ShipmentLine, TrackingEvent
from models.inventory import Reservation
from models.orders import Order, OrderLine
from models.rules import units as trade
from models.rules.errors import invalid
from models.rules.events import EventKind
from models.rules.numbering import NumberKind
from models.rules.shipment_states import ShipmentStatus, has_left
from models.rules.text import key
from services.aggregates.billing import issue
from services.aggregates.lines import carry_out
from services.aggregates.lots.shipped import Chosen, assign, send_out, set_free
from services.aggregates.orders import facts
from services.aggregates.reservations import HELD_WHERE, Held, Lines, save_shrunk, taken_off
from services.aggregates.stock import move_all
from services.storage.rows import fresh
from services.storage.statements import Query
from services.work import numbering
from services.work.events import record
from services.work.work import Work

FIELDS: Final = (
    ("carrier", "carrier", 64),
    ("tracking_number", "trackingNumber", 64),
    ("tracking_url", "trackingUrl", 1000),
)
"""A parcel's columns, with their input fields and maximum lengths."""


@dataclass(frozen=True)
class NewParcel:
    carrier: str | None = None
    tracking_number: str | None = None
    tracking_url: str | None = None


def parcel_of(shipment: Shipment, position: int, texts: NewParcel, *path: str) -> Parcel:
    """A parcel, not stored yet.

    Raises:
        InputError: a text that is too long, or a URL of another kind; `path` leads to it.
    """
    parcel = Parcel(id=new_id(), shipment_id=shipment.id, position=position)
    write_parcel(parcel, texts, *path)
    return parcel


def write_parcel(parcel: Parcel, texts: NewParcel, *path: str) -> list[str]:
    """Sets the given texts; an empty one clears. Returns the changed input fields."""
    changed = []
    for column, called, limit in FIELDS:
        sent = getattr(texts, column)
        if sent is None:
            continue
        value = key(sent) or None
        if len(value or "") > limit:
            raise invalid(f"At most {limit} characters.", *path, called)
        if value and column == "tracking_url" and not value.startswith(("https://", "http://")):
            raise invalid("A tracking URL begins with https:// or http://.", *path, called)
        if value != getattr(parcel, column):
            setattr(parcel, column, value)
            changed.append(called)
    return changed


class _Content(NamedTuple):
    order_line_id: UUID
    quantity: int


# unscoped: lines of a shipment that was read
CONTENTS: Final = Query(_Content, "SELECT {columns} FROM shipment_line WHERE shipment_id = ?")


async def add_shipment(
    work: Work,
    order: Order,
    warehouse_id: UUID,
    units: dict[UUID, int],
    lines: list[OrderLine],
    parcels: tuple[NewParcel, ...] = (),
    chosen: Chosen | None = None,
) -> Shipment:
    """A pending shipment of a locked order, stored with its lines.

    Its number is by its pattern, by default the order's with a count. The order and its lines,
    which count the units as preparing, are not saved here.
    """
    if len(parcels) > work.policy.max_parcels:
        most = work.policy.max_parcels
        raise invalid(f"A shipment has at most {most} parcels.", "parcels")
    # unscoped: all shipments of the order are counted for the number of the next
    earlier = await Shipment.filter(order_id=order.id).using_db(work.connection).count()
    number = await numbering.of_order(work, NumberKind.SHIPMENT, order, earlier)
    by_id = {line.id: line for line in lines}
    shipment, contents = pack(work, order, number, warehouse_id, units, by_id)
    await work.insert([shipment], contents)
    await assign(work, shipment, contents, by_id, chosen)
    await work.insert(
        [
            parcel_of(shipment, position, parcel, "parcels", str(position))
            for position, parcel in enumerate(parcels)
        ]
    )
    return shipment


def pack(
    work: Work,
    order: Order,
    number: str,
    warehouse_id: UUID,
    units: Mapping[UUID, int],
    lines: Lines,
) -> tuple[Shipment, list[ShipmentLine]]:
    """A pending shipment of reserved units, by their lines' ids, and its lines.

    The order's lines count the units as preparing. Nothing is saved here.
    """
    shipment = fresh(
        Shipment,
        number=number,
        order_id=order.id,
        warehouse_id=warehouse_id,
        status=ShipmentStatus.PENDING,
        created_at=work.now,
        updated_at=work.now,
    )
    order.has_shipment = True
    contents = []
    for line_id, quantity in units.items():
        carry_out(lines[line_id], trade.pack, quantity)
        contents.append(
            fresh(ShipmentLine, shipment_id=shipment.id, order_line_id=line_id, quantity=quantity)
        )
    record_shipment(work, shipment, order)
    return shipment, contents


async def advance(
    work: Work,
    order: Order,
    shipment: Shipment,
    lines: list[OrderLine],
    status: ShipmentStatus,
    at: datetime,
    news: TrackingEvent | None = None,
) -> None:
    """Brings a shipment to a possible status, with all effects on stock and lines.

    The order is locked; the caller settles it afterwards. `news` is the tracking event.
    """
    units: dict[UUID, int] = dict(await CONTENTS.rows(work.connection, shipment.id))
    held = {line.id: line for line in lines if line.id in units}
    if leaves(shipment, status):
        found = await HELD_WHERE.rows(work.connection, list(units))
        taken = taken_out(shipment, units, found)
        await move_all(work, taken_off(taken, held, trade.ship))
        await save_shrunk(work, taken)
        gone = {each.order_line_id: held[each.order_line_id] for each in taken}
        await send_out(work, shipment, gone, at)
        await issue(work, order, shipment, units, lines)
    if status is ShipmentStatus.CANCELLED:
        await set_free(work, shipment)
        # unscoped: whether the order has any other shipment
        others = Shipment.filter(order_id=order.id).exclude(id=shipment.id)
        order.has_shipment = await others.exclude(status=status).using_db(work.connection).exists()
    enter(work, order, shipment, status, units, held, at, news)
    await shipment.save(using_db=work.connection)


def leaves(shipment: Shipment, status: ShipmentStatus) -> bool:
    """Whether the goods leave the warehouse when the shipment gets the status."""
    return has_left(status) and not has_left(shipment.status)


def taken_out(
    shipment: Shipment, units: Mapping[UUID, int], held: Iterable[Held]
) -> dict[Reservation, int]:
    """The units taken off each reservation by a shipment."""
    return {
        reservation: units[reservation.order_line_id]
        for reservation, warehouse_id in held
        if warehouse_id == shipment.warehouse_id and reservation.order_line_id in units
    }


def enter(
    work: Work,
    order: Order,
    shipment: Shipment,
    status: ShipmentStatus,
    units: Mapping[UUID, int],
    lines: Lines,
    at: datetime,
    news: TrackingEvent | None = None,
) -> None:
    """Gives a shipment a possible status, counts it on its lines, and records the event.

    Units arrive, or have not arrived after all if the carrier takes that back. The stock of a
    leaving shipment was changed before. Nothing is saved here.
    """
    if leaves(shipment, status):
        shipment.shipped_at = at
    if rule := _rule(shipment.status, status):
        for line_id, some in units.items():
            carry_out(lines[line_id], rule, some)
        shipment.delivered_at = at if rule is trade.deliver else None
    shipment.status = status
    shipment.version += 1
    shipment.updated_at = work.now
    record_shipment(work, shipment, order, news)


def _rule(before: ShipmentStatus, after: ShipmentStatus) -> trade.Rule | None:
    """The step of a shipment's units in their lines between two statuses."""
    if after is ShipmentStatus.CANCELLED:
        return trade.unpack
    arrives, arrived = after is ShipmentStatus.DELIVERED, before is ShipmentStatus.DELIVERED
    if arrives is arrived:
        return None
    return trade.deliver if arrives else trade.miss


def record_shipment(
    work: Work, shipment: Shipment, order: Order, news: TrackingEvent | None = None
) -> None:
    """Records the shipment's status and the tracking event; its texts are in its history."""
    data: dict[str, Any] = {"status": shipment.status, "number": shipment.number}
    if news:
        data["news"] = {"status": news.status, "at": news.at.isoformat()}
        if news.parcel_id:
            data["news"]["parcelId"] = news.parcel_id.hex
    record(
        work,
        shipment,
        EventKind.SHIPMENT_STATUS_CHANGED,
        order=order,
        data=data,
        after=facts(order),
    )
