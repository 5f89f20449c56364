"""The warehouses of returned units: those that they left from, or one."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple
from uuid import UUID

from models.inventory import Warehouse
from models.orders import Order
from models.rules.errors import invalid, not_found
from models.rules.inventory import MovementKind
from models.rules.return_states import MOVEMENTS, share_out
from models.rules.shipment_states import LEFT
from services.aggregates.reservations import PACKED
from services.storage.pieces import AT_ONCE
from services.storage.statements import Query
from services.work.work import Work

if TYPE_CHECKING:
    from models.rules.return_states import ReturnUnits


class _Back(NamedTuple):
    order_line_id: UUID
    quantity: int
    warehouse_id: UUID


class _Step(NamedTuple):
    order_line_id: UUID
    quantity: int
    code: str
    warehouse_id: UUID


BACK: Final = Query(  # unscoped: what came back of the order to any warehouse
    _Back,
    """SELECT {columns} FROM stock_movement JOIN stock_item ON stock_item.id = stock_item_id
    WHERE order_id = ? AND order_line_id IN ? AND kind = ?""",
)
UNITS: Final = Query(  # unscoped: what left of the order from any warehouse, and came back
    _Step,
    """SELECT {columns} FROM unit_movement JOIN tracked_unit ON tracked_unit.id = unit_id
    JOIN stock_item ON stock_item.id = stock_item_id WHERE order_line_id IN ? AND kind IN ?""",
)

_Goods = tuple[UUID, str | None]
"""A line of the order, and the code of a lot or serial number; None: units without one."""


@dataclass(frozen=True, slots=True)
class Part:
    """Units of the line at `index` of a receipt, with one code or none, for one warehouse.

    Without a warehouse they are scrapped.
    """

    index: int
    code: str | None
    warehouse_id: UUID | None


@dataclass
class Homes:
    """The units that each warehouse sent and does not have back.

    `ranks` is the order in which warehouses get theirs. Units without a shipment, as of imported
    orders, go to the first warehouse that sent any of the line, or to the first of all.
    """

    ranks: Mapping[UUID, int]
    room: dict[_Goods, Counter[UUID]] = field(default_factory=lambda: defaultdict(Counter))
    senders: dict[UUID, set[UUID]] = field(default_factory=lambda: defaultdict(set))

    def count(self, line_id: UUID, code: str, warehouse_id: UUID, units: int) -> None:
        """Counts units of a line by code: returned ones above zero, sent ones below.

        Returned units with a code that had left without one count as units without a code.
        """
        counted = self.room[line_id, code]
        units = min(units, counted.total())
        counted[warehouse_id] -= units
        self.room[line_id, None][warehouse_id] += units

    def take(self, line_id: UUID, code: str | None, units: int) -> Iterator[tuple[UUID, int]]:
        """The warehouses for this many units, each with its quantity."""
        for goods in dict.fromkeys([(line_id, code), (line_id, None)]):
            room = self.room[goods]
            shares = share_out(units, {each: room[each] for each in self._sorted(room)})
            room.subtract(shares)
            units -= sum(shares.values())
            yield from shares.items()
        if units:
            yield self._first(line_id), units

    def _first(self, line_id: UUID) -> UUID:
        if not self.ranks:
            raise invalid("There is no warehouse to put them into.", "lines")
        return self._sorted(self.senders[line_id] or self.ranks)[0]

    def _sorted(self, warehouses: Iterable[UUID]) -> list[UUID]:
        return sorted(warehouses, key=self.ranks.__getitem__)


async def parts_of(
    work: Work, order: Order, back: Sequence["ReturnUnits"], warehouse_id: UUID | None
) -> Counter[Part]:
    """The warehouses and quantities of a receipt's units.

    Units on hand go to `warehouse_id` if it is given, otherwise to the warehouses that they left
    from, by priority. No warehouse gets back more units of a line, a lot or a serial number than it
    sent.

    Raises:
        Refused: the warehouse is missing, or there is none at all.
    """
    entering = [each for each in back if _enters_stock(each)]
    if warehouse_id is None:
        homes = await _homes(work, order, entering)
    else:
        homes = await _only(work, warehouse_id)
    parts: Counter[Part] = Counter()
    for index, each in enumerate(back):
        if index % AT_ONCE == 0:
            await work.pause()
        for code, units in _by_code(each):
            places = (
                homes.take(each.line_id, code, units) if _enters_stock(each) else [(None, units)]
            )
            for home, some in places:
                parts[Part(index, code, home)] += some
    return parts


def _enters_stock(each: "ReturnUnits") -> bool:
    return each.disposition is not None and bool(MOVEMENTS[each.disposition])


def _by_code(each: "ReturnUnits") -> Iterator[tuple[str | None, int]]:
    """The quantity of each code, or of none."""
    if not each.units:
        yield None, each.quantity
    for named in each.units or ():
        yield named.exact_code, named.quantity


async def _only(work: Work, warehouse_id: UUID) -> Homes:
    """The one given warehouse."""
    if not await work.rows(Warehouse).filter(id=warehouse_id).exists():
        raise not_found("There is no such warehouse.", "warehouseId")
    return Homes({warehouse_id: 0})


async def _homes(work: Work, order: Order, entering: Sequence["ReturnUnits"]) -> Homes:
    """The units of the lines that are with customers, by the warehouse that they left from."""
    lines = {each.line_id for each in entering}
    if not lines:
        return Homes({})
    # unscoped: units go back to where they left from
    rows = Warehouse.all().using_db(work.connection).order_by("priority", "code")
    homes = Homes({each.id: rank for rank, each in enumerate(await rows.only("id"))})
    for row in await PACKED.rows(work.connection, list(lines)):
        if row.status in LEFT:
            homes.senders[row.order_line_id].add(row.warehouse_id)
            homes.room[row.order_line_id, None][row.warehouse_id] += row.quantity
    returned = MovementKind.RETURN.value
    for moved in await BACK.rows(work.connection, order.id, list(lines), returned):
        homes.room[moved.order_line_id, None][moved.warehouse_id] -= moved.quantity
    if coded := {each.line_id for each in entering if each.units}:
        kinds = [MovementKind.SHIP.value, returned]
        steps = await UNITS.rows(work.connection, list(coded), kinds)
        for step in sorted(steps, key=lambda row: row.quantity):  # sent units first
            homes.count(step.order_line_id, step.code, step.warehouse_id, step.quantity)
    return homes
