"""What lies where."""

from typing import Any, Final

from tortoise.queryset import QuerySet

from models.inventory import Reservation, StockItem, Warehouse
from resolvers.loaders.relation import ToMany, ToOne


def with_warehouse(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Reservations together with the stock items that they take from."""
    return rows.select_related("stock_item")


warehouse: Final = ToOne(Warehouse, key="warehouse_id")
stock_item: Final = ToOne(StockItem, key="stock_item_id")
stock_of_product: Final = ToMany(StockItem, by="product_id", order=("warehouse_id",))
reservations_of_line: Final = ToMany(
    Reservation, by="order_line_id", order=("stock_item_id",), also=with_warehouse
)
