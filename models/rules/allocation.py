"""Allocation: the warehouses that serve an order."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID


class Demand(NamedTuple):
    """Units of a product that one line needs."""

    line_key: UUID
    product_id: UUID
    quantity: int


class StockRow(NamedTuple):
    """The available units of a product in a warehouse. Low priorities serve first."""

    stock_item_id: UUID
    product_id: UUID
    warehouse_id: UUID
    priority: int
    available: int


class Take(NamedTuple):
    """Units of one stock item for one line."""

    line_key: UUID
    stock_item_id: UUID
    warehouse_id: UUID
    quantity: int


@dataclass(frozen=True, slots=True)
class Plan:
    """The units taken for each line, and the missing units of each line."""

    takes: list[Take] = field(default_factory=list)
    shortages: dict[UUID, int] = field(default_factory=dict)


def allocate(demand: Sequence[Demand], stock: Sequence[StockRow]) -> Plan:
    """Serves lines in their order: from one warehouse if one has all, otherwise by priority.

    Lines of the same product share its units; no unit is promised twice.
    """
    rows = sorted(stock, key=lambda row: (row.priority, row.warehouse_id.int))
    sole = _sole_warehouse(demand, rows)
    if sole is not None:
        rows = [row for row in rows if row.warehouse_id == sole]
    left = {row.stock_item_id: max(row.available, 0) for row in rows}
    places: dict[UUID, list[StockRow]] = defaultdict(list)
    for row in rows:
        places[row.product_id].append(row)
    plan = Plan()
    for each in demand:
        missing = each.quantity
        for row in places[each.product_id]:
            if units := min(missing, left[row.stock_item_id]):
                left[row.stock_item_id] -= units
                missing -= units
                plan.takes.append(Take(each.line_key, row.stock_item_id, row.warehouse_id, units))
        if missing:
            plan.shortages[each.line_key] = missing
    return plan


def _sole_warehouse(demand: Sequence[Demand], rows: Sequence[StockRow]) -> UUID | None:
    """The first warehouse, by priority, that can serve the whole demand."""
    needed: dict[UUID, int] = defaultdict(int)
    for each in demand:
        needed[each.product_id] += each.quantity
    has: dict[UUID, dict[UUID, int]] = defaultdict(dict)
    for row in rows:
        has[row.warehouse_id][row.product_id] = row.available
    for warehouse_id, available in has.items():
        if all(available.get(product, 0) >= units for product, units in needed.items()):
            return warehouse_id
    return None
