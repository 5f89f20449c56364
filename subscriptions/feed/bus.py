"""From the one reader of the feed to the subscribers of this process."""

import math
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from models.events import Event
from models.rules.errors import Overloaded
from subscriptions.feed.wakeup import Wakeup


class StreamClosed(Overloaded):
    """The server ends a stream. `cursor` is the last that was given out: resume with it."""

    message = "The server ends this stream. Resume it with your last cursor."

    def __init__(self, cursor: str | None = None) -> None:
        super().__init__(self.message)
        self.cursor = cursor


class SlowConsumer(StreamClosed):
    """Its subscriber took nothing for too long while events came."""

    message = "You did not read this stream for too long. Resume it with your last cursor."


class Subscriber:
    """A bounded queue. `behind` says that it overflowed: what was in it is to be read again."""

    def __init__(self, size: int, stalled_seconds: float) -> None:
        self.size = size
        self.stalled_seconds = stalled_seconds
        self.behind = False
        self._closed: StreamClosed | None = None
        self._events: deque[Event] = deque()
        self._bell = Wakeup()
        self._read_at = time.monotonic()

    def offer(self, events: Sequence[Event]) -> None:
        """Put events in; never waits. A subscriber that has stalled is closed instead."""
        if self._closed:
            return
        if self.behind or len(self._events) + len(events) > self.size:
            self._events.clear()
            self.behind = True
            if time.monotonic() - self._read_at >= self.stalled_seconds:
                self.close(SlowConsumer())
        else:
            self._events.extend(events)
        self._bell.ring()

    async def take(self, seconds: float) -> list[Event]:
        """What has come, waiting for it at most so long; empty also where it is `behind`.

        Raises:
            StreamClosed: the server stops; `SlowConsumer`: this subscriber had stalled.
        """
        end = time.monotonic() + seconds
        self._read_at = math.inf  # who waits here has not stalled
        while not (self._events or self.behind or self._closed):
            # A ring may be an old one, of events that were taken before.
            if (left := end - time.monotonic()) <= 0:
                break
            await self._bell.wait(left)
        self.reads()
        if self._closed:
            raise self._closed
        events = list(self._events)
        self._events.clear()
        return events

    def reads(self) -> None:
        """The subscriber is not stalled: it works on what it took."""
        self._read_at = time.monotonic()

    def close(self, reason: StreamClosed) -> None:
        """Let `take` raise the reason from now on, and keep nothing."""
        self._closed = reason
        self._events.clear()
        self._bell.ring()


class Bus:
    """Hands every event of the feed to every subscriber of this process."""

    def __init__(self, queue_size: int, stalled_seconds: float) -> None:
        self.queue_size = queue_size
        self.stalled_seconds = stalled_seconds
        self._subscribers: set[Subscriber] = set()
        self._closed = False

    @property
    def watched(self) -> int:
        """How many subscribers there are."""
        return len(self._subscribers)

    @contextmanager
    def subscribed(self) -> Iterator[Subscriber]:
        """Within the block events come into a queue of its own."""
        subscriber = Subscriber(self.queue_size, self.stalled_seconds)
        if self._closed:
            subscriber.close(StreamClosed())
        self._subscribers.add(subscriber)
        try:
            yield subscriber
        finally:
            self._subscribers.discard(subscriber)

    def publish(self, events: Sequence[Event]) -> None:
        """Offer events to all."""
        for subscriber in self._subscribers:
            subscriber.offer(events)

    def close(self) -> None:
        """End every stream: each subscriber is told to resume elsewhere."""
        self._closed = True
        for subscriber in self._subscribers:
            subscriber.close(StreamClosed())
