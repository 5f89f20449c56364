"""What lies where."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from models.inventory import Reservation, StockItem, Warehouse
from models.rules.access import Actor
from resolvers.loaders.relation import Computed, ToMany, ToOne

warehouse: Final = ToOne(Warehouse, key="warehouse_id")
stock_item: Final = ToOne(StockItem, key="stock_item_id")
stock_of_product: Final = ToMany(StockItem, by="product_id", order=("warehouse_id",))
reservations_of_line: Final = ToMany(Reservation, by="order_line_id", order=("stock_item_id",))


async def warehouses_of_stock(actor: Actor, items: Sequence[UUID]) -> list[Any]:
    """The warehouse of each stock item."""
    found = await stock_item.load(actor, items)
    return await warehouse.load(actor, [item.warehouse_id if item else None for item in found])


warehouse_of_stock: Final = Computed(warehouses_of_stock, key="stock_item_id")
