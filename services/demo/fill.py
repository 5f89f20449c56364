"""Fills an empty database with a company and two years of its trade."""

import gc
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from tortoise.models import Model

from models.catalog import Category, Product, Supplier
from models.columns import ids_from
from models.customers import Customer, CustomerGroup
from models.events import Event
from models.fulfillment import Parcel, Return, Shipment, TrackingEvent
from models.inventory import StockItem, StockMovement, Warehouse
from models.numbering import NumberCounter
from models.orders import Order, OrderLine
from models.payments import Invoice, Payment
from models.rules.access import Actor, Permission
from models.rules.errors import invalid
from services.aggregates import credit
from services.aggregates.stock import COUNTED as COUNTERS
from services.demo.dice import Dice
from services.demo.history import History
from services.demo.office import Office
from services.demo.rows import Rows
from services.demo.size import Size
from services.storage.database import connection, dialect
from services.storage.updates import update
from services.use_case import perform
from services.work import policy
from services.work.work import Work

OWNED: Final[tuple[type[Model], ...]] = (
    *(CustomerGroup, Customer, Category, Supplier, Product, Warehouse, Order, Event),
)
"""A database with a row of one of these tables is in use."""

COUNTED: Final[tuple[type[Model], ...]] = (
    *(Customer, Product, Warehouse, StockItem, Order, OrderLine, Shipment, Parcel, TrackingEvent),
    *(Return, Payment, Invoice, StockMovement, Event),
)
"""The tables of which the summary counts the rows, in its order."""

PAGE: Final = 500
"""Stock items in one statement."""
CACHE_KIB: Final = 65_536
SQLITE_CACHE_KIB: Final = 2_000
"""SQLite's default."""


@dataclass(frozen=True, slots=True)
class Summary:
    """The numbers of rows made."""

    customers: int
    products: int
    warehouses: int
    stock_items: int
    orders: int
    order_lines: int
    shipments: int
    parcels: int
    tracking_events: int
    returns: int
    payments: int
    invoices: int
    movements: int
    events: int


async def is_empty() -> bool:
    """Whether the database has no rows of `OWNED` yet."""
    for table in OWNED:
        if await table.exists():  # unscoped: an empty database has no rows
            return False
    return True


async def fill(
    actor: Actor,
    size: Size,
    *,
    seed: int,
    now: datetime,
    progress: Callable[[int, int], None] | None = None,
) -> Summary:
    """Writes a company and its two years of trade, which end at `now`, an aware instant.

    The same size, seed and `now` make the same rows. They are written in batches, each a
    transaction of its own, and no other process should write meanwhile. After each batch `progress`
    is called with the number of orders so far and that of all. An interrupted run leaves an
    unfinished company: begin again with an empty database.

    Raises:
        Forbidden: the actor may not import.
        Refused: a size is out of range, or the database is not empty.
    """
    actor.require(Permission.IMPORT)
    size.check()
    if not await is_empty():
        raise invalid("The database holds rows already. The demo fills an empty one.")
    rows, end = Rows(), now.astimezone(UTC).replace(microsecond=0)
    counts = Counter({counter.scope: counter.value for counter in await NumberCounter.all()})
    work = Work(actor, end, connection(), policy.current())
    office = Office(Dice(seed), rows, work, counts)
    history = History(size, end, office)
    async with _at_full_speed():
        with ids_from(lambda: office.dice.id_at(work.now)):
            for _ in history.run():
                await perform(actor, lambda work: rows.write(work.connection))
                rows.clear()
                if progress:
                    progress(history.placed, size.orders)
    await perform(actor, lambda work: _close(work, history))
    return Summary(*(rows.written[table] for table in COUNTED))


@asynccontextmanager
async def _at_full_speed() -> AsyncIterator[None]:
    """Collects garbage rarely, which otherwise takes a sixth of the time; caches more pages."""
    thresholds = gc.get_threshold()
    gc.set_threshold(200_000, 20, 100)
    is_sqlite = dialect() == "sqlite"
    if is_sqlite:
        await connection().execute_script(f"PRAGMA cache_size = -{CACHE_KIB}")
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        if is_sqlite:
            await connection().execute_script(f"PRAGMA cache_size = -{SQLITE_CACHE_KIB}")


async def _close(work: Work, history: History) -> None:
    """Saves the counters of stock, numbers and customers at the end of the history."""
    stock = history.company.stock
    for start in range(0, len(stock), PAGE):
        columns = (*COUNTERS, "incoming", "updated_at")
        await update(work.connection, stock[start : start + PAGE], columns)
    await history.office.save_counts(work)
    await credit.recount(work)
