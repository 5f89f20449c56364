"""Whether stock counters are what ledger, reservations and units say, and putting them right."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from tortoise.backends.base.client import BaseDBAsyncClient

from models.inventory import StockItem
from models.rules.access import Actor, Permission
from models.rules.catalog import TrackingPolicy
from models.rules.events import EventKind
from models.rules.inventory import EFFECTS, MAX_QUANTITY, is_low
from services.aggregates.stock import reckon
from services.storage.database import connection
from services.use_case import perform
from services.work.events import record
from services.work.work import Work

PAGE: Final = 200
"""Stock items that one statement compares."""

MAX_LISTED: Final = 1_000


class Counter(StrEnum):
    """What can drift, and what is compared."""

    ON_HAND = "on hand"
    """The counter, and the sum of the ledger."""
    RESERVED = "reserved"
    """The counter, and the sum of the ledger."""
    DAMAGED = "damaged"
    """The counter, and the sum of the ledger."""
    MOVEMENTS = "movements"
    """The stock item's count of its movements, and the last number in the ledger."""
    SEQUENCE = "sequence"
    """The last number in the ledger, and how many movements there are: more means a gap."""
    BALANCES = "balances"
    """Movements whose balance follows from the one before, and how many there are."""
    PROMISED = "promised"
    """The reserved counter, and the sum of the reservations."""
    AVAILABLE = "available"
    """What lists of stock are sorted by, and what the ledger leaves to be promised."""
    LISTED = "listed"
    """How many are right of what else lists of stock are made of (low, SKU, name), and 3."""
    UNITS = "units"
    """What is on hand of a product with lots or serial numbers, and the sum of its units."""
    LINE = "order line"
    """What an order line counts as reserved, and the sum of its reservations."""


REPAIRABLE: Final = frozenset(
    {
        *(Counter.ON_HAND, Counter.RESERVED, Counter.DAMAGED, Counter.MOVEMENTS),
        *(Counter.AVAILABLE, Counter.LISTED),
    }
)
BROKEN_LEDGER: Final = frozenset({Counter.SEQUENCE, Counter.BALANCES})


