"""Shipments: made from what is promised, shipped out of stock, followed to the door."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from models.columns import new_id
from models.fulfillment import Parcel, Shipment, ShipmentLine, TrackingEvent
from models.inventory import Reservation, Warehouse
from models.orders import Order, OrderLine
from models.rules.access import Permission
from models.rules.errors import (
    DomainError,
    IllegalTransition,
    Refused,
    invalid,
    not_found,
)
from models.rules.events import EventKind
from models.rules.inventory import MovementKind
from models.rules.numbering import NumberKind
from models.rules.order_states import OrderAction, OrderStatus
from models.rules.shipment_states import ShipmentStatus, allowed_statuses, has_left
from models.rules.text import clean
from services import numbering, policy
from services.events import record
from services.invoices import issue
from services.orders import (
    check_version,
    facts,
    facts_with_stock,
    lines_of,
    lock_order,
    not_possible,
    settle,
)
from services.reserving import loose_units, shrink
from services.stock import Movement, move
from services.tracked_shipments import Chosen, assign, send_out, set_free
from services.transaction import Work, use_case
from services.visibility import visible

CLOCKS_DIFFER_BY: Final = timedelta(days=1)
"""What carriers' clocks and time zones may be off."""

COUNTS: Final = (
    "reserved",
    "backordered",
    "preparing",
    "shipped",
    "delivered",
    "returned",
    "cancelled",
)
"""The columns that say where a line's units are."""


@dataclass(frozen=True)
class NewParcel:
    carrier: str | None = None
    tracking_number: str | None = None
    tracking_url: str | None = None


@dataclass(frozen=True)
class CreateShipment:
    """What is to leave from one warehouse. Without `lines`: all that is promised there.

    `units` are lots and serial numbers that were chosen for lines; without, what expires first.
    """

    order_id: UUID
    version: int
    warehouse_id: UUID
    lines: dict[UUID, int] | None = None
    parcels: tuple[NewParcel, ...] = ()
    units: Chosen | None = None


@dataclass(frozen=True)
class Track:
    """What became of a shipment, or of one parcel of it."""

    shipment_id: UUID
    status: ShipmentStatus
    parcel_id: UUID | None = None
    at: datetime | None = None
    place: str | None = None
    message: str | None = None


@use_case(Permission.SHIPMENTS_WRITE)
async def create_shipment(work: Work, command: CreateShipment) -> Order:
    """The order with a new pending shipment. Its units stay reserved until it ships.

    Raises:
        Refused: an unknown order, warehouse or line; more units than are promised there; lots or
            serial numbers that are not free there.
        VersionConflict: the order has changed since the caller read it.
        IllegalTransition: the order is not confirmed.
    """
    order = await lock_order(work, command.order_id, "orderId")
    check_version(order, command.version)
    lines = await lines_of(work, order)
    if order.status is not OrderStatus.CONFIRMED:
        raise await not_possible(work, order, lines, OrderAction.PREPARE)
    rows = visible(Warehouse, work.actor).using_db(work.connection)
    warehouse = await rows.get_or_none(id=command.warehouse_id)
    if warehouse is None:
        raise not_found("There is no such warehouse.", "warehouseId")
    promised = (await loose_units(work, lines)).get(warehouse.id, {})
    wanted = promised if command.lines is None else command.lines
    _check_wanted(wanted, promised, lines)
    before = await facts_with_stock(work, order)
    await add_shipment(work, order, warehouse.id, wanted, lines, command.parcels, command.units)
    await settle(work, order, lines, before)
    return order


def _check_wanted(
    wanted: dict[UUID, int], promised: dict[UUID, int], lines: list[OrderLine]
) -> None:
    known = {line.id for line in lines}
    errors: list[DomainError] = []
    for index, (line_id, quantity) in enumerate(wanted.items()):
        path = ("lines", str(index))
        if line_id not in known:
            errors.append(not_found("The order has no such line.", *path, "lineId"))
        elif not 1 <= quantity <= promised.get(line_id, 0):
            most = promised.get(line_id, 0)
            message = f"{most} units of this line are promised from this warehouse."
            errors.append(invalid(message, *path, "quantity"))
    if not wanted:
        errors.append(invalid("Nothing is promised from this warehouse.", "warehouseId"))
    if errors:
        raise Refused(errors)


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
    if len(parcels) > policy.current().max_parcels:
        most = policy.current().max_parcels
        raise invalid(f"A shipment has at most {most} parcels.", "parcels")
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
    _tell(work, shipment, order)
    await shipment.save(force_create=True, using_db=work.connection)
    contents = [
        ShipmentLine(shipment_id=shipment.id, order_line_id=line_id, quantity=quantity)
        for line_id, quantity in units.items()
    ]
    await work.insert(contents)
    await assign(work, shipment, contents, by_id, chosen)
    await work.insert(
        [_parcel(shipment, position, parcel) for position, parcel in enumerate(parcels)]
    )
    await save_counts(work, [by_id[line_id] for line_id in units])
    return shipment


def _parcel(shipment: Shipment, position: int, parcel: NewParcel) -> Parcel:
    path = ("parcels", str(position))
    carrier, number, url = (
        clean(text or "") or None
        for text in (parcel.carrier, parcel.tracking_number, parcel.tracking_url)
    )
    for text, limit, field in (
        (carrier, 64, "carrier"),
        (number, 64, "trackingNumber"),
        (url, 1000, "trackingUrl"),
    ):
        if len(text or "") > limit:
            raise invalid(f"At most {limit} characters.", *path, field)
    if url and not url.startswith(("https://", "http://")):
        raise invalid("A tracking URL begins with https:// or http://.", *path, "trackingUrl")
    return Parcel(
        shipment_id=shipment.id,
        position=position,
        carrier=carrier,
        tracking_number=number,
        tracking_url=url,
    )


