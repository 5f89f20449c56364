"""Reservations: stock that is promised to order lines."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from models.inventory import Reservation, StockItem
from models.orders import OrderLine
from models.rules import units as trade
from models.rules.allocation import Plan, StockRow
from models.rules.errors import invalid
from models.rules.inventory import Movement
from models.rules.shipment_states import ShipmentStatus, has_left
from services.aggregates.lines import carry_out
from services.aggregates.stock import move_all
from services.storage.rows import fresh
from services.storage.statements import Query, Statement
from services.storage.updates import update
from services.work.work import Work


class Counters(NamedTuple):
    """The columns of a stock item that give its available units."""

    id: UUID
    product_id: UUID
    warehouse_id: UUID
    on_hand: int
    reserved: int
    damaged: int
    safety_stock: int


class _Promisable(NamedTuple):
    stock_item: Counters
    priority: int


class Held(NamedTuple):
    """A reservation, and the warehouse of its units."""

    reservation: Reservation
    warehouse_id: UUID


class _Packed(NamedTuple):
    order_line_id: UUID
    quantity: int
    warehouse_id: UUID
    status: ShipmentStatus


STOCK: Final = Query(  # unscoped: any warehouse may serve an order
    _Promisable,
    """SELECT {columns} FROM stock_item JOIN warehouse ON warehouse.id = warehouse_id
    WHERE product_id IN ?""",
)
# unscoped: all that is promised to lines that were read
HELD: Final = Query(Reservation, "SELECT {columns} FROM reservation WHERE order_line_id IN ?")
HELD_WHERE: Final = Query(  # unscoped: all that is promised to lines that were read
    Held,
    """SELECT {columns} FROM reservation JOIN stock_item ON stock_item.id = stock_item_id
    WHERE order_line_id IN ? ORDER BY stock_item_id, order_line_id""",
)
PACKED: Final = Query(  # unscoped: all that is packed of lines that were read
    _Packed,
    """SELECT {columns} FROM shipment_line JOIN shipment ON shipment.id = shipment_id
    WHERE order_line_id IN ?""",
)
# unscoped: reservations that were read before
DELETE: Final = Statement("DELETE FROM reservation WHERE id IN ?")

NOTHING: Final[Mapping[UUID, int]] = {}

Lines = Mapping[UUID, OrderLine]
"""Lines of orders by their ids."""


class Take(NamedTuple):
    """Units of one stock item for one line."""

    line: OrderLine
    stock_item_id: UUID
    quantity: int


@dataclass(frozen=True, slots=True)
class Promised:
    """The reservations to store, and the warehouses of their units."""

    reservations: list[Reservation]
    warehouses: set[UUID]


def takes_of(plan: Plan, lines: dict[UUID, OrderLine]) -> list[Take]:
    """The plan's units for the lines, which are named by their ids."""
    return [Take(lines[take.line_key], take.stock_item_id, take.quantity) for take in plan.takes]


def check_hold(until: datetime, now: datetime) -> None:
    """Passes if a reservation until then is possible.

    Raises:
        InputError: the time is over.
    """
    if until <= now:
        raise invalid("That time is over.", "reserveUntil")


async def hold_until(work: Work, lines: Iterable[OrderLine], until: datetime) -> None:
    """Sets the end of all reservations of the lines."""
    held = await HELD.rows(work.connection, [line.id for line in lines])
    await update(work.connection, held, (), {"expires_at": until})


async def store_reservations(work: Work, reservations: list[Reservation]) -> None:
    """Stores reservations; a line may have one of the same stock item already."""
    if not reservations:
        return
    lines = {each.order_line_id for each in reservations}
    held_by_lines = await HELD.rows(work.connection, list(lines))
    known = {(each.order_line_id, each.stock_item_id): each for each in held_by_lines}
    new, grown = [], []
    for each in reservations:
        held = known.get((each.order_line_id, each.stock_item_id))
        if held is None:
            new.append(each)
            continue
        held.quantity += each.quantity
        grown.append(held)
    await update(work.connection, grown, ("quantity",))
    await work.insert(new)


async def loose_units(work: Work, lines: list[OrderLine]) -> dict[UUID, dict[UUID, int]]:
    """Reserved units in no shipment yet: by warehouse, then by line."""
    ids = [line.id for line in lines]
    packed = await packed_units(work, ids)
    return loose_by_place(await HELD_WHERE.rows(work.connection, ids), packed)


def loose_by_place(
    held: Iterable[Held], packed: Mapping[tuple[UUID, UUID], int]
) -> dict[UUID, dict[UUID, int]]:
    """The unpacked units of reservations: by warehouse, then by line.

    `packed` is by warehouse and line.
    """
    loose: dict[UUID, dict[UUID, int]] = defaultdict(dict)
    for reservation, warehouse_id in held:
        place = (warehouse_id, reservation.order_line_id)
        if (units := reservation.quantity - packed.get(place, 0)) > 0:
            loose[place[0]][place[1]] = units
    return dict(loose)