@dataclass(frozen=True, slots=True)
class Drift:
    """A number that is not what it should be; `counter` says what `ledger` is the number of.

    An order line has no warehouse, but the number of its order.
    """

    sku: str
    warehouse: str | None
    counter: Counter
    stored: int
    ledger: int
    order: str | None = None
    repaired: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """How many stock items were compared, and what was found; the first of it is listed."""

    items: int
    found: int
    repaired: int
    drifts: tuple[Drift, ...]

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong any more."""
        return self.found == self.repaired


@dataclass(frozen=True, slots=True)
class _Sums:
    """A stock item with what its ledger, its reservations and its units come to."""

    stock_item_id: UUID
    sku: str
    warehouse: str
    names: tuple[str, str]
    counters: dict[Counter, int]
    ledger: dict[Counter, int]

    @property
    def drifts(self) -> list[Drift]:
        return [
            Drift(self.sku, self.warehouse, counter, stored, self.ledger[counter])
            for counter, stored in self.counters.items()
            if stored != self.ledger[counter]
        ]


async def verify_stock(actor: Actor, *, repair: bool = False) -> Report:
    """Every stock item compared with its ledger, reservations and units, each at one instant.

    With `repair` the counters that differ from the ledger are set to it, each stock item in a
    transaction of its own that records an event. The ledger itself is never changed: where it has
    gaps or balances that do not follow, or comes to what cannot be, the item is left as it is.
    At most 1,000 drifts are listed; all are counted.

    Raises:
        Forbidden: the actor may not read stock, or for a repair not write it.
    """
    actor.require(Permission.STOCK_WRITE if repair else Permission.STOCK_READ)
    items = found = repaired = 0
    listed: list[Drift] = []
    last = UUID(int=0)
    while page := await _page(last):
        for sums in page:
            drifts = sums.drifts
            if drifts and repair:
                drifts = await _repair(actor, sums.stock_item_id)
            found += len(drifts)
            repaired += sum(drift.repaired for drift in drifts)
            listed += drifts[: MAX_LISTED - len(listed)]
        items += len(page)
        last = page[-1].stock_item_id
    lines = await _drifted_lines(connection())
    listed += lines[: MAX_LISTED - len(listed)]
    return Report(items, found + len(lines), repaired, tuple(listed))


async def _page(last: UUID) -> list[_Sums]:
    # unscoped: an audit looks at all stock
    following = StockItem.filter(id__gt=last).order_by("id").limit(PAGE)
    ids = [item.id for item in await following.only("id")]
    return await _compare(connection(), ids[0], ids[-1]) if ids else []


async def _repair(actor: Actor, stock_item_id: UUID) -> list[Drift]:
    """The drifts of one stock item as they are now that it is locked, repaired where possible."""
    return await perform(actor, lambda work: _set_counters(work, stock_item_id))


async def _set_counters(work: Work, stock_item_id: UUID) -> list[Drift]:
    # unscoped: a stock item that the audit has found
    rows = StockItem.filter(id=stock_item_id).using_db(work.connection).select_for_update()
    item = await rows.get()
    (sums,) = await _compare(work.connection, item.id, item.id)
    drifts = sums.drifts
    wrong = {drift.counter for drift in drifts}
    if not wrong & REPAIRABLE or wrong & BROKEN_LEDGER or not _is_possible(sums.ledger):
        return drifts
    item.on_hand = sums.ledger[Counter.ON_HAND]
    item.reserved = sums.ledger[Counter.RESERVED]
    item.damaged = sums.ledger[Counter.DAMAGED]
    item.movement_seq = sums.ledger[Counter.MOVEMENTS]
    item.sort_sku, item.sort_name = sums.names
    reckon(item)
    item.version += 1
    item.updated_at = work.now
    balance = item.balance
    data = {
        "onHand": balance.on_hand,
        "reserved": balance.reserved,
        "damaged": balance.damaged,
        "available": balance.available,
        "repaired": sorted(wrong & REPAIRABLE),
    }
    record(work, item, EventKind.STOCK_CHANGED, data=data)
    await item.save(using_db=work.connection)
    mended = {
        Counter.PROMISED: sums.ledger[Counter.PROMISED] == item.reserved,
        Counter.UNITS: sums.ledger[Counter.UNITS] == item.on_hand,
    }
    return [replace(drift, repaired=mended.get(drift.counter, True)) for drift in drifts]


def _is_possible(ledger: dict[Counter, int]) -> bool:
    """Whether the table takes such counters."""
    on_hand, reserved = ledger[Counter.ON_HAND], ledger[Counter.RESERVED]
    damaged = ledger[Counter.DAMAGED]
    return min(reserved, damaged) >= 0 and reserved + damaged <= on_hand <= MAX_QUANTITY


def _change(counter: str) -> str:
    """What a movement adds to a counter, in SQL."""
    kinds = ", ".join(f"'{kind}'" for kind, effect in EFFECTS.items() if getattr(effect, counter))
    return f"CASE WHEN kind IN ({kinds}) THEN quantity ELSE 0 END"


def _before(counter: str) -> str:
    """A counter before a movement, as the movement before it says, in SQL."""
    return f"COALESCE(LAG({counter}_after) OVER (PARTITION BY stock_item_id ORDER BY sequence), 0)"


_TEXTS: Final = frozenset({"id", "sku", "sort_name", "code", "tracking"})
_COUNTERS: Final = ("on_hand", "reserved", "damaged")
_CHANGES: Final = ", ".join(f"{_change(name)} AS {name}_change" for name in _COUNTERS)
_BEFORE: Final = ", ".join(f"{_before(name)} AS {name}_before" for name in _COUNTERS)
_SUMS: Final = ", ".join(f"SUM({name}_change) AS {name}_sum" for name in _COUNTERS)
_FOLLOWS: Final = " AND ".join(
    f"{name}_after = {name}_before + {name}_change" for name in _COUNTERS
)

# One statement, so that all its numbers are of one instant on every database. The range is in each
# part of it, because not every planner carries it into a derived table by itself.
# unscoped: an audit looks at all stock
_COMPARE: Final = f"""
SELECT item.id, product.sku, product.sort_name, product.tracking, warehouse.code,
    item.on_hand, item.reserved, item.damaged, item.movement_seq, item.available, item.is_low,
    item.incoming, item.safety_stock, item.reorder_point,
    CASE WHEN item.sort_sku = product.sku THEN 1 ELSE 0 END
        + CASE WHEN item.sort_name = product.sort_name THEN 1 ELSE 0 END AS named,
    ledger.on_hand_sum, ledger.reserved_sum, ledger.damaged_sum,
    ledger.movements, ledger.last_sequence, ledger.following, promise.units, lying.coded
