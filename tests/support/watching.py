"""Watching streams of orders as the server does, without a socket between."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from types import SimpleNamespace
from typing import Any, Final, TypeVar, cast

from models.rules.access import OPEN, Actor
from resolvers.context import Context
from resolvers.cursors import Sealer
from resolvers.inputs.orders import OrderWhere
from resolvers.scalars import Cursor
from services.work import clock, feed
from subscriptions.feed.closed import StreamClosed
from subscriptions.feed.runtime import FeedRuntime
from subscriptions.feed.settings import StreamSettings
from subscriptions.feed.topics import HandOver, Sent, Topic
from subscriptions.streams.items import OrderUpdate
from subscriptions.streams.orders import Item, order_updates

SEALER: Final = Sealer(b"tests only")
WAIT_SECONDS: Final = 60
QUICK: Final = StreamSettings(poll_seconds=0.05, standby_seconds=0.1, heartbeat_seconds=60)
"""Finds events soon, and says nothing else meanwhile."""

T = TypeVar("T")


def cursor(position: int) -> Cursor:
    """The cursor that a client has after the event at that position."""
    return Cursor(SEALER.feed_cursor(position))


async def number_all() -> None:
    """Give positions to all that is committed, as a relay does; none may be running."""
    fence = await feed.acquire("test", clock.now(), 60)
    assert fence is not None
    while await feed.number(fence):
        pass
    await feed.release("test")


@asynccontextmanager
async def watching(
    live: FeedRuntime,
    where: OrderWhere | None = None,
    after: str | None = None,
    actor: Actor = OPEN,
    **arguments: Any,
) -> AsyncIterator[AsyncGenerator[Item, None]]:
    """A stream; of all orders where nothing else is said."""
    info: Any = SimpleNamespace(context=Context(actor, SEALER, live=live))
    if where is not None or not arguments:
        arguments["where"] = where or OrderWhere()
    resumed = None if after is None else Cursor(after)
    async with (
        aclosing(order_updates(info, after=resumed, **arguments)) as stream,
        aclosing(_whole(stream, live)) as items,
    ):
        yield items


class _Hearing:
    """An audience of one."""

    def __init__(self, position: int) -> None:
        self.position = position
        self.items: asyncio.Queue[Item | Exception] = asyncio.Queue()

    async def send(self, items: Sequence[Sent]) -> None:
        for sent in items:
            if sent.is_new_to(self.position):
                self.position = sent.position
                self.items.put_nowait(cast("Item", sent.item))

    def fail(self, error: Exception) -> None:
        self.items.put_nowait(error)


async def _whole(
    stream: AsyncGenerator[Item | HandOver, None], live: FeedRuntime
) -> AsyncGenerator[Item, None]:
    """What the stream yields itself, and what comes by its topic."""
    async for item in stream:
        if not isinstance(item, HandOver):
            yield item
        elif topic := live.hub.topic(item):
            async with aclosing(_handed(item, topic, live)) as items:
                async for each in items:
                    yield each


async def _handed(handed: HandOver, topic: Topic, live: FeedRuntime) -> AsyncGenerator[Item, None]:
    hearing = _Hearing(handed.position)
    topic.audiences[hearing] = hearing
    ending = live.hub.ending()
    ending.add_done_callback(
        lambda ended: None if ended.cancelled() else hearing.items.put_nowait(ended.result())
    )
    try:
        while True:
            item = await hearing.items.get()
            if isinstance(item, StreamClosed):
                handed.closed = item
                return
            if isinstance(item, Exception):
                raise item
            yield item
    finally:
        ending.cancel()
        handed.position = hearing.position
        topic.audiences.pop(hearing)
        live.hub.leave(topic)


async def take(stream: AsyncGenerator[Item, None], kind: type[T]) -> T:
    """The next item of the stream, which must be of that kind."""
    item = await asyncio.wait_for(anext(stream), WAIT_SECONDS)
    assert isinstance(item, kind), item
    return item


async def updates(stream: AsyncGenerator[Item, None], count: int) -> list[OrderUpdate]:
    """The next updates of the stream, with nothing else between."""
    return [await take(stream, OrderUpdate) for _ in range(count)]
