"""Who numbers the feed, and that nothing in it can be overtaken."""

import asyncio
import sys
from datetime import timedelta

import asyncpg
import pytest
from tortoise.transactions import in_transaction

from models.columns import new_id
from models.events import Event
from models.rules.access import ActorKind
from models.rules.events import EventKind, SubjectKind
from services.storage import database
from services.work import clock, feed
from subscriptions.feed.deadline import within
from subscriptions.feed.relay import Relay
from subscriptions.feed.runtime import FeedRuntime
from subscriptions.feed.settings import MAX_PAUSE_SECONDS, StreamSettings
from subscriptions.streams.items import Heartbeat
from tests.support.databases import Database
from tests.support.shop import open_shop
from tests.support.watching import QUICK, WAIT_SECONDS, cursor, number_all, take, updates, watching

DEAF = StreamSettings(poll_seconds=60, standby_seconds=0.1, heartbeat_seconds=60)
"""Finds nothing by itself within a test."""


@pytest.fixture(params=["postgres", "mariadb", "mysql"])
def numbered_database(request: pytest.FixtureRequest) -> Database:
    """Those databases where positions are given after the commit."""
    found: Database = request.getfixturevalue(f"{request.param}_database")
    return found


def _event() -> Event:
    return Event(
        id=new_id(),
        subject_kind=SubjectKind.ORDER,
        subject_id=new_id(),
        subject_seq=1,
        subject_version=1,
        kind=EventKind.NOTE_ADDED,
        at=clock.now(),
        actor_kind=ActorKind.SYSTEM,
        actor_id="test",
    )


async def test_an_event_that_commits_late_is_lost_by_ids_and_found_by_positions(
    numbered_database: Database,
) -> None:
    early, late = _event(), _event()  # ids are in the order of their making
    inserted, go_on = asyncio.Event(), asyncio.Event()

    async def commit_late() -> None:
        async with in_transaction() as connection:
            await Event.bulk_create([early], using_db=connection)
            inserted.set()
            await go_on.wait()

    slow = asyncio.create_task(commit_late())
    await inserted.wait()
    await Event.bulk_create([late])
    await number_all()
    (by_id,) = await Event.all().order_by("id")
    (by_position,) = await feed.after(0, 10)
    assert by_id.id == by_position.id == late.id
    go_on.set()
    await slow
    await number_all()
    assert await Event.filter(id__gt=by_id.id) == []
    assert [event.id for event in await feed.after(by_position.position, 10)] == [early.id]


async def test_a_holder_that_died_is_followed_when_its_lease_ends(
    numbered_database: Database,
) -> None:
    shop = await open_shop()
    now = clock.now()
    lost = await feed.acquire("dead", now, 10)
    assert lost is not None
    with clock.frozen(now + timedelta(seconds=9)):
        early = Relay("alive", QUICK, lambda: None)
        assert await early._batch() == QUICK.standby_seconds
        assert not early.holds
    with clock.frozen(now + timedelta(seconds=11)):
        async with FeedRuntime(QUICK) as live, watching(live) as stream:
            await take(stream, Heartbeat)
            await shop.place()
            await updates(stream, 1)
            assert live.relay.holds
            await Event.bulk_create([_event()])
            assert await feed.number(lost) == 0, "the old holder must be refused"
            assert await feed.acquire("other", clock.now(), 10) is None
    assert await feed.acquire("other", now, 10) is not None, "the lease was given back"


async def test_a_relay_goes_on_when_the_database_serves_it_again(
    numbered_database: Database,
) -> None:
    await open_shop()
    numbered = asyncio.Event()
    relay = Relay("alive", QUICK, numbered.set)
    await database.connection().execute_script("ALTER TABLE feed RENAME TO feed_away")
    try:
        pauses = [await relay._batch() for _ in range(8)]
    finally:
        await database.connection().execute_script("ALTER TABLE feed_away RENAME TO feed")
    assert 0 < pauses[0] < pauses[3] < pauses[-1] <= MAX_PAUSE_SECONDS
    assert not relay.holds
    running = asyncio.create_task(relay.run())
    await asyncio.wait_for(numbered.wait(), WAIT_SECONDS)
    relay.stop()
    await asyncio.wait_for(running, WAIT_SECONDS)
    assert not await Event.filter(position__isnull=True).exists()


