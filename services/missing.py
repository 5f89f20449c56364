"""Promises that are taken back because stock is missing: whose they are, and who is told."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from models.inventory import Reservation, StockItem
from models.orders import Order, OrderLine
from models.rules.errors import invalid
from models.rules.inventory import MovementKind
from services.order_lines import lines_of
from services.orders import facts_with_stock, lock_order, settle
from services.reserving import COLUMNS, packed_units, shrink
from services.statements import Query
from services.stock import Movement, move
from services.transaction import Work

YOUNGEST: Final = Query(
    """SELECT {columns} FROM reservation JOIN order_line ON order_line.id = order_line_id
    WHERE stock_item_id = ? ORDER BY reservation.created_at DESC, reservation.id DESC""",
    (Reservation, COLUMNS),
    (OrderLine, ("id", "order_id")),
)


@dataclass(slots=True)
class _Loser:
    """An order that promises are taken from: its lines by their ids, and how many units of each."""

    order: Order
    lines: dict[UUID, OrderLine]
    before: dict[str, Any]
    lost: Counter[UUID] = field(default_factory=Counter)


async def take_promises(work: Work, item: StockItem, units: int) -> None:
    """Take promised units back from the youngest orders that have some: they wait again.

    Units that lie in a pending shipment stay there, since somebody may be packing them. Each order
    is told once, however many of its lines lose some.

    Raises:
        InputError: without those units there are not enough.
    """
    losers: dict[UUID, _Loser] = {}
    taken: dict[Reservation, int] = {}
    waiting = iter(await YOUNGEST.rows(work.connection, item.id))
    while remaining := units - sum(taken.values()):
        some = list(_so_many(waiting, remaining))
        if not some:
            message = "Units of pending shipments would be missing: cancel those shipments first."
            raise invalid(message, "changes")
        for order_id in {line.order_id: None for _, line in some}:
            if order_id not in losers:
                losers[order_id] = await _loser(work, order_id)
        packed = await packed_units(work, [line.id for _, line in some])
        for reservation, line in some:
            loose = reservation.quantity - packed[item.warehouse_id, line.id]
            if (part := min(remaining, loose)) > 0:
                taken[reservation] = part
                losers[line.order_id].lost[line.id] += part
                remaining -= part
    await _take(work, item, taken, [each for each in losers.values() if each.lost])


def _so_many(
    waiting: Iterator[Sequence[Any]], units: int
) -> Iterator[tuple[Reservation, OrderLine]]:
    """The next reservations, of so many units or more as far as there are any."""
    while units > 0 and (found := next(waiting, None)):
        reservation, line = found
        units -= reservation.quantity
        yield reservation, line


async def _loser(work: Work, order_id: UUID) -> _Loser:
    order = await lock_order(work, order_id)
    lines = {line.id: line for line in await lines_of(work, order)}
    return _Loser(order, lines, await facts_with_stock(work, order))


async def _take(
    work: Work, item: StockItem, taken: dict[Reservation, int], losers: list[_Loser]
) -> None:
    """Release the units, and let their lines wait for others."""
    release = [
        Movement(MovementKind.RELEASE, -units, "stock is missing", loser.order.id, line_id)
        for loser in losers
        for line_id, units in loser.lost.items()
    ]
    await move(work, item.id, release)
    await shrink(work, taken)
    for loser in losers:
        for line_id, units in loser.lost.items():
            loser.lines[line_id].reserved -= units
            loser.lines[line_id].backordered += units
        data: dict[str, Any] = {"backordered": loser.lost.total()}
        if len(loser.lost) == 1:
            data["lineId"] = next(iter(loser.lost)).hex
        await settle(work, loser.order, [*loser.lines.values()], loser.before, data=data)
