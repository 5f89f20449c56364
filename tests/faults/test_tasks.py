"""Work by the clock: it goes on after a failure, and ends when the server does."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from graph.server import app, tasks
from graph.server.tasks import Repeated
from models.events import Event
from models.idempotency import IdempotencyKey
from models.inventory import Reservation, StockItem
from models.orders import Order
from models.rules.access import OPEN, SYSTEM
from models.rules.events import EventKind
from services.orders.delays import record_delays
from services.orders.entry import PlaceOrder
from services.orders.goods import NewLine
from services.orders.place import draft_order
from services.storage import database as service
from services.work import clock
from tests.support.databases import Database
from tests.support.processes import Server, started
from tests.support.serving import application
from tests.support.shop import Shop, open_shop

SECONDS = 60
SOON = 0.001
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


async def test_turns_follow_each_other_while_there_is_work() -> None:
    done = asyncio.Event()
    left = [100, 100, 7]
    turns: list[int] = []

    async def turn() -> int:
        count = left.pop(0) if left else 0
        turns.append(count)
        if not count:
            done.set()
        return count

    async with Repeated("work", turn, SOON):
        await asyncio.wait_for(done.wait(), SECONDS)
    assert turns[:4] == [100, 100, 7, 0]


async def test_a_turn_that_fails_is_followed_by_another() -> None:
    done = asyncio.Event()
    turns = 0

    async def turn() -> int:
        nonlocal turns
        turns += 1
        if turns < 3:
            raise ConnectionError
        done.set()
        return 0

    async with Repeated("work", turn, SOON):
        await asyncio.wait_for(done.wait(), SECONDS)


async def test_nothing_begins_before_its_time_nor_after_the_end() -> None:
    async def turn() -> int:
        raise AssertionError("there was no time for it")

    async with Repeated("work", turn, 600):
        pass


async def test_the_turn_under_way_may_end() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()
    turns: list[str] = []

    async def turn() -> int:
        turns.append("begun")
        begun.set()
        await go_on.wait()
        turns.append("ended")
        return 1

    async def work() -> None:
        async with Repeated("work", turn, SOON):
            await begun.wait()

    working = asyncio.create_task(work())
    await begun.wait()
    await asyncio.sleep(0)
    assert not working.done()
    go_on.set()
    await asyncio.wait_for(working, SECONDS)
    assert turns == ["begun", "ended"]


async def test_a_turn_that_does_not_end_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "STOP_SECONDS", SOON)
    begun = asyncio.Event()

    async def turn() -> int:
        begun.set()
        await asyncio.Event().wait()
        return 0

    async with asyncio.timeout(SECONDS):
        async with Repeated("work", turn, SOON):
            await begun.wait()


async def late_orders(shop: Shop, count: int) -> list[Order]:
    with clock.frozen(LONG_AGO):
        return [await shop.place() for _ in range(count)]


async def test_a_server_tells_of_delays_while_it_runs(database: Database) -> None:
    """Its start comes upon those that became late while nothing ran."""
    shop = await open_shop()
    await late_orders(shop, 3)
    await service.disconnect()
    with application(database_url=database.url, delay_poll_seconds=0.01) as served:
        async with served.router.lifespan_context(served):
            await until_told(3)
            await late_orders(shop, 2)
            await until_told(5)
    await service.connect(database.url)
    assert await record_delays(SYSTEM) == 0


async def until_told(count: int) -> None:
    told = Event.filter(kind=EventKind.ORDER_DELAYED)
    await until(told.count, lambda found: found >= count)


async def until(count: Callable[[], Awaitable[int]], is_enough: Callable[[int], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while True:
            if is_enough(await count()):
                return
            await asyncio.sleep(0.01)


async def test_a_server_forgets_old_keys_while_it_runs(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "KEYS_SECONDS", SOON)
    for key, at in (("old", LONG_AGO), ("young", clock.now())):
        await IdempotencyKey.create(
            principal="open", key=key, field="orderPlace", fingerprint="", created_at=at
        )
    await service.disconnect()
    with application(database_url=database.url) as served:
        async with served.router.lifespan_context(served):
            await until(IdempotencyKey.all().count, lambda found: found < 2)
    await service.connect(database.url)
    assert [each.key for each in await IdempotencyKey.all()] == ["young"]


async def test_a_server_frees_what_drafts_hold_no_longer_while_it_runs(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "EXPIRY_SECONDS", SOON)
    shop = await open_shop()
    hour = timedelta(hours=1)
    for at in (LONG_AGO, clock.now()):
        with clock.frozen(at):
            held = PlaceOrder(shop.customer_id, (NewLine("CUP", 2),), reserve_until=at + hour)
            await draft_order(OPEN, held)
    await service.disconnect()
    with application(database_url=database.url) as served:
        async with served.router.lifespan_context(served):
            await until(Reservation.all().count, lambda found: found < 2)
    await service.connect(database.url)
    assert (await StockItem.get()).reserved == 2


async def test_servers_beside_and_after_each_other_tell_once(
    postgres_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three processes of two servers; one is killed, and another server comes after them."""
    monkeypatch.setenv("ORDERGRAPH_DELAY_POLL_SECONDS", "0.01")
    shop = await open_shop()
    orders = await late_orders(shop, 40)
    folders = [tmp_path / name for name in ("one", "two", "three")]
    for folder in folders:
        folder.mkdir()
    async with started(postgres_database, folders[0], workers=2):
        async with started(postgres_database, folders[1]) as other:
            await until_told(40)
            orders += await late_orders(shop, 20)
            await _kill(other)
        await until_told(60)
    orders += await late_orders(shop, 5)
    async with started(postgres_database, folders[2]):
        await until_told(65)
    rows = await Event.filter(kind=EventKind.ORDER_DELAYED)
    assert sorted(event.order_id.hex for event in rows if event.order_id) == sorted(
        order.id.hex for order in orders
    )


async def _kill(server: Server) -> None:
    server.process.kill()
    await server.process.wait()
