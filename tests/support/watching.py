"""Watching streams of orders as the server does, without a socket between."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from types import SimpleNamespace
from typing import Any, Final, TypeVar

from models.rules.access import OPEN, Actor
from resolvers.context import Context
from resolvers.cursors import Sealer
from resolvers.inputs.orders import OrderWhere
from resolvers.scalars import Cursor
from services.work import clock, feed
from subscriptions.feed.runtime import FeedRuntime
from subscriptions.feed.settings import StreamSettings
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
    async with aclosing(order_updates(info, after=resumed, **arguments)) as stream:
        yield stream


async def take(stream: AsyncGenerator[Item, None], kind: type[T]) -> T:
    """The next item of the stream, which must be of that kind."""
    item = await asyncio.wait_for(anext(stream), WAIT_SECONDS)
    assert isinstance(item, kind), item
    return item


async def updates(stream: AsyncGenerator[Item, None], count: int) -> list[OrderUpdate]:
    """The next updates of the stream, with nothing else between."""
    return [await take(stream, OrderUpdate) for _ in range(count)]
