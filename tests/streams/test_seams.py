"""Where replay and live meet, an event could be lost or come twice. Each meeting is forced here.

Nothing runs in these tests but what they do themselves: the tail reads when it is told to.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import pytest

from models.events import Event
from models.orders import Order
from resolvers.inputs.orders import OrderWhere
from subscriptions.feed.runtime import FeedRuntime
from subscriptions.feed.settings import StreamSettings
from subscriptions.streams.items import Heartbeat, OrderUpdate
from subscriptions.streams.orders import Item
from tests.support.databases import Database
from tests.support.shop import Shop, open_shop
from tests.support.watching import SEALER, WAIT_SECONDS, cursor, watching

SMALL: Final = StreamSettings(queue_size=2)
WEB: Final = OrderWhere(channel=["web"])


class Stream:
    """A stream of which one item is always awaited."""

    def __init__(self, items: AsyncGenerator[Item, None]) -> None:
        self._items = items
        self._next = asyncio.ensure_future(anext(items))

    async def position(self) -> int:
        """The position of its next event."""
        async with asyncio.timeout(WAIT_SECONDS):
            item = await self._next
        assert isinstance(item, OrderUpdate), item
        self._next = asyncio.ensure_future(anext(self._items))
        return SEALER.feed_position(item.cursor)

    async def is_silent(self) -> bool:
        """Whether nothing comes although everything that runs has run."""
        await everything_has_run()
        return not self._next.done()

    async def close(self) -> None:
        """Leave."""
        self._next.cancel()
        await asyncio.gather(self._next, return_exceptions=True)


@asynccontextmanager
async def joined(
    live: FeedRuntime, after: int, where: OrderWhere | None = None
) -> AsyncIterator[Stream]:
    """A stream from a position on, once the hub sends for it, or it has found an event itself."""
    before = members(live)
    async with watching(live, where, cursor(after)) as items:
        stream = Stream(items)
        await soon(lambda: members(live) > before or stream._next.done())
        try:
            yield stream
        finally:
            await stream.close()


async def everything_has_run() -> None:
    """Return when a topic has sent what was offered to it: that takes no database."""
    for _ in range(50):
        await asyncio.sleep(0)


async def soon(holds: Callable[[], bool]) -> None:
    """Return when it holds."""
    for _ in range(100_000):
        if holds():
            return
        await asyncio.sleep(0)
    raise AssertionError("It took too long.")


def members(live: FeedRuntime) -> int:
    return sum(len(topic.audiences) for topic in live.hub.topics.values())


async def read_on(live: FeedRuntime) -> None:
    """The tail reads once."""
    assert await live.tail._batch() == 0


@pytest.fixture
async def shop(sqlite_database: Database) -> Shop:
    return await open_shop()


@pytest.fixture
async def order(shop: Shop) -> Order:
    return await shop.place()


async def last_position() -> int:
    last = await Event.all().order_by("-position").first()
    assert last
    return int(last.position or 0)


class Overtaken(FeedRuntime):
    """While a stream is about to be handed over, something is committed and the tail offers it."""

    shop: Shop
    order: Order
    done = True

    async def _read(self, position: int) -> list[Event]:
        events = await super()._read(position)
        if not events and not self.done:
            self.done = True
            await self.shop.note(self.order)
            await self.tail._batch()
            await everything_has_run()
        return events


@pytest.mark.parametrize("other", [None, WEB])
async def test_what_is_offered_just_before_a_stream_joins_is_not_lost(
    shop: Shop, order: Order, other: OrderWhere | None
) -> None:
    """Neither where its topic has it already, nor where another topic alone had it."""
    last = await last_position()
    live = Overtaken(SMALL)
    live.shop, live.order = shop, order
    async with joined(live, last, other):
        live.done = False
        async with joined(live, last) as stream:
            assert await stream.position() == last + 1
            assert await stream.is_silent()
            await shop.note(order)
            await read_on(live)
            assert await stream.position() == last + 2
            assert await stream.is_silent()


async def test_what_the_tail_reads_late_does_not_come_twice(shop: Shop, order: Order) -> None:
    last = await last_position()
    live = FeedRuntime(SMALL)
    async with joined(live, last) as first:
        await shop.note(order)
        async with joined(live, last) as second:  # of the same topic, at the same position
            await shop.note(order)
            assert live.hub.position == last
            async with joined(live, last + 2) as ahead:
                await read_on(live)
                assert [await first.position(), await first.position()] == [last + 1, last + 2]
                assert [await second.position(), await second.position()] == [last + 1, last + 2]
                assert await ahead.is_silent()
                await shop.note(order)
                await read_on(live)
                assert [await each.position() for each in (first, second, ahead)] == [last + 3] * 3


async def test_what_a_topic_has_read_itself_is_not_lost_to_a_stream_that_joins(
    shop: Shop, order: Order
) -> None:
    """A topic with a full queue reads the feed, and is then ahead of what the tail has read."""
    last = await last_position()
    live = FeedRuntime(SMALL)
    async with joined(live, last) as first:
        for _ in range(4):
            await shop.note(order)
        topic = next(iter(live.hub.topics.values()))
        events = await live._read(last)
        live.hub.offer(events[:3])  # the queue has two places
        assert [await first.position() for _ in range(4)] == [last + n for n in (1, 2, 3, 4)]
        assert (live.hub.position, topic.taken) == (last + 3, last + 4)
        async with joined(live, last + 3) as second:
            assert await second.position() == last + 4
            await read_on(live)
            assert await first.is_silent()
            assert await second.is_silent()
            await shop.note(order)
            await read_on(live)
            assert [await first.position(), await second.position()] == [last + 5] * 2


async def test_a_stream_that_joins_while_a_topic_sends_gets_what_it_lacks_and_no_more(
    shop: Shop, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = await last_position()
    live = FeedRuntime(StreamSettings())
    async with joined(live, last) as first:
        (topic,) = live.hub.topics.values()
        held, go_on = asyncio.Event(), asyncio.Event()
        send = topic._send

        async def held_back(items: object) -> None:
            held.set()
            await go_on.wait()
            await send(items)  # type: ignore[arg-type]

        monkeypatch.setattr(topic, "_send", held_back)
        await shop.note(order)
        await read_on(live)
        await held.wait()
        async with joined(live, last) as behind, joined(live, last + 1) as abreast:
            assert await behind.position() == last + 1
            go_on.set()
            assert await first.position() == last + 1
            assert await behind.is_silent()
            assert await abreast.is_silent()
            await shop.note(order)
            await read_on(live)
            for each in (first, behind, abreast):
                assert await each.position() == last + 2


async def test_the_hub_goes_on_from_the_first_stream_after_all_have_left(
    shop: Shop, order: Order
) -> None:
    last = await last_position()
    live = FeedRuntime(SMALL)
    async with joined(live, last):
        assert live.hub.position == last
    assert live.hub.topics == {}
    await shop.note(order)
    async with joined(live, last) as stream:
        assert await stream.position() == last + 1
        assert await stream.is_silent()
        assert live.hub.position == last + 1
        await shop.note(order)
        await read_on(live)
        assert await stream.position() == last + 2


async def test_a_heartbeat_takes_no_cursor_back(shop: Shop, order: Order) -> None:
    last = await last_position()
    live = FeedRuntime(StreamSettings(heartbeat_seconds=0))
    async with watching(live, after=cursor(last)) as behind:
        waiting = asyncio.ensure_future(anext(behind))
        await soon(lambda: members(live) == 1)
        await shop.note(order)
        async with joined(live, last + 1) as ahead:
            live.hub.beat()
            beat = await asyncio.wait_for(waiting, WAIT_SECONDS)
            assert isinstance(beat, Heartbeat)
            assert SEALER.feed_position(beat.cursor) == last
            assert await ahead.is_silent()
            await read_on(live)
            item = await asyncio.wait_for(anext(behind), WAIT_SECONDS)
            assert isinstance(item, OrderUpdate)
            assert await ahead.is_silent()