FROM stock_item item
JOIN product ON product.id = item.product_id
JOIN warehouse ON warehouse.id = item.warehouse_id
LEFT JOIN (
    SELECT stock_item_id, COUNT(*) AS movements, MAX(sequence) AS last_sequence,
        SUM(CASE WHEN {_FOLLOWS} THEN 1 ELSE 0 END) AS following, {_SUMS}
    FROM (
        SELECT stock_item_id, sequence, on_hand_after, reserved_after, damaged_after,
            {_CHANGES}, {_BEFORE}
        FROM stock_movement WHERE stock_item_id BETWEEN '{{first}}' AND '{{last}}'
    ) movement
    GROUP BY stock_item_id
) ledger ON ledger.stock_item_id = item.id
LEFT JOIN (
    SELECT stock_item_id, SUM(quantity) AS units
    FROM reservation WHERE stock_item_id BETWEEN '{{first}}' AND '{{last}}'
    GROUP BY stock_item_id
) promise ON promise.stock_item_id = item.id
LEFT JOIN (
    SELECT stock_item_id, SUM(quantity) AS coded
    FROM unit_stock WHERE stock_item_id BETWEEN '{{first}}' AND '{{last}}'
    GROUP BY stock_item_id
) lying ON lying.stock_item_id = item.id
WHERE item.id BETWEEN '{{first}}' AND '{{last}}'
ORDER BY item.id
"""  # noqa: S608 - made of our own names; the range is of UUID objects

# unscoped: an audit looks at all lines
_LINES: Final = f"""
SELECT line.sku, line.reserved, customer_order.number, COALESCE(promise.units, 0) AS units
FROM order_line line
JOIN customer_order ON customer_order.id = line.order_id
LEFT JOIN (
    SELECT order_line_id, SUM(quantity) AS units FROM reservation GROUP BY order_line_id
) promise ON promise.order_line_id = line.id
WHERE line.reserved <> COALESCE(promise.units, 0)
ORDER BY customer_order.number, line.position
LIMIT {MAX_LISTED}
"""  # noqa: S608 - made of our own names


async def _compare(client: BaseDBAsyncClient, first: UUID, last: UUID) -> list[_Sums]:
    """The stock items whose ids lie in the range, both ends included."""
    rows = await client.execute_query_dict(_COMPARE.format(first=first, last=last))
    return [_sums(row) for row in rows]


def _sums(row: dict[str, Any]) -> _Sums:
    # An item without movements or reservations joins with nothing; sums may come as decimals.
    number = {name: int(value or 0) for name, value in row.items() if name not in _TEXTS}
    left = number["on_hand_sum"] - number["reserved_sum"] - number["damaged_sum"]
    available = left - number["safety_stock"]
    low = is_low(available, number["incoming"], row["reorder_point"])
    counters = {
        Counter.ON_HAND: number["on_hand"],
        Counter.RESERVED: number["reserved"],
        Counter.DAMAGED: number["damaged"],
        Counter.MOVEMENTS: number["movement_seq"],
        Counter.SEQUENCE: number["last_sequence"],
        Counter.BALANCES: number["following"],
        Counter.PROMISED: number["reserved"],
        Counter.AVAILABLE: number["available"],
        Counter.LISTED: number["named"] + (low == row["is_low"]),
        Counter.UNITS: 0 if row["tracking"] == TrackingPolicy.NONE else number["on_hand"],
    }
    ledger = {
        Counter.ON_HAND: number["on_hand_sum"],
        Counter.RESERVED: number["reserved_sum"],
        Counter.DAMAGED: number["damaged_sum"],
        Counter.MOVEMENTS: number["last_sequence"],
        Counter.SEQUENCE: number["movements"],
        Counter.BALANCES: number["movements"],
        Counter.PROMISED: number["units"],
        Counter.AVAILABLE: available,
        Counter.LISTED: 3,
        Counter.UNITS: number["coded"],
    }
    names = row["sku"], row["sort_name"]
    return _Sums(UUID(str(row["id"])), row["sku"], row["code"], names, counters, ledger)


async def _drifted_lines(client: BaseDBAsyncClient) -> list[Drift]:
    """Order lines whose reserved units are not their reservations', at most 1,000."""
    rows = await client.execute_query_dict(_LINES)
    return [
        Drift(
            row["sku"],
            None,
            Counter.LINE,
            int(row["reserved"]),
            int(row["units"]),
            order=row["number"],
        )
        for row in rows
    ]
