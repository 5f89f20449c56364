"""The dataloaders of the contestant `plain`: one for each relation, new ones for each request."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from aiodataloader import DataLoader
from tortoise.functions import Count, Sum

from models.catalog import Product as ProductRow
from models.customers import Customer as CustomerRow
from models.inventory import StockItem as StockRow
from models.inventory import Warehouse as WarehouseRow
from models.orders import Order as OrderRow
from models.orders import OrderLine as LineRow

PLACED: Final = ("AWAITING_APPROVAL", "CONFIRMED", "ON_HOLD", "COMPLETED")


def grouped(rows: Sequence[Any], column: str, keys: Sequence[UUID]) -> list[list[Any]]:
    found = defaultdict(list)
    for row in rows:
        found[getattr(row, column)].append(row)
    return [found[key] for key in keys]


def in_order(rows: Sequence[Any], keys: Sequence[UUID]) -> list[Any]:
    found = {row.id: row for row in rows}
    return [found.get(key) for key in keys]


async def load_customers(keys: list[UUID]) -> list[Any]:
    return in_order(await CustomerRow.filter(id__in=keys), keys)


async def load_products(keys: list[UUID]) -> list[Any]:
    return in_order(await ProductRow.filter(id__in=keys), keys)


async def load_warehouses(keys: list[UUID]) -> list[Any]:
    return in_order(await WarehouseRow.filter(id__in=keys), keys)


async def load_stock(keys: list[UUID]) -> list[Any]:
    rows = await StockRow.filter(product_id__in=keys).order_by("warehouse_id")
    return grouped(rows, "product_id", keys)


async def load_lines(keys: list[UUID]) -> list[Any]:
    rows = await LineRow.filter(order_id__in=keys).order_by("position")
    return grouped(rows, "order_id", keys)


async def load_orders(keys: list[UUID]) -> list[Any]:
    rows = await OrderRow.filter(customer_id__in=keys).order_by("-sorted_at", "-id")
    return grouped(rows, "customer_id", keys)


async def load_values(keys: list[UUID]) -> list[int]:
    placed = OrderRow.filter(customer_id__in=keys, status__in=PLACED, currency="EUR")
    rows = placed.annotate(value=Sum("total_gross_minor")).group_by("customer_id")
    found = {row["customer_id"]: row["value"] for row in await rows.values("customer_id", "value")}
    return [int(found.get(key, 0)) for key in keys]


async def load_order_counts(keys: list[UUID]) -> list[int]:
    placed = OrderRow.filter(customer_id__in=keys, status__in=PLACED)
    rows = placed.annotate(orders=Count("id")).group_by("customer_id")
    found = {
        row["customer_id"]: row["orders"] for row in await rows.values("customer_id", "orders")
    }
    return [found.get(key, 0) for key in keys]


async def load_bought(keys: list[UUID]) -> list[list[tuple[UUID, int]]]:
    lines = LineRow.filter(
        order__customer_id__in=keys, order__status__in=PLACED, product_id__isnull=False
    )
    counted = lines.annotate(orders=Count("order_id", distinct=True)).group_by(
        "order__customer_id", "product_id"
    )
    found: dict[UUID, list[tuple[UUID, int]]] = defaultdict(list)
    for row in await counted.order_by("-orders", "product_id").values(
        "order__customer_id", "product_id", "orders"
    ):
        found[row["order__customer_id"]].append((row["product_id"], row["orders"]))
    return [found[key] for key in keys]


class Loaders:
    """The loaders of one request."""

    def __init__(self) -> None:
        self.customers = DataLoader(load_customers)
        self.products = DataLoader(load_products)
        self.warehouses = DataLoader(load_warehouses)
        self.stock = DataLoader(load_stock)
        self.lines = DataLoader(load_lines)
        self.orders = DataLoader(load_orders)
        self.values = DataLoader(load_values)
        self.order_counts = DataLoader(load_order_counts)
        self.bought = DataLoader(load_bought)
