"""Stock that is promised to order lines: taking it, keeping it, giving it back."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from models.fulfillment import ShipmentLine
from models.inventory import Reservation, StockItem, Warehouse
from models.orders import OrderLine
from models.rules.allocation import Plan, StockRow
from models.rules.inventory import MovementKind
from models.rules.shipment_states import ShipmentStatus, has_left
from services.statements import Query, fresh
from services.stock import Movement, move
from services.transaction import Work

PROMISABLE: Final = (
    (StockItem, ("id", "product_id", "on_hand", "reserved", "damaged", "safety_stock")),
    (Warehouse, ("id", "priority")),
)
STOCK: Final = Query(
    """SELECT {columns} FROM stock_item JOIN warehouse ON warehouse.id = warehouse_id
    WHERE product_id IN ?""",
    *PROMISABLE,
)


@dataclass(frozen=True, slots=True)
class Take:
    """Units of one line that come from one stock item."""

    line: OrderLine
    stock_item_id: UUID
    quantity: int


@dataclass(frozen=True, slots=True)
class Promised:
    """What was taken from stock: reservations to be stored, and the warehouses of the units."""

    reservations: list[Reservation]
    warehouses: set[UUID]


def takes_of(plan: Plan, lines: dict[UUID, OrderLine]) -> list[Take]:
    """What the plan gives to the lines, which are named by their ids."""
    return [Take(lines[take.line_key], take.stock_item_id, take.quantity) for take in plan.takes]


async def keep(work: Work, reservations: list[Reservation]) -> None:
    """Store reservations of lines that may have some already, of the same stock even."""
    lines = {each.order_line_id for each in reservations}
    rows = Reservation.filter(order_line_id__in=list(lines)).using_db(work.connection)
    known = {(each.order_line_id, each.stock_item_id): each for each in await rows}
    fresh = []
    for each in reservations:
        held = known.get((each.order_line_id, each.stock_item_id))
        if held is None:
            fresh.append(each)
            continue
        held.quantity += each.quantity
        await held.save(update_fields=["quantity"], using_db=work.connection)
    await work.insert(fresh)


def open_units(line: OrderLine) -> int:
    """Units that are neither promised, nor waiting, nor gone."""
    taken: int = line.reserved + line.backordered + line.shipped + line.cancelled
    units: int = line.quantity - taken
    return units


async def loose_units(work: Work, lines: list[OrderLine]) -> dict[UUID, dict[UUID, int]]:
    """Promised units that lie in no shipment yet: by warehouse, then by line."""
    ids = [line.id for line in lines]
    packed = await _packed_units(work, ids)
    loose: dict[UUID, dict[UUID, int]] = defaultdict(dict)
    rows = Reservation.filter(order_line_id__in=ids).using_db(work.connection)
    for reservation in await rows.select_related("stock_item"):
        place = (reservation.stock_item.warehouse_id, reservation.order_line_id)
        if (units := reservation.quantity - packed[place]) > 0:
            loose[place[0]][place[1]] = units
    return dict(loose)


async def _packed_units(work: Work, line_ids: list[UUID]) -> Counter[tuple[UUID, UUID]]:
    """Units in shipments that have not left, by warehouse and line."""
    inside = [status for status in ShipmentStatus if not_gone(status)]
    rows = ShipmentLine.filter(order_line_id__in=line_ids, shipment__status__in=inside)
    packed: Counter[tuple[UUID, UUID]] = Counter()
    for row in await rows.using_db(work.connection).select_related("shipment"):
        packed[row.shipment.warehouse_id, row.order_line_id] += row.quantity
    return packed


def not_gone(status: ShipmentStatus) -> bool:
    """Whether a shipment of this status still holds units in the warehouse."""
    return not has_left(status) and status is not ShipmentStatus.CANCELLED


async def give_back(work: Work, line: OrderLine, quantity: int, reason: str) -> None:
    """Release reserved units of a line that lie in no shipment. The line is not saved here."""
    packed = await _packed_units(work, [line.id])
    rows = Reservation.filter(order_line_id=line.id).using_db(work.connection)
    remaining = quantity
    for reservation in await rows.select_related("stock_item").order_by("stock_item_id"):
        loose = reservation.quantity - packed[reservation.stock_item.warehouse_id, line.id]
        units = min(remaining, loose)
        if units > 0:
            await release(work, line, reservation, units, reason)
            remaining -= units


async def release(
    work: Work, line: OrderLine, reservation: Reservation, units: int, reason: str
) -> None:
    """Release units of one reservation. The line is not saved here."""
    movement = Movement(MovementKind.RELEASE, -units, reason, line.order_id, line.id)
    await move(work, reservation.stock_item_id, [movement])
    await shrink(work, reservation, units)
    line.reserved -= units


async def shrink(work: Work, reservation: Reservation, units: int) -> None:
    """Take units off a reservation; one that holds none any more is deleted."""
    if units == reservation.quantity:
        await reservation.delete(using_db=work.connection)
        return
    reservation.quantity -= units
    await reservation.save(update_fields=["quantity"], using_db=work.connection)


async def stock_rows(work: Work, products: Iterable[UUID]) -> list[StockRow]:
    """What each warehouse can promise of the products now."""
    return [stock_row(*found) for found in await STOCK.rows(work.connection, list(products))]


def stock_row(item: StockItem, warehouse: Warehouse) -> StockRow:
    """What a warehouse can promise of an item's product."""
    return StockRow(
        stock_item_id=item.id,
        product_id=item.product_id,
        warehouse_id=warehouse.id,
        priority=warehouse.priority,
        available=max(item.balance.available, 0),
    )


async def reserve(work: Work, takes: list[Take]) -> Promised:
    """Take stock for lines, each item once and in the order of their ids, so nobody deadlocks.

    The lines count the units as reserved; neither they nor the reservations are saved here.

    Raises:
        Contended: the stock that we saw was taken meanwhile.
    """
    by_item: dict[UUID, list[Movement]] = defaultdict(list)
    for take in takes:
        by_item[take.stock_item_id].append(
            Movement(
                MovementKind.RESERVE,
                take.quantity,
                order_id=take.line.order_id,
                order_line_id=take.line.id,
            )
        )
    warehouses: set[UUID] = set()
    for stock_item_id in sorted(by_item):
        item = await move(work, stock_item_id, by_item[stock_item_id], promise=True)
        warehouses.add(item.warehouse_id)
    for take in takes:
        take.line.reserved += take.quantity
    reservations = [
        fresh(
            Reservation,
            order_line_id=take.line.id,
            stock_item_id=take.stock_item_id,
            quantity=take.quantity,
            created_at=work.now,
        )
        for take in takes
    ]
    return Promised(reservations, warehouses)
