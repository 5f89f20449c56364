"""From which warehouses an order is served."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID


class Demand(NamedTuple):
    """Units of a product that one line wants."""

    line_key: UUID
    product_id: UUID
    quantity: int


class StockRow(NamedTuple):
    """What a warehouse can promise of a product. Low priorities are served from first."""

    stock_item_id: UUID
    product_id: UUID
    warehouse_id: UUID
    priority: int
    available: int


class Take(NamedTuple):
    """Units that one line gets from one stock item."""

    line_key: UUID
    stock_item_id: UUID
    warehouse_id: UUID
    quantity: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Who gets what from where, and what each line is still short of."""

    takes: list[Take] = field(default_factory=list)
    shortages: dict[UUID, int] = field(default_factory=dict)


def allocate(demand: Sequence[Demand], stock: Sequence[StockRow]) -> Plan:
    """Serve lines in their order: from one warehouse if one has everything, else by priority.

    Lines of the same product share what there is; nothing is promised twice.
    """
    rows = sorted(stock, key=lambda row: (row.priority, row.warehouse_id.int))
    alone = _warehouse_that_has_all(demand, rows)
    if alone is not None:
        rows = [row for row in rows if row.warehouse_id == alone]
    left = {row.stock_item_id: max(row.available, 0) for row in rows}
    places: dict[UUID, list[StockRow]] = defaultdict(list)
    for row in rows:
        places[row.product_id].append(row)
    plan = Plan()
    for wish in demand:
        missing = wish.quantity
        for row in places[wish.product_id]:
            if units := min(missing, left[row.stock_item_id]):
                left[row.stock_item_id] -= units
                missing -= units
                plan.takes.append(Take(wish.line_key, row.stock_item_id, row.warehouse_id, units))
        if missing:
            plan.shortages[wish.line_key] = missing
    return plan


def _warehouse_that_has_all(demand: Sequence[Demand], rows: Sequence[StockRow]) -> UUID | None:
    """The first warehouse, by priority, that can serve the whole demand alone."""
    wanted: dict[UUID, int] = defaultdict(int)
    for wish in demand:
        wanted[wish.product_id] += wish.quantity
    has: dict[UUID, dict[UUID, int]] = defaultdict(dict)
    for row in rows:
        has[row.warehouse_id][row.product_id] = row.available
    for warehouse_id, available in has.items():
        if all(available.get(product, 0) >= units for product, units in wanted.items()):
            return warehouse_id
    return None
