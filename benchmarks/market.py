"""Ten products that everybody wants, and what must be true of them, whoever ordered what."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from models.rules.access import OPEN, SYSTEM
from services.aggregates.addresses import Address
from services.catalog.products import SaveProduct, save_product
from services.customers.save import SaveCustomer, save_customer
from services.inventory.adjust import ChangeStock, adjust_stock
from services.inventory.warehouses import SaveWarehouse, save_warehouse
from services.operations.audits.stock import verify_stock
from services.storage import database

CUSTOMERS: Final = 100
ENOUGH: Final = 1_000_000

STOCK: Final = """
SELECT sku, on_hand, reserved, damaged, COALESCE(promised.units, 0)
FROM stock_item JOIN product ON product.id = product_id LEFT JOIN (
    SELECT stock_item_id, SUM(quantity) AS units FROM reservation GROUP BY stock_item_id
) promised ON promised.stock_item_id = stock_item.id
"""
ORDERED: Final = """
SELECT sku, customer_order.id FROM customer_order
LEFT JOIN order_line ON order_id = customer_order.id
"""
MISCOUNTED: Final = """
SELECT code FROM customer LEFT JOIN (
    SELECT customer_id, SUM(credit_minor) AS credit, SUM(lifetime_minor) AS lifetime
    FROM customer_order GROUP BY customer_id
) owed ON owed.customer_id = customer.id
WHERE credit_used_minor <> COALESCE(credit, 0) OR lifetime_minor <> COALESCE(lifetime, 0)
"""
ONE_AN_ORDER: Final = {
    "events that an order was placed": "COUNT(*) FROM event WHERE kind = 'ORDER_PLACED'",
    "orders with such an event": "COUNT(DISTINCT order_id) FROM event WHERE kind = 'ORDER_PLACED'",
    "numbers of orders": "COUNT(DISTINCT number) FROM customer_order",
    "reservations": "COUNT(*) FROM reservation",
    "movements that reserve": "COUNT(*) FROM stock_movement WHERE kind = 'RESERVE'",
}


@dataclass(frozen=True)
class Market:
    """Who orders, and how many units there are of each product."""

    customers: tuple[UUID, ...]
    stock: Mapping[str, int]

    @property
    def skus(self) -> tuple[str, ...]:
        """The products, in the order of their stock."""
        return tuple(self.stock)


@asynccontextmanager
async def connected(url: str, pool_size: int = 16) -> AsyncIterator[None]:
    """Within the block this process works with the database."""
    await database.connect(url, pool_size)
    try:
        yield
    finally:
        await database.disconnect()


def plenty(products: int) -> dict[str, int]:
    """So many products of which there is enough for everybody, with their units."""
    return {f"HOT-{place}": ENOUGH for place in range(products)}


def scarce(products: int, demand: int) -> dict[str, int]:
    """As `plenty`, but every third product has a fifth less than is wanted of each."""
    few = demand * 4 // 5
    stock = plenty(products)
    return {
        sku: few if place % 3 == 2 else units for place, (sku, units) in enumerate(stock.items())
    }


async def open_market(stock: Mapping[str, int]) -> Market:
    """A market with these units of each product, in an empty database."""
    warehouse = await save_warehouse(OPEN, SaveWarehouse(code="MAIN", name="Main"))
    for sku, units in stock.items():
        wanted = SaveProduct(
            sku=sku,
            name=f"Hot product {sku}",
            price=Decimal("12.50"),
            currency="EUR",
            tax_rate=Decimal("0.19"),
        )
        await save_product(OPEN, wanted)
        if units:
            await adjust_stock(OPEN, (ChangeStock(sku, warehouse.id, "arrived", delta=units),))
    address = Address("Ada Albers", ("Hafenstraße 1",), "Hamburg", "DE", postal_code="20457")
    customers = [
        await save_customer(
            OPEN, SaveCustomer(code=f"C-{place}", name=f"Customer {place}", addresses=(address,))
        )
        for place in range(CUSTOMERS)
    ]
    return Market(tuple(each.id for each in customers), stock)


async def broken(
    market: Market, demand: Mapping[str, int], told: Iterable[tuple[str, UUID]]
) -> list[str]:
    """What is not as it must be after orders of one unit each, in words.

    `demand` are the orders that were sent of each product; `told` those that were acknowledged,
    each with its product.
    """
    acknowledged = list(told)
    rows = await database.fetch(ORDERED, [])
    stored = [(sku, UUID(str(order_id))) for sku, order_id in rows]
    found = _compare_orders(acknowledged, stored)
    sold = Counter(sku for sku, _ in stored)
    for sku, on_hand, reserved, damaged, promised in await database.fetch(STOCK, []):
        if min(on_hand, reserved, damaged) < 0 or reserved + damaged > on_hand:
            found.append(f"{sku}: oversold, {on_hand} on hand, {reserved} reserved")
        if reserved != promised:
            found.append(f"{sku}: {reserved} reserved, and reservations of {promised}")
        possible = min(demand[sku], market.stock[sku])
        if not reserved == sold[sku] == possible:
            found.append(f"{sku}: {reserved} reserved, {sold[sku]} ordered, {possible} possible")
    found += await _count(len(stored))
    found += [
        f"customer {code} owes another sum" for (code,) in await database.fetch(MISCOUNTED, [])
    ]
    drifts = (await verify_stock(SYSTEM)).drifts
    return found + [str(each) for each in drifts]


def _compare_orders(
    acknowledged: list[tuple[str, UUID]], stored: list[tuple[str, UUID]]
) -> list[str]:
    """Whether every acknowledged order is there once, and none that nobody was told of."""
    found = []
    for what, orders in (("acknowledged", acknowledged), ("stored", stored)):
        twice = len(orders) - len({order_id for _, order_id in orders})
        if twice:
            found.append(f"{twice} orders are {what} twice")
    if lost := len({*acknowledged} - {*stored}):
        found.append(f"{lost} orders were acknowledged and are not there as they were ordered")
    if unknown := len({*stored} - {*acknowledged}):
        found.append(f"{unknown} orders are there that nobody was told of")
    return found


async def _count(orders: int) -> list[str]:
    found = []
    for what, text in ONE_AN_ORDER.items():
        ((count,),) = await database.fetch(f"SELECT {text}", [])
        if count != orders:
            found.append(f"{count} {what}, and {orders} orders")
    ((count, last),) = await database.fetch("SELECT COUNT(position), MAX(position) FROM event", [])
    if count != (last or 0):
        found.append(f"the feed has {count} events and ends at {last}")
    return found