async def test_what_the_relay_gave_up_on_is_shut_out(numbered_database: Database) -> None:
    """It may commit long after: it would give positions again that we have given meanwhile."""
    relay = Relay("alive", QUICK, lambda: None)
    await relay._batch()
    given_up = relay._fence
    assert given_up is not None
    await database.connection().execute_script("ALTER TABLE event RENAME TO event_away")
    try:
        await relay._batch()
    finally:
        await database.connection().execute_script("ALTER TABLE event_away RENAME TO event")
    assert not relay.holds
    await relay._batch()
    assert relay._fence == given_up + 1
    await Event.bulk_create([_event()])
    assert await feed.number(given_up) == 0
    assert await relay._batch() == 0


async def test_a_step_that_cannot_be_cancelled_is_left_behind() -> None:
    go_on, ended = asyncio.Event(), asyncio.Event()

    async def stubborn() -> None:
        try:
            await go_on.wait()
        except asyncio.CancelledError:
            await go_on.wait()
        ended.set()

    with pytest.raises(TimeoutError):
        await within(0.01, stubborn())
    assert not ended.is_set()
    go_on.set()
    await asyncio.wait_for(ended.wait(), WAIT_SECONDS)


async def test_a_process_goes_on_when_its_connections_were_cut(
    postgres_database: Database,
) -> None:
    shop = await open_shop()
    async with FeedRuntime(QUICK) as live, watching(live, after=cursor(0)) as stream:
        await shop.place()
        await updates(stream, 1)
        await _cut_connections(postgres_database)
        fresh = await asyncpg.connect(postgres_database.url)
        await fresh.execute("UPDATE event SET position = NULL WHERE order_id IS NOT NULL")
        await fresh.close()
        await updates(stream, 1)


async def _cut_connections(database: Database) -> None:
    connection = await asyncpg.connect(database.url)
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await connection.close()


OTHER_PROCESS = """
import asyncio, sys
from services.storage import database
from subscriptions.feed.runtime import FeedRuntime
from tests.support.shop import Shop
from uuid import UUID

async def main():
    await database.connect(sys.argv[1])
    try:
        async with FeedRuntime():
            order = await Shop(UUID(sys.argv[2]), UUID(sys.argv[3])).place()
            print(order.id.hex)
    finally:
        await database.disconnect()

asyncio.run(main())
"""


async def test_processes_on_one_database_see_each_others_events(
    postgres_database: Database,
) -> None:
    shop = await open_shop()
    await number_all()
    async with FeedRuntime(QUICK) as live, watching(live) as stream:
        await take(stream, Heartbeat)
        other = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-c", OTHER_PROCESS, postgres_database.url),
            *(str(shop.customer_id), str(shop.warehouse_id)),
            stdout=asyncio.subprocess.PIPE,
        )
        (placed,) = await updates(stream, 1)
        out, _ = await asyncio.wait_for(other.communicate(), WAIT_SECONDS)
    assert placed.order.id.hex == out.decode().split()[-1]


async def test_two_on_one_database_see_what_only_one_of_them_was_told(
    postgres_database: Database,
) -> None:
    """By polling: the second does not hear of this process's commits."""
    shop = await open_shop()
    await number_all()
    async with FeedRuntime(QUICK) as one, FeedRuntime(QUICK) as two:
        assert two._forget
        two._forget()
        two._forget = None
        async with watching(one) as first, watching(two) as second:
            await take(first, Heartbeat)
            await take(second, Heartbeat)
            await shop.place()
            (seen,), (also,) = await updates(first, 1), await updates(second, 1)
    assert seen.cursor == also.cursor


async def test_redis_wakes_other_processes(postgres_database: Database, redis_url: str) -> None:
    """Neither would poll before a minute is over; only one hears of the commit directly."""
    shop = await open_shop()
    await number_all()
    async with FeedRuntime(DEAF, redis_url) as one, FeedRuntime(DEAF, redis_url) as two:
        for live in (one, two):
            await asyncio.wait_for(live.notices.listening.wait(), WAIT_SECONDS)  # type: ignore[attr-defined]
        holder, other = (one, two) if one.relay.holds else (two, one)
        assert holder._forget
        holder._forget()
        holder._forget = None
        async with watching(other) as stream:
            await take(stream, Heartbeat)
            await shop.place()
            await updates(stream, 1)


async def test_without_its_redis_a_process_polls(postgres_database: Database) -> None:
    shop = await open_shop()
    nowhere = "redis://127.0.0.1:1/0"
    async with FeedRuntime(QUICK, nowhere) as live, watching(live, after=cursor(0)) as stream:
        await shop.place()
        await updates(stream, 1)
