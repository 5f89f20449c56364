"""Audits stock counters by ledger, reservations and units, and repairs them."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from tortoise.backends.base.client import BaseDBAsyncClient

from models.inventory import StockItem
from models.rules.access import Actor, Permission
from models.rules.catalog import TrackingPolicy
from models.rules.events import EventKind
from models.rules.inventory import EFFECTS, MAX_QUANTITY, is_low
from services.aggregates.stock import set_derived
from services.operations.audits.report import MAX_LISTED, Report
from services.operations.pages import pages
from services.storage.database import connection
from services.storage.statements import Query
from services.use_case import perform
from services.work.events import record
from services.work.work import Work


class Counter(StrEnum):
    """The audited numbers, each with the number that it is compared with."""

    ON_HAND = "on hand"
    """The counter, and the sum of the ledger."""
    RESERVED = "reserved"
    """The counter, and the sum of the ledger."""
    DAMAGED = "damaged"
    """The counter, and the sum of the ledger."""
    MOVEMENTS = "movements"
    """The stock item's count of movements, and the last number in the ledger."""
    SEQUENCE = "sequence"
    """The last number in the ledger, and the number of movements: fewer mean a gap."""
    BALANCES = "balances"
    """Movements whose balance follows from the one before, and the number of movements."""
    PROMISED = "promised"
    """The reserved counter, and the sum of the reservations."""
    AVAILABLE = "available"
    """The available units that lists sort by, and those by the ledger."""
    LISTED = "listed"
    """The number of right columns among the others of stock lists (low, SKU, name), and 3."""
    UNITS = "units"
    """The units on hand of a tracked product, and the sum of its lots and serial numbers."""
    LINE = "order line"
    """The reserved units of an order line, and the sum of its reservations."""


REPAIRABLE: Final = frozenset(
    {
        *(Counter.ON_HAND, Counter.RESERVED, Counter.DAMAGED, Counter.MOVEMENTS),
        *(Counter.AVAILABLE, Counter.LISTED),
    }
)
BROKEN_LEDGER: Final = frozenset({Counter.SEQUENCE, Counter.BALANCES})


@dataclass(frozen=True, slots=True)
class Drift:
    """A wrong number; `ledger` is the right one of `counter`.

    An order line has no warehouse, but the number of its order.
    """

    sku: str
    warehouse: str | None
    counter: Counter
    stored: int
    ledger: int
    order: str | None = None
    repaired: bool = False


class _Item(NamedTuple):
    """A stock item with the sums of its ledger, its reservations and its units."""

    id: UUID
    sku: str
    sort_name: str
    tracking: TrackingPolicy
    warehouse: str
    on_hand: int
    reserved: int
    damaged: int
    movement_seq: int
    available: int
    is_low: bool
    incoming: int
    safety_stock: int
    reorder_point: int | None
    named: int
    on_hand_sum: int
    reserved_sum: int
    damaged_sum: int
    movements: int
    last_sequence: int
    following: int
    promised: int
    coded: int

    @property
    def left(self) -> int:
        """The available units by the ledger."""
        return self.on_hand_sum - self.reserved_sum - self.damaged_sum - self.safety_stock

    @property
    def listed(self) -> int:
        is_right = is_low(self.left, self.incoming, self.reorder_point) == self.is_low
        return self.named + is_right

    @property
    def drifts(self) -> list[Drift]:
        is_coded = self.tracking is not TrackingPolicy.NONE
        compared = (
            (Counter.ON_HAND, self.on_hand, self.on_hand_sum),
            (Counter.RESERVED, self.reserved, self.reserved_sum),
            (Counter.DAMAGED, self.damaged, self.damaged_sum),
            (Counter.MOVEMENTS, self.movement_seq, self.last_sequence),
            (Counter.SEQUENCE, self.last_sequence, self.movements),
            (Counter.BALANCES, self.following, self.movements),
            (Counter.PROMISED, self.reserved, self.promised),
            (Counter.AVAILABLE, self.available, self.left),
            (Counter.LISTED, self.listed, 3),
            (Counter.UNITS, self.on_hand if is_coded else 0, self.coded),
        )
        return [
            Drift(self.sku, self.warehouse, counter, stored, computed)
            for counter, stored, computed in compared
            if stored != computed
        ]

    @property
    def is_possible(self) -> bool:
        """Whether the ledger's counters are within the table's checks."""
        taken = self.reserved_sum + self.damaged_sum
        is_negative = min(self.reserved_sum, self.damaged_sum) < 0
        return not is_negative and taken <= self.on_hand_sum <= MAX_QUANTITY


