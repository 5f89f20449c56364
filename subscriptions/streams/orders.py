"""The subscription to order updates."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import Annotated, Any, Final
from uuid import UUID

import strawberry

from models.events import Event
from models.orders import Order
from models.rules.access import Actor, Permission
from models.rules.errors import BadRequest
from models.rules.events import EventKind, StreamResetReason, SubjectKind
from models.rules.order_filter import OrderFilter, matches, needed_facts
from resolvers.arguments import OptionalId
from resolvers.context import Context, Info, LiveFeed
from resolvers.cursors import TRACKING
from resolvers.filters.orders import to_filter, to_query
from resolvers.identifiers import key_of
from resolvers.inputs.orders import OrderWhere
from resolvers.loaders.facts import BESIDE, facts_now
from resolvers.loaders.relation import ToOne
from resolvers.scalars import Cursor
from services.work import clock, feed
from services.work.visibility import sees_all
from subscriptions.feed.bus import StreamClosed
from subscriptions.feed.retrying import retrying
from subscriptions.streams.items import Heartbeat, OrderUpdate, StreamReset

ORDER: Final = ToOne(Order, key="order_id")

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
) -> AsyncGenerator[Item, None]:
    """Yields each event of the selected orders once, in order, after a cursor or from now on.

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
    context: Context, live: LiveFeed, watch: "_Watch", position: int
) -> AsyncGenerator[Item, None]:
    """Yields the updates of the watch, and heartbeats in between."""
    seal = context.sealer.feed_cursor
    now = asyncio.get_running_loop().time
    due = now() + live.settings.heartbeat_seconds
    try:
        async with aclosing(live.follow(position)) as events:
            async for event in events:
                item: Item | None = None
                if event is not None:
                    position = event.position
                    item = await retrying(partial(_update, context, watch, event), live.settings)
                if item is None and (event is None or now() >= due):
                    item = Heartbeat(seal(position), clock.now())
                if item is not None:
                    yield item
                    due = now() + live.settings.heartbeat_seconds
    except StreamClosed as closed:
        raise type(closed)(seal(position)) from None


@dataclass(frozen=True)
class _Watch:
    """The orders that a stream follows for an actor: one order, or those that match a filter."""

    actor: Actor
    order_id: UUID | None = None
    wanted: OrderFilter = field(default_factory=OrderFilter)

    @cached_property
    def facts(self) -> frozenset[str]:
        return needed_facts(self.wanted)

    @cached_property
    def partial_facts(self) -> frozenset[str]:
        """The facts that events keep of rows which the actor does not all see."""
        names = self.facts & BESIDE.keys()
        return frozenset(name for name in names if not sees_all(self.actor, *BESIDE[name]))

    async def matches_now(self, order: Order) -> bool:
        return matches(self.wanted, await facts_now(self.actor, order, self.facts), clock.now())

    def told(self, facts: dict[str, Any]) -> dict[str, Any]:
        """The facts that an event keeps, without those: they are read as the actor sees them."""
        hidden = self.partial_facts
        return {name: facts[name] for name in facts.keys() - hidden} if hidden else facts

    def matched(self, event: Event, facts: dict[str, Any]) -> bool:
        """Whether the order matched before or after the event; `facts` are those after it."""
        if matches(self.wanted, facts, event.at):
            return True
        made = event.subject_kind is SubjectKind.ORDER and event.subject_seq == 1
        before = {**facts, **self.told(event.before)}
        return not made and matches(self.wanted, before, _just_before(event))


def _just_before(event: Event) -> datetime:
    """An instant at which the order was as before the event.

    An order becomes late by the clock alone, and its event is written some time later. Its instant
    is therefore just before the deadline.
    """
    instant: datetime = event.at
    if event.kind is EventKind.ORDER_DELAYED:
        instant = datetime.fromisoformat(event.data["dueAt"]) - timedelta(microseconds=1)
    return instant


async def _watch(
    context: Context, order_id: str | None, token: str | None, where: OrderWhere | None
) -> _Watch:
    if sum(argument is not None for argument in (order_id, token, where)) != 1:
        raise BadRequest("Give exactly one of id, trackingToken and where.")
    if where is not None:
        wanted = to_filter(where)
        # Refuses filters that lists refuse, as of too many words.
        to_query(context.actor, wanted, clock.now())
        return _Watch(context.actor, wanted=wanted)
    if order_id is not None:
        key = key_of("Order", order_id)
    else:
        key = context.sealer.open(TRACKING, token or "")[0]
    if await context.by_key(ORDER, key) is None:
        raise BadRequest("There is no such order.")
    return _Watch(context.actor, order_id=key)


async def _opening(context: Context, watch: _Watch, position: int) -> Item:
    """A snapshot of the order; for a filter only the position, after which the client lists."""
    cursor = context.sealer.feed_cursor(position)
    if watch.order_id is None:
        return Heartbeat(cursor, clock.now())
    context.forget()
    order = await context.by_key(ORDER, watch.order_id)
    return OrderUpdate(cursor, None, order, matches=True)


async def _update(context: Context, watch: _Watch, event: Event) -> OrderUpdate | None:
    """The update for an event; None if the order is not selected or not visible."""
    if event.order_id is None or watch.order_id not in (None, event.order_id):
        return None
    after = watch.told(event.after)
    kept = watch.facts <= after.keys()
    if kept and not watch.matched(event, after):
        return None
    context.forget()
    order: Order | None = await context.by_key(ORDER, event.order_id)
    if order is None:
        return None
    # Facts that are missing in the event are read from the order's present state.
    if not kept:
        now = await facts_now(watch.actor, order, watch.facts)
        if not watch.matched(event, {**now, **after}):
            return None
    shown = event if context.actor.may(Permission.EVENTS_READ) else None
    cursor = context.sealer.feed_cursor(event.position)
    return OrderUpdate(cursor, shown, order, await watch.matches_now(order))


async def _reason_to_reset(start: int, last: int, replay_days: int) -> StreamResetReason | None:
    """The reason for which the feed cannot be replayed after `start`, or None."""
    if start > last:
        return StreamResetReason.FEED_REBUILT
    for event in await feed.after(start, 1):
        old = event.at < clock.now() - timedelta(days=replay_days)
        if old or event.position != start + 1:
            return StreamResetReason.CURSOR_TOO_OLD
    return None


def _live(context: Context) -> LiveFeed:
    if context.live is None:
        raise TypeError("This server runs no streams: its context has no `live`.")
    return context.live
