"""What lies where."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from models.inventory import Reservation, StockItem, StockMovement, Warehouse
from models.rules.access import Actor
from models.rules.inventory import Balance
from resolvers.loaders.relation import Computed, ToMany, ToOne, chunks
from resolvers.loaders.select import Select
from services.visibility import scope

BALANCES: Final = ("on_hand_after", "reserved_after", "damaged_after")

warehouse: Final = ToOne(Warehouse, key="warehouse_id")
stock_item: Final = ToOne(StockItem, key="stock_item_id")
stock_of_product: Final = ToMany(StockItem, by="product_id", order=("warehouse_id",))
reservations_of_line: Final = ToMany(Reservation, by="order_line_id", order=("stock_item_id",))


async def warehouses_of_stock(actor: Actor, items: Sequence[UUID]) -> list[Any]:
    """The warehouse of each stock item."""
    found = await stock_item.load(actor, items)
    return await warehouse.load(actor, [item.warehouse_id if item else None for item in found])


async def balances_at(actor: Actor, at: datetime, items: Sequence[UUID]) -> list[Balance | None]:
    """The counters of each stock item as its ledger had them; None before its first line."""
    found: dict[UUID, Balance] = {}
    condition = scope(StockMovement, actor)
    if condition is None:
        return [None] * len(items)
    for chunk in chunks(items):
        select = Select(StockMovement, ("stock_item_id", *BALANCES))
        select.among("stock_item_id", chunk)
        select.matching(condition)
        select.conditions.append(f"{select.name('at')} <= {select.value(select.encoded('at', at))}")
        ranked = select.ranked("stock_item_id", ("-sequence",))
        rows = await select.rows(f"SELECT {select.columns} FROM ({ranked}) ranked WHERE place = 1")
        found.update({row[0]: Balance(*row[1:]) for row in rows})
    return [found.get(key) for key in items]


warehouse_of_stock: Final = Computed(warehouses_of_stock, key="stock_item_id")
