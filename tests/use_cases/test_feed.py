"""The feed: gapless positions, given by whoever holds the lease, in each subject's order."""

import asyncio
from datetime import timedelta
from uuid import UUID

from models.events import Event, Feed
from models.rules.access import OPEN
from services.orders.note import note_on_order
from services.work import feed
from tests.support.audit.auditor import audit
from tests.support.databases import Database
from tests.support.trade import NOON, open_trade


async def noted(count: int) -> None:
    """An order with as many notes, some of them at the same time."""
    trade = await open_trade()
    await trade.product("CUP", near=5)
    order = await trade.place(("CUP", 1))
    await asyncio.gather(*(note_on_order(OPEN, order.id, "x") for _ in range(count)))


async def numbered() -> list[int]:
    """Give all that is committed its place; the places there are."""
    fence = await feed.acquire("here", NOON, 10)
    assert fence is not None
    while await feed.number(fence):
        pass
    return [event.position for event in await feed.after(0, 1000)]


async def test_every_committed_event_gets_the_next_position(database: Database) -> None:
    await noted(20)
    count = await Event.all().count()
    assert await numbered() == list(range(1, count + 1))
    assert await feed.last_position() == count
    assert await numbered() == list(range(1, count + 1))
    by_subject: dict[object, list[int]] = {}
    for event in await feed.after(0, 1000):
        by_subject.setdefault(event.subject_id, []).append(event.subject_seq)
    assert all(told == sorted(told) for told in by_subject.values())
    assert await audit() == []


async def test_the_feed_is_read_in_parts(sqlite_database: Database) -> None:
    await noted(5)
    everything = await feed.after(0, 1000)
    assert [event.position for event in await feed.after(2, 3)] == [3, 4, 5]
    assert await feed.after(len(everything), 3) == []


async def test_one_holds_the_lease_at_a_time(database: Database) -> None:
    first = await feed.acquire("one", NOON, 10)
    assert first is not None
    assert await feed.acquire("two", NOON + timedelta(seconds=9), 10) is None
    assert await feed.acquire("one", NOON + timedelta(seconds=9), 10) == first
    assert await feed.acquire("two", NOON + timedelta(seconds=18), 10) is None
    assert await feed.acquire("two", NOON + timedelta(seconds=19), 10) == first + 1
    await feed.release("one")
    assert await feed.acquire("one", NOON + timedelta(seconds=20), 10) is None
    await feed.release("two")
    assert await feed.acquire("one", NOON + timedelta(seconds=20), 10) == first + 2


async def test_of_ten_who_want_the_lease_one_gets_it(database: Database) -> None:
    wanted = (feed.acquire(f"holder {n}", NOON, 10) for n in range(10))
    fences = await asyncio.gather(*wanted)
    assert sorted(fence is not None for fence in fences) == [False] * 9 + [True]


async def test_whoever_lost_the_lease_gives_no_positions(postgres_database: Database) -> None:
    await noted(1)
    old = await feed.acquire("one", NOON, 10)
    new = await feed.acquire("two", NOON + timedelta(seconds=11), 10)
    assert old is not None
    assert new is not None
    assert await feed.number(old) == 0
    assert (await Feed.get()).last_position == 0
    assert await feed.number(new) == await Event.all().count()


async def test_a_subject_s_events_keep_their_order_whatever_their_ids(
    postgres_database: Database,
) -> None:
    """Ids are made by the clocks of several hosts, one of which may be late."""
    await noted(3)
    last = await Event.filter(subject_kind="ORDER").order_by("-subject_seq").first()
    first = await Event.all().order_by("id").first()
    assert first is not None
    assert last is not None
    await last.delete()
    last.id = UUID(int=first.id.int - 1)
    await Event.bulk_create([last])
    await numbered()
    told = await Event.filter(subject_kind="ORDER").order_by("position")
    assert [event.subject_seq for event in told] == [1, 2, 3, 4]
