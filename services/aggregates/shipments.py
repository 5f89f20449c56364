"""Shipments and their parcels: made from reserved units, and moved from one status to the next."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from models.columns import new_id
from models.fulfillment import Parcel, Shipment, ShipmentLine, TrackingEvent
from models.inventory import Reservation
from models.orders import Order, OrderLine
from models.rules.errors import (
    invalid,
)
from models.rules.events import EventKind
from models.rules.inventory import MovementKind
from models.rules.numbering import NumberKind
from models.rules.shipment_states import (
    ShipmentStatus,
    has_left,
)
from models.rules.text import key
from services.aggregates.invoices import issue
from services.aggregates.lots.shipped import Chosen, assign, send_out, set_free
from services.aggregates.orders import (
    facts,
)
from services.aggregates.reservations import HELD_WHERE, shrink
from services.aggregates.stock import Movement, move_all
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
"""A parcel's columns, what clients call them, and how many characters they hold."""


@dataclass(frozen=True)
class NewParcel:
    carrier: str | None = None
    tracking_number: str | None = None
    tracking_url: str | None = None


def parcel_of(shipment: Shipment, position: int, texts: NewParcel, *path: str) -> Parcel:
    """A parcel that is not stored yet.

    Raises:
        InputError: a text that is too long, or a URL of another kind; `path` leads to it.
    """
    parcel = Parcel(id=new_id(), shipment_id=shipment.id, position=position)
    write_parcel(parcel, texts, *path)
    return parcel


def write_parcel(parcel: Parcel, texts: NewParcel, *path: str) -> list[str]:
    """Set the texts that are given; an empty one clears. What has changed, as clients call it."""
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
    """A pending shipment of an order that is locked; its lines count the units as preparing.

    Its number is by its pattern: usually the order's and a count.
    """
    if len(parcels) > work.policy.max_parcels:
        most = work.policy.max_parcels
        raise invalid(f"A shipment has at most {most} parcels.", "parcels")
    # unscoped: all shipments of the order are counted for the number of the next
    earlier = await Shipment.filter(order_id=order.id).using_db(work.connection).count()
    shipment = Shipment(
        id=new_id(),
        number=await numbering.of_order(work, NumberKind.SHIPMENT, order, earlier),
        order_id=order.id,
        warehouse_id=warehouse_id,
        status=ShipmentStatus.PENDING,
        created_at=work.now,
        updated_at=work.now,
    )
    order.has_shipment = True
    by_id = {line.id: line for line in lines}
    for line_id, quantity in units.items():
        by_id[line_id].preparing += quantity
    tell_shipment(work, shipment, order)
    await shipment.save(force_create=True, using_db=work.connection)
    contents = [
        fresh(ShipmentLine, shipment_id=shipment.id, order_line_id=line_id, quantity=quantity)
        for line_id, quantity in units.items()
    ]
    await work.insert(contents)
    await assign(work, shipment, contents, by_id, chosen)
    await work.insert(
        [
            parcel_of(shipment, position, parcel, "parcels", str(position))
            for position, parcel in enumerate(parcels)
        ]
    )
    return shipment


async def advance(
    work: Work,
    order: Order,
    shipment: Shipment,
    lines: list[OrderLine],
    status: ShipmentStatus,
    at: datetime,
    news: TrackingEvent | None = None,
) -> None:
    """Bring a shipment to a status that it may have, with all that follows for stock and lines.

    The order is locked; the caller settles it afterwards. `news` is what was told of it.
    """
    units: dict[UUID, int] = dict(await CONTENTS.rows(work.connection, shipment.id))
    held = {line.id: line for line in lines if line.id in units}
    if has_left(status) and not has_left(shipment.status):
        await _take_out(work, shipment, units, held, at)
        shipment.shipped_at = at
        await issue(work, order, shipment, units, lines)
    if status is ShipmentStatus.CANCELLED:
        await set_free(work, shipment)
        for line_id, line in held.items():
            line.preparing -= units[line_id]
        # unscoped: whether the order has any other shipment
        others = Shipment.filter(order_id=order.id).exclude(id=shipment.id)
        order.has_shipment = await others.exclude(status=status).using_db(work.connection).exists()
    _count_delivered(shipment, status, units, held, at)
    shipment.status = status
    shipment.version += 1
    shipment.updated_at = work.now
    tell_shipment(work, shipment, order, news)
    await shipment.save(using_db=work.connection)


def _count_delivered(
    shipment: Shipment,
    status: ShipmentStatus,
    units: dict[UUID, int],
    lines: dict[UUID, OrderLine],
    at: datetime,
) -> None:
    """Count the units as arrived, or no longer so where the carrier took it back."""
    arrived = status is ShipmentStatus.DELIVERED
    if arrived == (shipment.status is ShipmentStatus.DELIVERED):
        return
    for line_id, line in lines.items():
        line.delivered += units[line_id] if arrived else -units[line_id]
    shipment.delivered_at = at if arrived else None


async def _take_out(
    work: Work,
    shipment: Shipment,
    units: dict[UUID, int],
    lines: dict[UUID, OrderLine],
    at: datetime,
) -> None:
    """Take the shipment's units out of stock, and their promises with them."""
    movements: dict[UUID, list[Movement]] = defaultdict(list)
    taken: dict[Reservation, int] = {}
    for reservation, warehouse_id in await HELD_WHERE.rows(work.connection, list(units)):
        if warehouse_id != shipment.warehouse_id:
            continue
        line_id = reservation.order_line_id
        quantity = taken[reservation] = units[line_id]
        movements[reservation.stock_item_id].append(
            Movement(
                MovementKind.SHIP, -quantity, order_id=shipment.order_id, order_line_id=line_id
            )
        )
        line = lines[line_id]
        line.preparing -= quantity
        line.reserved -= quantity
        line.shipped += quantity
    await move_all(work, movements)
    await shrink(work, taken)
    gone = {each.order_line_id: lines[each.order_line_id] for each in taken}
    await send_out(work, shipment, gone, at)


def tell_shipment(
    work: Work, shipment: Shipment, order: Order, news: TrackingEvent | None = None
) -> None:
    """Record how far the shipment is, and of what there was news; its texts are in its history."""
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
