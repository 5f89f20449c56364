"""The subscription to order updates."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import timedelta
from functools import partial
from typing import Annotated

import strawberry

from models.rules.errors import BadRequest
from models.rules.events import StreamResetReason
from resolvers.arguments import OptionalId
from resolvers.context import Context, Info
from resolvers.cursors import TRACKING
from resolvers.filters.orders import to_filter, to_query
from resolvers.identifiers import key_of
from resolvers.inputs.orders import OrderWhere
from resolvers.scalars import Cursor
from services.work import clock, feed
from subscriptions.feed.retrying import retrying
from subscriptions.feed.runtime import FeedRuntime
from subscriptions.feed.topics import HandOver
from subscriptions.streams.items import Heartbeat, OrderUpdate, StreamReset
from subscriptions.streams.watches import ORDER, OrderWatch

Item = OrderUpdate | Heartbeat | StreamReset


async def order_updates(
    info: Info,
    id: OptionalId = None,  # noqa: A002 - the contract's name of the argument
    tracking_token: Annotated[
        str | None, strawberry.argument(description="The token of an order's tracking link.")
    ] = None,
    where: Annotated[
        OrderWhere | None,
        strawberry.argument(description="The filter of the orders. `{}` matches all orders."),
    ] = None,
    after: Annotated[
        Cursor | None,
        strawberry.argument(
            description="The cursor to resume after. Without it the stream starts now."
        ),
    ] = None,
) -> AsyncGenerator[Item | HandOver, None]:
    """Yields each event of the selected orders once, in order, after a cursor or from now on.

    It yields the stored events itself; a `HandOver` then asks for the hub.

    An event is sent if its order matched before or after it. Visibility is checked again for each
    event.

    Raises:
        BadRequest: not exactly one of the selections, a foreign id or cursor, no such order.
        StreamClosed: the server stops, or the caller did not read for too long; has a cursor.
    """
    context, live = info.context, _live(info.context)
    watch = await _watch(context, id, tracking_token, where)
    # The position is read before any object, so that no object is older than its cursor.
    position = await feed.last_position()
    if after is None:
        yield await _opening(context, watch, position)
    else:
        start = context.sealer.feed_position(after)
        reason = await _reason_to_reset(start, position, live.settings.replay_days)
        if reason:
            yield StreamReset(reason, context.sealer.feed_cursor(position))
            yield await _opening(context, watch, position)
        else:
            position = start
    async with aclosing(_updates(context, live, watch, position)) as updates:
        async for item in updates:
            yield item


async def _updates(
    context: Context, live: FeedRuntime, watch: OrderWatch, position: int
) -> AsyncGenerator[Item | HandOver, None]:
    """Yields the updates that are stored, and hands over to the hub at the end of the feed."""
    handed = HandOver(watch, context, position)
    while handed.closed is None:
        async with aclosing(live.stored(handed.position)) as events:
            async for event in events:
                context.forget()
                step = partial(watch.update, context, event)
                item = await retrying(step, live.settings)
                if item is not None:
                    yield item
                handed.position = event.position
        context.forget()
        yield handed
    raise type(handed.closed)(context.sealer.feed_cursor(handed.position))


async def _watch(
    context: Context, order_id: str | None, token: str | None, where: OrderWhere | None
) -> OrderWatch:
    if sum(argument is not None for argument in (order_id, token, where)) != 1:
        raise BadRequest("Give exactly one of id, trackingToken and where.")
    if where is not None:
        wanted = to_filter(where)
        # Refuses filters that lists refuse, as of too many words.
        to_query(context.actor, wanted, clock.now())
        return OrderWatch(context.actor, wanted=wanted)
    if order_id is not None:
        key = key_of("Order", order_id)
    else:
        key = context.sealer.open(TRACKING, token or "")[0]
    if await context.by_key(ORDER, key) is None:
        raise BadRequest("There is no such order.")
    return OrderWatch(context.actor, order_id=key)


async def _opening(context: Context, watch: OrderWatch, position: int) -> Item:
    """A snapshot of the order; for a filter only the position, after which the client lists."""
    cursor = context.sealer.feed_cursor(position)
    if watch.order_id is None:
        return Heartbeat(cursor, clock.now())
    context.forget()
    order = await context.by_key(ORDER, watch.order_id)
    return OrderUpdate(cursor, None, order, matches=True)


async def _reason_to_reset(start: int, last: int, replay_days: int) -> StreamResetReason | None:
    """The reason for which the feed cannot be replayed after `start`, or None."""
    if start > last:
        return StreamResetReason.FEED_REBUILT
    for event in await feed.after(start, 1):
        old = event.at < clock.now() - timedelta(days=replay_days)
        if old or event.position != start + 1:
            return StreamResetReason.CURSOR_TOO_OLD
    return None


def _live(context: Context) -> FeedRuntime:
    if not isinstance(context.live, FeedRuntime):
        raise TypeError("This server runs no streams: its context has no `live`.")
    return context.live
