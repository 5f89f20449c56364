"""Orders without HTTP, on PostgreSQL: by the product's service, and by hand, in turn."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import asyncpg

from benchmarks import handwritten, processes
from benchmarks.market import Market
from models.rules.access import OPEN
from services.orders.entry import PlaceOrder
from services.orders.goods import NewLine
from services.orders.place import place_order

TASKS: Final = 16

Place = Callable[[UUID, str], Awaitable[UUID]]


@dataclass(frozen=True)
class Run:
    """How many orders a second, and the processor time that each of them took."""

    a_second: float
    own_cpu_ms: float
    database_cpu_ms: float | None


async def by_service(customer_id: UUID, sku: str) -> UUID:
    """The id of an order of one unit, as the product places it."""
    order = await place_order(OPEN, PlaceOrder(customer_id, (NewLine(sku, 1),)))
    order_id: UUID = order.id
    return order_id


@asynccontextmanager
async def hands(url: str) -> AsyncIterator[Place]:
    """What places an order of one unit by hand, on as many connections as there are tasks."""

    async def keep_as_is(_connection: Any) -> None:
        """As the product, and unlike asyncpg's own reset: no statements between transactions."""

    numbers = handwritten.Numbers()
    async with asyncpg.create_pool(url, min_size=1, max_size=TASKS, reset=keep_as_is) as pool:
        yield lambda customer_id, sku: handwritten.place(pool, numbers, customer_id, sku, 1)


async def run(
    place: Place, market: Market, orders: int, database: int | None
) -> tuple[Run, list[tuple[str, UUID]]]:
    """How quickly so many orders are placed by several tasks, and which they were.

    `database` is the main process of the database's server, where that is ours.
    """
    placed: list[tuple[str, UUID]] = []
    wanted = _wanted(market, orders)

    async def work() -> None:
        for customer_id, sku in wanted:
            placed.append((sku, await place(customer_id, sku)))

    own = time.process_time()
    of_database = processes.cpu_seconds(database) if database else 0.0
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(TASKS):
            group.create_task(work())
    took = time.perf_counter() - began
    a_thousandth = 1_000 / orders
    found = Run(
        orders / took,
        (time.process_time() - own) * a_thousandth,
        (processes.cpu_seconds(database) - of_database) * a_thousandth if database else None,
    )
    return found, placed


def _wanted(market: Market, orders: int) -> Iterator[tuple[UUID, str]]:
    """Customers and products in turn; no two of a round of customers want the same together."""
    skus, customers = market.skus, market.customers
    for number in range(orders):
        yield customers[number % len(customers)], skus[(number * 7) % len(skus)]
