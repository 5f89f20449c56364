"""Backorders: releases reservations for missing stock, and serves backorders from free stock."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from uuid import UUID

from models.inventory import Reservation, StockItem
from models.orders import Order, OrderLine
from models.rules import units as trade
from models.rules.allocation import Demand, Plan, StockRow, allocate
from models.rules.delays import OPEN
from models.rules.errors import invalid
from services.aggregates.lines import carry_out, lines_of
from services.aggregates.orders import facts_with_stock, settle
from services.aggregates.reservations import (
    packed_units,
    release,
    reserve,
    save_shrunk,
    stock_rows,
    store_reservations,
    taken_off,
    takes_of,
)
from services.aggregates.stock import move_all
from services.storage.statements import Query
from services.work.work import Work


class _Promise(NamedTuple):
    reservation: Reservation
    order_id: UUID


YOUNGEST: Final = Query(  # unscoped: missing units are taken from any order
    _Promise,
    """SELECT {columns} FROM reservation JOIN order_line ON order_line.id = order_line_id
    WHERE stock_item_id = ? ORDER BY reservation.created_at DESC, reservation.id DESC""",
)


@dataclass(slots=True)
class _Loser:
    """An order that loses reservations: its lines by id, and the units of each."""

    order: Order
    lines: dict[UUID, OrderLine]
    before: dict[str, Any]
    lost: Counter[UUID] = field(default_factory=Counter)


async def take_promises(work: Work, item: StockItem, units: int) -> None:
    """Releases reserved units of the youngest orders, whose lines wait again.

    Units in a pending shipment stay, because they may be packed. Each order gets one event, for any
    number of its lines.

    Raises:
        InputError: there are not enough units outside shipments.
    """
    losers: dict[UUID, _Loser] = {}
    taken: dict[Reservation, int] = {}
    waiting = iter(await YOUNGEST.rows(work.connection, item.id))
    while remaining := units - sum(taken.values()):
        some = list(_so_many(waiting, remaining))
        if not some:
            message = "Units of pending shipments would be missing: cancel those shipments first."
            raise invalid(message, "changes")
        for order_id in dict.fromkeys(order_id for _, order_id in some):
            if order_id not in losers:
                losers[order_id] = await _loser(work, order_id)
        packed = await packed_units(work, [each.order_line_id for each, _ in some])
        for reservation, order_id in some:
            line_id = reservation.order_line_id
            loose = reservation.quantity - packed[item.warehouse_id, line_id]
            if (part := min(remaining, loose)) > 0:
                taken[reservation] = part
                losers[order_id].lost[line_id] += part
                remaining -= part
    await _take(work, taken, [each for each in losers.values() if each.lost])


def _so_many(waiting: Iterator[_Promise], units: int) -> Iterator[_Promise]:
    """The next reservations, until they have that many units, or all."""
    while units > 0 and (found := next(waiting, None)):
        units -= found.reservation.quantity
        yield found


async def _loser(work: Work, order_id: UUID) -> _Loser:
    order = await lock_waiting(work, order_id)
    lines = {line.id: line for line in await lines_of(work, order)}
    return _Loser(order, lines, await facts_with_stock(work, order))


async def _take(work: Work, taken: dict[Reservation, int], losers: list[_Loser]) -> None:
    """Releases the units, and counts them as backordered."""
    lines = {line_id: line for loser in losers for line_id, line in loser.lines.items()}
    await move_all(work, taken_off(taken, lines, trade.release, "stock is missing"))
    await save_shrunk(work, taken)
    for loser in losers:
        for line_id, units in loser.lost.items():
            carry_out(lines[line_id], trade.wait, units)
        data: dict[str, Any] = {"backordered": loser.lost.total()}
        if len(loser.lost) == 1:
            data["lineId"] = next(iter(loser.lost)).hex
        await settle(work, loser.order, [*loser.lines.values()], loser.before, data=data)


class _Waiting(NamedTuple):
    product_id: UUID
    order_id: UUID
    backordered: int


class Units(NamedTuple):
    """A sum of units of a product."""

    product_id: UUID
    units: int


AWAITED: Final = Query(  # unscoped: stock goes to all backorders
    UUID,
    """SELECT DISTINCT product_id FROM order_line
    JOIN customer_order ON customer_order.id = order_id
    WHERE product_id IN ? AND backordered > 0 AND status IN ?""",
)
WAITING_LINES: Final = Query(  # unscoped: stock goes to who has waited longest
    _Waiting,
    """SELECT {columns} FROM order_line
    JOIN customer_order ON customer_order.id = order_id
    WHERE product_id IN ? AND backordered > 0 AND status IN ? AND order_id <> ?
    ORDER BY sorted_at, order_id, position LIMIT 2000""",
)
"""Lines that are read before stock is read again."""
NOBODY: Final = UUID(int=0)
"""An order's id that does not occur."""
WAITING_UNITS: Final = Query(  # unscoped: as the lines that wait
    Units,
    """SELECT product_id, SUM(backordered) FROM order_line
    JOIN customer_order ON customer_order.id = order_id
    WHERE product_id IN ? AND backordered > 0 AND status IN ? AND order_id <> ?
    GROUP BY product_id""",
)
BATCH: Final = 100
"""Expired drafts that one sweep frees."""


async def serve(work: Work, apart_from: UUID | None = None) -> None:
    """Reserves stock that this transaction freed for the lines that wait for it.

    Orders are served in the order in which they were placed, as far as the stock goes; each gets an
    event. The lines' orders are locked. The order `apart_from` is left out.
    """
    while work.freed:
        products = await _awaited(work)
        work.freed.clear()
        while products and await _serve_some(work, products, apart_from):
            pass