async def verify_stock(actor: Actor, *, repair: bool = False) -> Report[Drift]:
    """Compares each stock item with its ledger, reservations and units, each at one instant.

    With `repair` differing counters are set by the ledger, each stock item in a transaction of its
    own that records an event. The ledger itself is never changed: an item whose ledger has gaps,
    wrong balances or an impossible sum stays as it is. At most 1,000 drifts are listed; all are
    counted.

    Raises:
        Forbidden: the actor may not read stock, or for a repair not write it.
    """
    actor.require(Permission.STOCK_WRITE if repair else Permission.STOCK_READ)
    report = Report[Drift]()
    # unscoped: an audit looks at all stock
    async for page in pages(StockItem.all().only("id")):
        for item in await _compare(connection(), page[0].id, page[-1].id):
            report.add(await _repair(actor, item) if repair and item.drifts else item.drifts)
        report.compared += len(page)
    report.add(await _drifted_lines(connection()))
    return report


async def _repair(actor: Actor, item: _Item) -> list[Drift]:
    """The drifts of one stock item that remain under its lock, repaired if possible."""
    return await perform(actor, lambda work: _set_counters(work, item.id))


async def _set_counters(work: Work, stock_item_id: UUID) -> list[Drift]:
    # unscoped: a stock item that the audit has found
    rows = StockItem.filter(id=stock_item_id).using_db(work.connection).select_for_update()
    item = await rows.get()
    (comparison,) = await _compare(work.connection, item.id, item.id)
    drifts = comparison.drifts
    wrong = {drift.counter for drift in drifts}
    if not wrong & REPAIRABLE or wrong & BROKEN_LEDGER or not comparison.is_possible:
        return drifts
    item.on_hand, item.reserved = comparison.on_hand_sum, comparison.reserved_sum
    item.damaged, item.movement_seq = comparison.damaged_sum, comparison.last_sequence
    item.sort_sku, item.sort_name = comparison.sku, comparison.sort_name
    set_derived(item)
    item.version += 1
    item.updated_at = work.now
    data = {
        "onHand": item.on_hand,
        "reserved": item.reserved,
        "damaged": item.damaged,
        "available": item.available,
        "repaired": sorted(wrong & REPAIRABLE),
    }
    record(work, item, EventKind.STOCK_CHANGED, data=data)
    await item.save(using_db=work.connection)
    mended = {
        Counter.PROMISED: comparison.promised == item.reserved,
        Counter.UNITS: comparison.coded == item.on_hand,
    }
    return [replace(drift, repaired=mended.get(drift.counter, True)) for drift in drifts]


def _change(counter: str) -> str:
    """The change of a counter by a movement, in SQL."""
    kinds = ", ".join(f"'{kind}'" for kind, effect in EFFECTS.items() if getattr(effect, counter))
    return f"CASE WHEN kind IN ({kinds}) THEN quantity ELSE 0 END"


def _before(counter: str) -> str:
    """A counter before a movement, by the movement before it, in SQL."""
    return f"COALESCE(LAG({counter}_after) OVER (PARTITION BY stock_item_id ORDER BY sequence), 0)"


