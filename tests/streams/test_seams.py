"""Where replay and live meet, an event could be lost or come twice. Each meeting is forced here.

Nothing runs in these tests but what they do themselves: the tail reads when it is told to.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from models.events import Event
from models.orders import Order
from subscriptions.feed.runtime import FeedRuntime
from subscriptions.feed.settings import StreamSettings
from tests.support.databases import Database
from tests.support.shop import Shop, open_shop
from tests.support.watching import WAIT_SECONDS

PACE = StreamSettings(heartbeat_seconds=0.01)


async def _next(stream: AsyncGenerator[Event | None, None]) -> int | None:
    """The position of the stream's next event, None for a heartbeat."""
    event = await asyncio.wait_for(anext(stream), WAIT_SECONDS)
    return event.position if event else None


async def _shop_with_order() -> tuple[Shop, Order, int]:
    shop = await open_shop()
    order = await shop.place()
    last = await Event.all().order_by("-position").first()
    assert last
    assert last.position
    return shop, order, last.position


class _Overtaken(FeedRuntime):
    """While a stream is about to subscribe, something is committed and the tail publishes it."""

    shop: Shop
    order: Order
    done = False

    async def _read(self, position: int) -> list[Event]:
        events = await super()._read(position)
        if not events and not self.done:
            self.done = True
            await self.shop.note(self.order)
            await self.tail._batch()
        return events


async def test_what_is_published_just_before_the_subscription_is_not_lost(
    sqlite_database: Database,
) -> None:
    shop, order, last = await _shop_with_order()
    live = _Overtaken(PACE)
    live.shop, live.order = shop, order
    with live.tail.joined(last):
        async with aclosing(live.follow(last)) as stream:
            assert await _next(stream) == last + 1
    assert live.tail.position == last + 1


async def test_what_the_tail_publishes_late_does_not_come_twice(sqlite_database: Database) -> None:
    shop, order, last = await _shop_with_order()
    live = FeedRuntime(PACE)
    with live.tail.joined(last - 1):
        async with aclosing(live.follow(last - 1)) as stream:
            assert await _next(stream) == last
            assert await _next(stream) is None
            assert await live.tail._batch() == 0
            await shop.note(order)
            assert await live.tail._batch() == 0
            assert await _next(stream) == last + 1
            assert await _next(stream) is None


async def test_what_the_tail_left_out_is_read_when_the_next_event_shows_it(
    sqlite_database: Database,
) -> None:
    shop, order, last = await _shop_with_order()
    live = FeedRuntime(PACE)
    async with aclosing(live.follow(last)) as stream:
        assert await _next(stream) is None
        for _ in range(2):
            await shop.note(order)
        live.tail.position += 1
        assert await live.tail._batch() == 0
        assert [await _next(stream), await _next(stream)] == [last + 1, last + 2]
        assert await _next(stream) is None


async def test_the_tail_goes_on_from_whoever_comes_after_all_have_left(
    sqlite_database: Database,
) -> None:
    shop, order, last = await _shop_with_order()
    live = FeedRuntime(PACE)
    async with aclosing(live.follow(last)) as stream:
        assert await _next(stream) is None
        assert live.tail.position == last
    assert live.bus.watched == 0
    await shop.note(order)
    async with aclosing(live.follow(last)) as stream:
        assert await _next(stream) == last + 1
        assert await _next(stream) is None
        assert live.tail.position == last + 1
        await shop.note(order)
        assert await live.tail._batch() == 0
        assert await _next(stream) == last + 2
