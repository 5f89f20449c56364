"""Topics: what several streams watch alike is read, filtered and sent once for all of them."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import partial
from secrets import token_hex
from typing import Final, NamedTuple, Protocol
from uuid import UUID

import structlog

from models.events import Event
from models.rules.access import Actor
from resolvers.context import Context
from subscriptions.feed.closed import StreamClosed
from subscriptions.feed.retrying import retrying
from subscriptions.feed.settings import StreamSettings

ROUND: Final = 16
"""The events for which a topic makes items before it sends them."""

log: Final = structlog.get_logger("ordergraph.topics")


class Watch(Protocol):
    """The events that a stream selects for its actor. Watches that select alike are equal."""

    @property
    def actor(self) -> Actor: ...
    @property
    def order_id(self) -> UUID | None:
        """The only order whose events are selected, or None if any order's may be."""

    async def update(self, context: Context, event: Event) -> object | None:
        """The item for an event, or None if it is not selected or not visible."""

    def heartbeat(self, context: Context, position: int) -> object:
        """The item for a silent time: everything up to the position was sent."""


class Sent(NamedTuple):
    """An item for the members whose position is before it; a heartbeat also for those at it."""

    position: int
    item: object
    is_heartbeat: bool = False

    def is_new_to(self, position: int) -> bool:
        """Whether a member that has everything up to the position gets this item."""
        return position < self.position or (self.is_heartbeat and position == self.position)


class Audience(Protocol):
    """Members of a topic that get the same bytes."""

    async def send(self, items: Sequence[Sent]) -> None:
        """Sends items, oldest first, to each member that lacks them. Never raises."""

    def fail(self, error: Exception) -> None:
        """Ends the streams of all members with the error."""


@dataclass(eq=False, slots=True)
class Batch:
    """Events that were read together: the orders of each actor are read once for all topics."""

    _contexts: dict[Actor, Context] = field(default_factory=dict)

    def context(self, like: Context) -> Context:
        """A context for the actor of another one, with loaders that all topics share."""
        return self._contexts.setdefault(like.actor, like.renewed())

    def __del__(self) -> None:
        """Frees the contexts: each and its loaders hold each other, for the collector to find."""
        for context in self._contexts.values():
            context.forget()


class Topic:
    """Sends the events of one watch to its audiences; its task ends when nothing waits.

    All events up to `taken` were sent, or are being sent to the members of this moment. A stream
    may therefore join if it has everything up to there.
    """

    def __init__(
        self,
        watch: Watch,
        context: Context,
        taken: int,
        settings: StreamSettings,
        read: Callable[[int], Awaitable[list[Event]]],
    ) -> None:
        self.watch = watch
        self.context = context.renewed()
        self.context.correlation_id = token_hex(8)  # the topic's own, and not the first stream's
        self.taken = taken
        self.audiences: dict[Hashable, Audience] = {}
        self.sent_at = asyncio.get_running_loop().time()
        self._settings = settings
        self._read = read
        self._waiting: deque[tuple[Event, Batch]] = deque()
        self._is_behind = False
        self._heartbeat: int | None = None
        self._task: asyncio.Task[None] | None = None

    def offer(self, event: Event, batch: Batch) -> None:
        """Adds an event without waiting. With a full queue the topic reads the feed itself."""
        if len(self._waiting) >= self._settings.queue_size:
            self._waiting.clear()
            self._is_behind = True
        if not self._is_behind:
            self._waiting.append((event, batch))
        self._work_soon()

    def beat(self, position: int) -> None:
        """Sends a heartbeat with the position, unless events up to there still wait."""
        if self._task is None:
            self._heartbeat = position
            self._work_soon()

    def stop(self) -> None:
        """Ends the task."""
        if self._task:
            self._task.cancel()

    def _work_soon(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._work(), name="ordergraph.topic")

    async def _work(self) -> None:
        try:
            while self._waiting or self._is_behind or self._heartbeat is not None:
                if self._heartbeat is not None:
                    await self._send_heartbeat(self._heartbeat)
                elif self._is_behind:
                    await self._catch_up()
                else:
                    count = min(ROUND, len(self._waiting))
                    await self._send_round([self._waiting.popleft() for _ in range(count)])
        except Exception as error:  # noqa: BLE001 - the streams of the topic tell their clients
            for audience in tuple(self.audiences.values()):
                audience.fail(error)
        finally:
            self._task = None

    async def _send_heartbeat(self, position: int) -> None:
        self._heartbeat = None
        item = self.watch.heartbeat(self.context, position)
        await self._send([Sent(position, item, is_heartbeat=True)])

    async def _catch_up(self) -> None:
        """Reads the feed after `taken` to its end, once for all members."""
        self._is_behind = False
        position = self.taken
        while events := await self._read(position):
            batch = Batch()
            for start in range(0, len(events), ROUND):
                part = events[start : start + ROUND]
                await self._send_round([(event, batch) for event in part])
            position = events[-1].position
            self.taken = max(self.taken, position)

    async def _send_round(self, entries: Sequence[tuple[Event, Batch]]) -> None:
        items = []
        for event, batch in entries:
            if event.position <= self.taken:
                continue
            # Before anything is awaited: a stream that joins meanwhile must have this event.
            self.taken = event.position
            step = partial(self.watch.update, batch.context(self.context), event)
            item = await retrying(step, self._settings)
            if item is not None:
                items.append(Sent(event.position, item))
        if items:
            await self._send(items)

    async def _send(self, items: Sequence[Sent]) -> None:
        self.sent_at = asyncio.get_running_loop().time()
        await asyncio.gather(*(each.send(items) for each in tuple(self.audiences.values())))


@dataclass(eq=False, slots=True)
class HandOver:
    """Yielded by a stream at the end of the feed: from here on a topic of the hub sends for it.

    `position` is that of the last event which the client has. The stream goes on from there when
    its next item is asked for; with `closed` it ends.
    """

    watch: Watch
    context: Context
    position: int
    closed: StreamClosed | None = None