_COUNTERS: Final = ("on_hand", "reserved", "damaged")
_CHANGES: Final = ", ".join(f"{_change(name)} AS {name}_change" for name in _COUNTERS)
_BEFORE: Final = ", ".join(f"{_before(name)} AS {name}_before" for name in _COUNTERS)
_SUMS: Final = ", ".join(f"SUM({name}_change) AS {name}_sum" for name in _COUNTERS)
_FOLLOWS: Final = " AND ".join(
    f"{name}_after = {name}_before + {name}_change" for name in _COUNTERS
)

# One statement, so that all its numbers are of one instant on each database. The range is in each
# part of it, because not every planner moves it into a derived table.
# unscoped: an audit looks at all stock
_COMPARE: Final = Query(
    _Item,
    f"""
SELECT item.id, product.sku, product.sort_name, product.tracking, warehouse.code,
    item.on_hand, item.reserved, item.damaged, item.movement_seq, item.available, item.is_low,
    item.incoming, item.safety_stock, item.reorder_point,
    CASE WHEN item.sort_sku = product.sku THEN 1 ELSE 0 END
        + CASE WHEN item.sort_name = product.sort_name THEN 1 ELSE 0 END AS named,
    COALESCE(ledger.on_hand_sum, 0), COALESCE(ledger.reserved_sum, 0),
    COALESCE(ledger.damaged_sum, 0), COALESCE(ledger.movements, 0),
    COALESCE(ledger.last_sequence, 0), COALESCE(ledger.following, 0),
    COALESCE(promise.units, 0), COALESCE(lying.coded, 0)
FROM stock_item item
JOIN product ON product.id = item.product_id
JOIN warehouse ON warehouse.id = item.warehouse_id
LEFT JOIN (
    SELECT stock_item_id, COUNT(*) AS movements, MAX(sequence) AS last_sequence,
        SUM(CASE WHEN {_FOLLOWS} THEN 1 ELSE 0 END) AS following, {_SUMS}
    FROM (
        SELECT stock_item_id, sequence, on_hand_after, reserved_after, damaged_after,
            {_CHANGES}, {_BEFORE}
        FROM stock_movement WHERE stock_item_id BETWEEN ? AND ?
    ) movement
    GROUP BY stock_item_id
) ledger ON ledger.stock_item_id = item.id
LEFT JOIN (
    SELECT stock_item_id, SUM(quantity) AS units
    FROM reservation WHERE stock_item_id BETWEEN ? AND ?
    GROUP BY stock_item_id
) promise ON promise.stock_item_id = item.id
LEFT JOIN (
    SELECT stock_item_id, SUM(quantity) AS coded
    FROM unit_stock WHERE stock_item_id BETWEEN ? AND ?
    GROUP BY stock_item_id
) lying ON lying.stock_item_id = item.id
WHERE item.id BETWEEN ? AND ?
ORDER BY item.id
""",  # noqa: S608 - made of our own names
)


class _Line(NamedTuple):
    sku: str
    reserved: int
    number: str
    units: int


_LINES: Final = Query(  # unscoped: an audit looks at all lines
    _Line,
    f"""
SELECT line.sku, line.reserved, customer_order.number, COALESCE(promise.units, 0) AS units
FROM order_line line
JOIN customer_order ON customer_order.id = line.order_id
LEFT JOIN (
    SELECT order_line_id, SUM(quantity) AS units FROM reservation GROUP BY order_line_id
) promise ON promise.order_line_id = line.id
WHERE line.reserved <> COALESCE(promise.units, 0)
ORDER BY customer_order.number, line.position
LIMIT {MAX_LISTED}
""",  # noqa: S608 - made of our own names
)


async def _compare(client: BaseDBAsyncClient, first: UUID, last: UUID) -> list[_Item]:
    """The stock items whose ids are in the range, both ends included."""
    return await _COMPARE.rows(client, *(first, last) * 4)


async def _drifted_lines(client: BaseDBAsyncClient) -> list[Drift]:
    """Order lines whose reserved units differ from their reservations, at most 1,000."""
    return [
        Drift(line.sku, None, Counter.LINE, line.reserved, line.units, order=line.number)
        for line in await _LINES.rows(client)
    ]