async def save_counts(work: Work, lines: list[OrderLine]) -> None:
    """Save where the lines' units are."""
    for line in lines:
        await line.save(update_fields=COUNTS, using_db=work.connection)


@use_case(Permission.SHIPMENTS_WRITE)
async def track_shipment(work: Work, command: Track) -> Order:
    """The order after its shipment moved on. The step to SHIPPED takes its units out of stock.

    The news is kept for the parcel, or for every parcel where none is named.

    Raises:
        Refused: an unknown shipment or parcel, or a time in the future.
        IllegalTransition: the shipment cannot get there from where it is, or it would leave while
            its order is on hold.
    """
    seen = visible(Shipment, work.actor).using_db(work.connection)
    found = await seen.get_or_none(id=command.shipment_id)
    if found is None:
        raise not_found("There is no such shipment.", "id")
    order = await lock_order(work, found.order_id)
    shipment = await Shipment.get(id=found.id, using_db=work.connection)
    await _check_track(work, command, order, shipment)
    lines = await lines_of(work, order)
    before = facts(order)
    at = command.at or work.now
    await work.insert([_news(command, shipment, at)])
    if command.status is not shipment.status and await _all_there(work, command, shipment):
        await advance(work, order, shipment, lines, command.status, at)
        await settle(work, order, lines, before)
    return order


async def _all_there(work: Work, command: Track, shipment: Shipment) -> bool:
    """Whether the news moves the whole shipment: it has arrived when its last parcel has."""
    if command.parcel_id is None or command.status is not ShipmentStatus.DELIVERED:
        return True
    parcels = Parcel.filter(shipment_id=shipment.id).using_db(work.connection)
    arrived = TrackingEvent.filter(
        shipment_id=shipment.id, status=ShipmentStatus.DELIVERED, parcel_id__isnull=False
    ).using_db(work.connection)
    there = {event.parcel_id for event in await arrived}
    return all(parcel.id in there for parcel in await parcels)


async def _check_track(work: Work, command: Track, order: Order, shipment: Shipment) -> None:
    if command.at and command.at > work.now:
        raise invalid("What has been tracked has happened: no time in the future.", "at")
    if command.at and command.at < order.sorted_at - CLOCKS_DIFFER_BY:
        raise invalid("Nothing was tracked before the order was placed.", "at")
    if command.parcel_id:
        parcels = Parcel.filter(id=command.parcel_id, shipment_id=shipment.id)
        if not await parcels.using_db(work.connection).exists():
            raise not_found("The shipment has no such parcel.", "parcelId")
    for text, limit, field in ((command.place, 200, "place"), (command.message, 1000, "message")):
        if len(text or "") > limit:
            raise invalid(f"At most {limit} characters.", field)
    possible = allowed_statuses(shipment.status)
    if command.status is not shipment.status and command.status not in possible:
        raise IllegalTransition(
            shipment, command.status, shipment.status, tuple(possible), ("status",)
        )
    leaves = has_left(command.status) and not has_left(shipment.status)
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


async def advance(
    work: Work,
    order: Order,
    shipment: Shipment,
    lines: list[OrderLine],
    status: ShipmentStatus,
    at: datetime,
) -> None:
    """Bring a shipment to a status that it may have, with all that follows for stock and lines.

    The order is locked; the caller settles it afterwards.
    """
    contents = ShipmentLine.filter(shipment_id=shipment.id).using_db(work.connection)
    units = {row.order_line_id: row.quantity for row in await contents}
    held = {line.id: line for line in lines if line.id in units}
    if has_left(status) and not has_left(shipment.status):
        await _take_out(work, shipment, units, held, at)
        shipment.shipped_at = at
        await issue(work, order, shipment, units, lines)
    if status is ShipmentStatus.CANCELLED:
        await set_free(work, shipment)
        for line_id, line in held.items():
            line.preparing -= units[line_id]
        others = Shipment.filter(order_id=order.id).exclude(id=shipment.id)
        order.has_shipment = await others.exclude(status=status).using_db(work.connection).exists()
    _count_delivered(shipment, status, units, held, at)
    shipment.status = status
    shipment.version += 1
    shipment.updated_at = work.now
    _tell(work, shipment, order)
    await shipment.save(using_db=work.connection)
    await save_counts(work, list(held.values()))


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
    rows = Reservation.filter(
        order_line_id__in=list(units), stock_item__warehouse_id=shipment.warehouse_id
    ).using_db(work.connection)
    reservations = await rows.order_by("stock_item_id", "order_line_id")
    for reservation in reservations:
        quantity = units[reservation.order_line_id]
        movement = Movement(
            MovementKind.SHIP,
            -quantity,
            order_id=shipment.order_id,
            order_line_id=reservation.order_line_id,
        )
        await move(work, reservation.stock_item_id, [movement])
        await shrink(work, reservation, quantity)
        line = lines[reservation.order_line_id]
        line.preparing -= quantity
        line.reserved -= quantity
        line.shipped += quantity
    gone = {each.order_line_id: lines[each.order_line_id] for each in reservations}
    await send_out(work, shipment, gone, at)


def _tell(work: Work, shipment: Shipment, order: Order) -> None:
    record(
        work,
        shipment,
        EventKind.SHIPMENT_STATUS_CHANGED,
        order=order,
        data={"status": shipment.status, "number": shipment.number},
        after=facts(order),
    )