async def packed_units(work: Work, line_ids: list[UUID]) -> Counter[tuple[UUID, UUID]]:
    """Units in shipments that have not left, by warehouse and line."""
    packed: Counter[tuple[UUID, UUID]] = Counter()
    for row in await PACKED.rows(work.connection, line_ids):
        if not_gone(row.status):
            packed[row.warehouse_id, row.order_line_id] += row.quantity
    return packed


def not_gone(status: ShipmentStatus) -> bool:
    """Whether a shipment of this status still has units in the warehouse."""
    return not has_left(status) and status is not ShipmentStatus.CANCELLED


async def release_units(work: Work, units: Mapping[UUID, int], lines: Lines, reason: str) -> None:
    """Releases reserved units of lines outside shipments. The lines are not saved here.

    `units` and `lines` are by the lines' ids.
    """
    await release(work, await loose_of(work, units), lines, reason)


async def loose_of(work: Work, units: Mapping[UUID, int]) -> dict[Reservation, int]:
    """The reservations that release so many unpacked units of lines, by the lines' ids."""
    wanted = {line_id: some for line_id, some in units.items() if some}
    if not wanted:
        return {}
    packed = await packed_units(work, list(wanted))
    return loose_among(await HELD_WHERE.rows(work.connection, list(wanted)), packed, wanted)


def loose_among(
    held: Iterable[Held], packed: Mapping[tuple[UUID, UUID], int], units: Mapping[UUID, int]
) -> dict[Reservation, int]:
    """As `loose_of`, for known reservations; `packed` is by warehouse and line."""
    wanted = dict(units)
    released: dict[Reservation, int] = {}
    for reservation, warehouse_id in held:
        line_id = reservation.order_line_id
        loose = reservation.quantity - packed.get((warehouse_id, line_id), 0)
        if (some := min(wanted.get(line_id, 0), loose)) > 0:
            released[reservation] = some
            wanted[line_id] -= some
    return released


async def release(work: Work, units: Mapping[Reservation, int], lines: Lines, reason: str) -> None:
    """Releases units of reservations. The lines, by their ids, are not saved here."""
    await move_all(work, taken_off(units, lines, trade.release, reason))
    await save_shrunk(work, units)


def taken_off(
    units: Mapping[Reservation, int], lines: Lines, rule: trade.Rule, reason: str | None = None
) -> dict[UUID, list[Movement]]:
    """Takes units off reservations and their lines by a step; the movements, by stock item.

    Neither reservations nor lines are saved here.
    """
    movements: dict[UUID, list[Movement]] = defaultdict(list)
    for reservation, some in units.items():
        line = lines[reservation.order_line_id]
        movements[reservation.stock_item_id] += carry_out(line, rule, some, reason)
        reservation.quantity -= some
    return movements


async def save_shrunk(work: Work, reservations: Iterable[Reservation]) -> None:
    """Saves reduced reservations; empty ones are deleted."""
    gone: list[Reservation] = []
    left: list[Reservation] = []
    for reservation in reservations:
        (left if reservation.quantity else gone).append(reservation)
    await update(work.connection, left, ("quantity",))
    if gone:
        await DELETE.change(work.connection, [each.id for each in gone])


async def stock_rows(
    work: Work, products: Iterable[UUID], released: Mapping[UUID, int] = NOTHING
) -> list[StockRow]:
    """The available units of the products in each warehouse.

    Units in `released`, by stock item, count as available.
    """
    found = await STOCK.rows(work.connection, list(products))
    return [
        stock_row(item, priority, released=released.get(item.id, 0)) for item, priority in found
    ]


def stock_row(item: Counters | StockItem, priority: int, *, released: int = 0) -> StockRow:
    """The available units of a stock item, in a warehouse of this priority."""
    reserved = item.reserved - released
    return StockRow(
        stock_item_id=item.id,
        product_id=item.product_id,
        warehouse_id=item.warehouse_id,
        priority=priority,
        available=max(item.on_hand - reserved - item.damaged - item.safety_stock, 0),
    )


async def reserve(work: Work, takes: list[Take]) -> Promised:
    """Reserves stock for lines, each item once and in the order of their ids, against deadlocks.

    The lines count the units as reserved; neither they nor the reservations are saved here.

    Raises:
        Contended: another transaction took the stock meanwhile.
    """
    movements = counted(takes)
    await work.pause()
    items = await move_all(work, movements, promise=True)
    warehouses = {item.warehouse_id for item in items.values()}
    return Promised(reservations_of(work, takes), warehouses)


def counted(takes: Iterable[Take]) -> dict[UUID, list[Movement]]:
    """Counts the units as reserved on their lines; the movements, by stock item. Saves nothing."""
    movements: dict[UUID, list[Movement]] = defaultdict(list)
    for take in takes:
        movements[take.stock_item_id] += carry_out(take.line, trade.promise, take.quantity)
    return movements


def reservations_of(work: Work, takes: Iterable[Take]) -> list[Reservation]:
    """The reservations of the units, not stored yet."""
    return [
        fresh(
            Reservation,
            order_line_id=take.line.id,
            stock_item_id=take.stock_item_id,
            quantity=take.quantity,
            created_at=work.now,
        )
        for take in takes
    ]
