"""Work by the clock while the database is away: it waits, and then is done, each part once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from structlog.testing import capture_logs
from tortoise.transactions import in_transaction

from graph.server import app
from models.events import Event
from models.inventory import Reservation, StockItem
from models.orders import Order
from models.rules.access import OPEN
from models.rules.events import EventKind
from services.orders.entry import PlaceOrder
from services.orders.goods import NewLine
from services.orders.place import draft_order
from services.storage import database as service
from services.work import clock, feed
from tests.support.audit.auditor import audit
from tests.support.serving import application
from tests.support.shop import Shop, open_shop
from tests.support.stoppable_servers import Away

START: Final = datetime(2026, 3, 9, 12, tzinfo=UTC)
BEFORE: Final = START + timedelta(days=100)
"""When the first orders are late, while the database is there."""
AWAY: Final = START + timedelta(days=200)
"""When the others are late, while it is away."""
ORDERS: Final = "SELECT id FROM customer_order WHERE id IN ('{}', '{}') FOR UPDATE"
FEED: Final = "SELECT id FROM feed FOR UPDATE"
SECONDS: Final = 120
SOON: Final = 0.01


async def until(find: Callable[[], Awaitable[Any]], is_enough: Callable[[Any], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while True:
            if is_enough(await find()):
                return
            await asyncio.sleep(SOON)


async def due_after(shop: Shop, begin: datetime, count: int) -> tuple[list[Order], list[Order]]:
    """Orders that nobody ships, and drafts that hold stock for an hour; each a second later."""
    orders, drafts = [], []
    for second in range(count):
        at = begin + timedelta(seconds=second)
        with clock.frozen(at):
            orders.append(await shop.place())
            until = at + timedelta(hours=1)
            wish = PlaceOrder(shop.customer_id, (NewLine("CUP", 2),), reserve_until=until)
            drafts.append(await draft_order(OPEN, wish))
    return orders, drafts


@asynccontextmanager
async def locked(statement: str, *keys: UUID) -> AsyncIterator[None]:
    """Within the block the rows that the statement selects are locked, until the server stops."""
    there, over = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with in_transaction() as connection:
            await connection.execute_query(statement.format(*keys))
            there.set()
            await over.wait()

    holding = asyncio.create_task(hold())
    try:
        await there.wait()
        yield
    finally:
        over.set()
        await asyncio.gather(holding, return_exceptions=True)


def watched(patch: pytest.MonkeyPatch, module: Any, name: str, failures: Counter[str]) -> None:
    """Count how often the module's function fails; it does all that it did."""
    work = getattr(module, name)

    async def counted(*values: Any) -> Any:
        try:
            return await work(*values)
        except Exception:
            failures[name] += 1
            raise

    patch.setattr(module, name, counted)


def delays() -> Any:
    return Event.filter(kind=EventKind.ORDER_DELAYED)


async def numbered() -> list[int]:
    """The positions of the feed; an event without one counts as 0."""
    return sorted(event.position or 0 for event in await Event.all())


async def test_what_is_due_is_done_once_after_an_outage(
    server: Away, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server stops in the midst of each of the three, and more becomes due while it is away."""
    failures: Counter[str] = Counter()
    monkeypatch.setattr(app, "EXPIRY_SECONDS", SOON)
    for module, name in ((app, "record_delays"), (app, "sweep_expired"), (feed, "release")):
        watched(monkeypatch, module, name, failures)
    shop = await open_shop()
    orders, drafts = await due_after(shop, START, 10)
    later, _ = await due_after(shop, BEFORE, 5)
    await service.disconnect()
    time = START
    url = server.database.url
    with (
        clock.set_to(lambda: time),
        application(database_url=url, delay_poll_seconds=SOON) as served,
        capture_logs() as logs,
    ):
        async with served.router.lifespan_context(served):
            async with locked(ORDERS, orders[-1].id, drafts[-1].id):
                time = BEFORE
                await until(delays().count, lambda found: found == 9)
                await until(Reservation.all().count, lambda found: found == 15 + 6)
                await until(numbered, lambda found: 0 not in found)
                async with locked(FEED):
                    await shop.note(orders[0])
                    assert (await numbered()).count(0) == 1
                    await server.stop()
            time = AWAY
            await until(lambda: seen(failures), lambda found: found >= 3)
            await server.start()
            await until(delays().count, lambda found: found == 15)
            await until(Reservation.all().count, lambda found: found == 15)
            await until(numbered, lambda found: 0 not in found)
    await service.connect(url)
    assert warnings(logs) == ["database.unavailable"]
    told = [event.order_id for event in await delays()]
    assert sorted(told) == sorted(order.id for order in (*orders, *later))
    assert await numbered() == list(range(1, await Event.all().count() + 1))
    assert (await StockItem.get()).reserved == 15 * 2
    assert await audit() == []


async def seen(failures: Counter[str]) -> int:
    """How often each of the three has failed at least."""
    return min(failures[name] for name in ("record_delays", "sweep_expired", "release"))


def warnings(logs: list[Any]) -> list[str]:
    return [line["event"] for line in logs if line["log_level"] not in ("debug", "info")]
