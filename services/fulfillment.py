"""Shipments: made from what is promised, shipped out of stock, followed to the door."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
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
from models.rules.shipment_states import (
    ShipmentStatus,
    allowed_statuses,
    has_left,
    may_be_told,
    moves,
)
from models.rules.text import clean
from services import numbering, policy
from services.events import record
from services.invoices import issue
from services.order_lines import lines_of
from services.orders import (
    check_version,
    facts,
    facts_with_stock,
    lock_order,
    not_possible,
    settle,
)
from services.parcels import NewParcel, parcel_of
from services.reserving import HELD_WHERE, loose_units, shrink
from services.statements import Query, fresh
from services.stock import Movement, move_all
from services.tracked_shipments import Chosen, assign, send_out, set_free
from services.transaction import Work, use_case
from services.visibility import visible

MAX_NEWS: Final = 2_000
"""What is kept of one shipment and its parcels."""


SAME: Final = ("parcel_id", "status", "place", "message")
"""What makes two news of one instant the same."""


CONTENTS: Final = Query(
    "SELECT {columns} FROM shipment_line WHERE shipment_id = ?",
    (ShipmentLine, ("id", "order_line_id", "quantity")),
)


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


@use_case(Permission.SHIPMENTS_WRITE)
async def track_shipment(work: Work, command: Track) -> Order:
    """The order after news of its shipment. The step to SHIPPED takes its units out of stock.

    The news is kept for the parcel, or for every parcel where none is named, with an event of its
    own. Of a shipment that has left it may come late and out of order: then it moves nothing back.
    News that is there already, with the same status, time, place and message, changes nothing.

    Raises:
        Refused: an unknown shipment or parcel; a time in the future or before the order was placed;
            more news than are kept.
        IllegalTransition: the shipment cannot get there from where it is, or it would leave while
            its order is on hold.
    """
    seen = visible(Shipment, work.actor).using_db(work.connection)
    found = await seen.get_or_none(id=command.shipment_id)
    if found is None:
        raise not_found("There is no such shipment.", "id")
    order = await lock_order(work, found.order_id)
    shipment = await Shipment.get(id=found.id, using_db=work.connection)
    await _check_news(work, command, order, shipment)
    news = _news(command, shipment, command.at or work.now)
    if await _is_known(work, news):
        return order
    await _check_step(work, command.status, order, shipment)
    late = TrackingEvent.filter(shipment_id=shipment.id, at__gt=news.at).using_db(work.connection)
    is_moved = moves(shipment.status, command.status, is_late=await late.exists())
    await work.insert([news])
    if not is_moved or not await _all_there(work, command, shipment):
        _tell(work, shipment, order, news)
        await shipment.save(update_fields=["event_seq"], using_db=work.connection)
        return order
    lines = await lines_of(work, order)
    before = facts(order)
    await advance(work, order, shipment, lines, command.status, news.at, news)
    await settle(work, order, lines, before)
    return order


async def _is_known(work: Work, news: TrackingEvent) -> bool:
    """Whether the very same was told before.

    Raises:
        InputError: so much is kept already that no more is.
    """
    kept = TrackingEvent.filter(shipment_id=news.shipment_id).using_db(work.connection)
    for each in await kept.filter(at=news.at):
        if all(getattr(each, name) == getattr(news, name) for name in SAME):
            return True
    if await kept.count() >= MAX_NEWS:
        raise invalid(f"At most {MAX_NEWS} news of one shipment are kept.", "id")
    return False


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


async def _check_news(work: Work, command: Track, order: Order, shipment: Shipment) -> None:
    if command.at and command.at > work.now:
        raise invalid("What has been tracked has happened: no time in the future.", "at")
    # Carriers tell no fractions of a second.
    if command.at and command.at < order.sorted_at.replace(microsecond=0):
        raise invalid("Nothing was tracked before the order was placed.", "at")
    if command.parcel_id:
        parcels = Parcel.filter(id=command.parcel_id, shipment_id=shipment.id)
        if not await parcels.using_db(work.connection).exists():
            raise not_found("The shipment has no such parcel.", "parcelId")
    for text, limit, field in ((command.place, 200, "place"), (command.message, 1000, "message")):
        if len(text or "") > limit:
            raise invalid(f"At most {limit} characters.", field)


async def _check_step(work: Work, status: ShipmentStatus, order: Order, shipment: Shipment) -> None:
    """Pass where a shipment may be told to have got so far."""
    if not may_be_told(shipment.status, status):
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
    contents = await CONTENTS.rows(work.connection, shipment.id)
    units = {row.order_line_id: row.quantity for (row,) in contents}
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
    _tell(work, shipment, order, news)
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
    for reservation, item in await HELD_WHERE.rows(work.connection, list(units)):
        if item.warehouse_id != shipment.warehouse_id:
            continue
        line_id = reservation.order_line_id
        quantity = taken[reservation] = units[line_id]
        movements[item.id].append(
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


def _tell(work: Work, shipment: Shipment, order: Order, news: TrackingEvent | None = None) -> None:
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