async def _awaited(work: Work) -> set[UUID]:
    """The freed products with backorders."""
    statuses = [each.value for each in OPEN]
    return set(await AWAITED.rows(work.connection, list(work.freed), statuses))


async def _serve_some(work: Work, products: set[UUID], apart_from: UUID | None) -> bool:
    """Serves the first waiting orders of the products; whether there may be more to serve."""
    left: Counter[UUID] = Counter()
    for row in await stock_rows(work, products):
        left[row.product_id] += row.available
    there = [product_id for product_id, units in left.items() if units]
    if not there:
        return False
    waiting = await WAITING_LINES.rows(
        work.connection, there, [each.value for each in OPEN], apart_from or NOBODY
    )
    orders: dict[UUID, set[UUID]] = defaultdict(set)
    for product_id, order_id, units in waiting:
        if left[product_id] > 0:
            left[product_id] -= units
            orders[order_id].add(product_id)
    served = [await _serve_order(work, key, wanted) for key, wanted in orders.items()]
    return any(served)


async def _serve_order(work: Work, order_id: UUID, products: set[UUID]) -> int:
    """Reserves free units for an order's lines of the products; returns their number."""
    order = await lock_waiting(work, order_id)
    before = await facts_with_stock(work, order)
    lines = await lines_of(work, order)
    waiting = {line.id: line for line in lines if line.product_id in products and line.backordered}
    takes = takes_of(_allotted(waiting.values(), await stock_rows(work, products)), waiting)
    for take in takes:
        carry_out(take.line, trade.stop_waiting, take.quantity)
    await store_reservations(work, (await reserve(work, takes)).reservations)
    served = sum(take.quantity for take in takes)
    if served:
        await settle(work, order, lines, before, data={"served": served})
        work.touched.add(order_id)
    return served


def _allotted(lines: Iterable[OrderLine], stock: Iterable[StockRow]) -> Plan:
    """The allocation of each product separately, without regard to other products of the order."""
    demand: dict[UUID, list[Demand]] = defaultdict(list)
    for line in lines:
        if line.product_id:
            wanted = Demand(line.id, line.product_id, line.backordered)
            demand[line.product_id].append(wanted)
    rows: dict[UUID, list[StockRow]] = defaultdict(list)
    for row in stock:
        rows[row.product_id].append(row)
    plans = [allocate(wanted, rows[product_id]) for product_id, wanted in sorted(demand.items())]
    return Plan([take for plan in plans for take in plan.takes])


async def free_expired(work: Work, products: Iterable[UUID], apart_from: UUID) -> bool:
    """Releases expired reservations of drafts for the products, and serves backorders with them.

    Returns whether any was released. The order `apart_from` is the one that needs the stock: it
    keeps its own reservations. Serves backorders before the commit too: releasing an expired hold
    can free stock for the same order.
    """
    expired = Reservation.filter(  # unscoped: stock of any expired draft is free for all
        expires_at__lte=work.now, stock_item__product_id__in=list(products)
    ).using_db(work.connection)
    others = expired.exclude(order_line__order_id=apart_from)
    orders: set[Any] = {*await others.values_list("order_line__order_id", flat=True)}
    earlier, work.freed = work.freed, set()
    for order_id in sorted(orders):
        await free_held(work, await lock_waiting(work, order_id))
    freed = set(work.freed)
    await serve(work, apart_from)
    work.freed = earlier | freed
    return bool(orders)


@dataclass(frozen=True, slots=True)
class OnceFreed:
    """Products, their available units after `free_expired`, and the units that others would get."""

    products: Collection[UUID]
    stock: list[StockRow]
    served: Mapping[UUID, int]


async def once_freed(
    work: Work,
    products: Collection[UUID],
    apart_from: UUID | None,
    released: Mapping[UUID, int],
) -> OnceFreed | None:
    """The result of `free_expired` for the products; None if no draft has expired.

    Nothing is released or served. `released` has the units that the order `apart_from` would
    release before, by stock item.
    """
    expired = Reservation.filter(  # unscoped: as `free_expired`
        expires_at__lte=work.now, stock_item__product_id__in=list(products)
    ).using_db(work.connection)
    others = expired.exclude(order_line__order_id=apart_from or NOBODY)
    units: Counter[Any] = Counter()
    for item_id, quantity in await others.values_list("stock_item_id", "quantity"):
        units[item_id] += quantity
    if not units:
        return None
    found = await stock_rows(work, products, units + Counter(released))
    freed = list({row.product_id for row in found if units[row.stock_item_id]})
    statuses = [each.value for each in OPEN]
    left = dict(await WAITING_UNITS.rows(work.connection, freed, statuses, apart_from or NOBODY))
    stock, served = [], Counter[UUID]()
    for row in found:
        some = min(row.available, left.get(row.product_id, 0))
        if some:
            left[row.product_id] -= some
            served[row.product_id] += some
        stock.append(row._replace(available=row.available - some))
    return OnceFreed(products, stock, served)


async def free_held(work: Work, order: Order) -> None:
    """Releases an order's expired reservations; the order is locked."""
    lines = await lines_of(work, order)
    expired = Reservation.filter(  # unscoped: all that the order holds
        expires_at__lte=work.now, order_line_id__in=[line.id for line in lines]
    ).using_db(work.connection)
    by_id = {line.id: line for line in lines}
    before = await facts_with_stock(work, order)
    over = {each: each.quantity for each in await expired.order_by("stock_item_id")}
    freed = sum(over.values())
    await release(work, over, by_id, "expired")
    if freed:
        await settle(work, order, lines, before, data={"expired": freed})


async def lock_waiting(work: Work, order_id: UUID) -> Order:
    """The order, locked, without regard to visibility: the company owes it the stock."""
    # unscoped: stock is given and taken for all orders
    return await Order.filter(id=order_id).using_db(work.connection).select_for_update().get()
