"""Whoever resumes with their last cursor sees every event once, in order."""

import asyncio
import random
from uuid import UUID

import pytest

from models.events import Event
from models.rules.order_states import OrderAction
from resolvers.inputs.orders import OrderWhere
from subscriptions.feed.closed import StreamClosed
from subscriptions.feed.runtime import FeedRuntime
from subscriptions.feed.settings import StreamSettings
from subscriptions.streams.items import Heartbeat, OrderUpdate
from tests.support.databases import Database
from tests.support.shop import Shop, open_shop
from tests.support.watching import QUICK, cursor, number_all, take, updates, watching

WRITERS = 8
ORDERS_A_WRITER = 3
EVENTS_AN_ORDER = 4


async def _write(shop: Shop) -> None:
    for _ in range(ORDERS_A_WRITER):
        order = await shop.place()
        order = await shop.act(order, OrderAction.HOLD)
        order = await shop.note(order)
        await shop.act(order, OrderAction.RELEASE)


async def _told() -> list[UUID]:
    """The events of orders, as the feed has them."""
    rows = Event.filter(order_id__not_isnull=True, position__not_isnull=True)
    return [event.id for event in await rows.order_by("position")]


async def test_nothing_is_missed_or_told_twice_while_eight_writers_commit(
    database: Database,
) -> None:
    shop = await open_shop()
    dice = random.Random(20)
    seen: list[UUID] = []
    last = str(cursor(0))
    async with FeedRuntime(QUICK) as live, asyncio.TaskGroup() as writers:
        for _ in range(WRITERS):
            writers.create_task(_write(shop))
        while len(seen) < WRITERS * ORDERS_A_WRITER * EVENTS_AN_ORDER:
            async with watching(live, after=last) as stream:
                left = WRITERS * ORDERS_A_WRITER * EVENTS_AN_ORDER - len(seen)
                for update in await updates(stream, min(left, dice.randint(1, 9))):
                    assert update.event
                    seen.append(update.event.id)
                    last = update.cursor
        assert live.hub.topics == {}
    assert seen == await _told()
    positions = [event.position for event in await Event.all().order_by("position")]
    assert positions == list(range(1, len(positions) + 1))


async def test_many_watchers_see_the_same_while_writers_commit(database: Database) -> None:
    shop = await open_shop()
    count = WRITERS * ORDERS_A_WRITER * EVENTS_AN_ORDER
    small = StreamSettings(poll_seconds=0.05, standby_seconds=0.1, batch_size=3, queue_size=3)

    async def watch(live: FeedRuntime) -> list[OrderUpdate]:
        async with watching(live, after=cursor(0)) as stream:
            return await updates(stream, count)

    async with FeedRuntime(small) as live, asyncio.TaskGroup() as tasks:
        watchers = [tasks.create_task(watch(live)) for _ in range(5)]
        for _ in range(WRITERS):
            tasks.create_task(_write(shop))
    found = [watcher.result() for watcher in watchers]
    told = await _told()
    assert [[each.event.id for each in seen if each.event] for seen in found] == [told] * 5


async def test_a_stream_whose_queue_was_too_short_reads_the_feed_again(
    database: Database,
) -> None:
    shop = await open_shop()
    await number_all()
    settings = StreamSettings(queue_size=3, batch_size=3, heartbeat_seconds=0)
    live = FeedRuntime(settings)  # not started: here nothing happens but what the test does
    async with watching(live) as stream:
        await take(stream, Heartbeat)
        waiting = asyncio.create_task(take(stream, Heartbeat))
        while not live.hub.topics:  # noqa: ASYNC110 - nothing else says that it has joined
            await asyncio.sleep(0)
        live.hub.beat()
        await waiting
        order = await shop.place()
        for _ in range(3):
            await shop.note(order)
        await number_all()
        while await live.tail._batch() == 0:
            pass
        seen = await updates(stream, 4)
    assert [each.event.id for each in seen if each.event] == await _told()


async def test_a_server_that_stops_ends_its_streams_with_their_last_cursor(
    database: Database,
) -> None:
    shop = await open_shop()
    await number_all()
    live = FeedRuntime(QUICK)
    await live.start()
    async with watching(live) as stream:
        beat = await take(stream, Heartbeat)
        waiting = asyncio.create_task(take(stream, OrderUpdate))
        await shop.place()
        update = await waiting
        rest = asyncio.create_task(take(stream, OrderUpdate))
        await live.stop()
        with pytest.raises(StreamClosed) as closed:
            await rest
    assert beat.cursor != update.cursor == closed.value.cursor
    assert all(task.done() for task in live._tasks)


async def test_a_stream_that_resumes_with_a_filter_sees_every_event_of_it_once(
    database: Database,
) -> None:
    shop = await open_shop()
    wanted = OrderWhere(channel=["web"])
    async with FeedRuntime(QUICK) as live:
        await asyncio.gather(*(shop.place(channel) for channel in ["web", "shop"] * 5))
        async with watching(live, wanted, cursor(0)) as stream:
            first = await updates(stream, 2)
        async with watching(live, wanted, first[-1].cursor) as stream:
            rest = await updates(stream, 3)
    seen = [each.event.id for each in first + rest if each.event]
    of_channel = Event.filter(position__not_isnull=True, order_id__not_isnull=True)
    rows = await of_channel.order_by("position")
    assert seen == [row.id for row in rows if row.after["channel"] == "web"]
