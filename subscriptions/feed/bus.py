"""Hands the events of the feed to the subscribers of this process."""

import math
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from models.events import Event
from models.rules.errors import Overloaded
from subscriptions.feed.wakeup import Wakeup


class StreamClosed(Overloaded):
    """The server ends a stream; `cursor` is the last cursor sent, from which a client resumes."""

    message = "The server ends this stream. Resume it with your last cursor."

    def __init__(self, cursor: str | None = None) -> None:
        super().__init__(self.message)
        self.cursor = cursor


class SlowConsumer(StreamClosed):
    """The subscriber read nothing for `stalled_seconds` while events came."""

    message = "You did not read this stream for too long. Resume it with your last cursor."


class Subscriber:
    """A bounded queue of events. After an overflow it is empty and `behind` is set."""

    def __init__(self, size: int, stalled_seconds: float) -> None:
        self.size = size
        self.stalled_seconds = stalled_seconds
        self.behind = False
        self._closed: StreamClosed | None = None
        self._events: deque[Event] = deque()
        self._wakeup = Wakeup()
        self._read_at = time.monotonic()

    def offer(self, events: Sequence[Event]) -> None:
        """Adds events without waiting. A stalled subscriber is closed instead."""
        if self._closed:
            return
        if self.behind or len(self._events) + len(events) > self.size:
            self._events.clear()
            self.behind = True
            if time.monotonic() - self._read_at >= self.stalled_seconds:
                self.close(SlowConsumer())
        else:
            self._events.extend(events)
        self._wakeup.wake()

    async def take(self, seconds: float) -> list[Event]:
        """Returns the queued events, after at most `seconds`; none also if it is `behind`.

        Raises:
            StreamClosed: the server stops; `SlowConsumer`: this subscriber had stalled.
        """
        end = time.monotonic() + seconds
        self._read_at = math.inf  # a waiting subscriber is not stalled
        while not (self._events or self.behind or self._closed):
            # The wakeup may be left from events that were taken before.
            if (left := end - time.monotonic()) <= 0:
                break
            await self._wakeup.wait(left)
        self.mark_read()
        if self._closed:
            raise self._closed
        events = list(self._events)
        self._events.clear()
        return events

    def mark_read(self) -> None:
        """Records that the subscriber has just read, so it is not stalled."""
        self._read_at = time.monotonic()

    def close(self, reason: StreamClosed) -> None:
        """Empties the queue and lets `take` raise the reason from now on."""
        self._closed = reason
        self._events.clear()
        self._wakeup.wake()


class Bus:
    """Hands each event of the feed to each subscriber of this process."""

    def __init__(self, queue_size: int, stalled_seconds: float) -> None:
        self.queue_size = queue_size
        self.stalled_seconds = stalled_seconds
        self._subscribers: set[Subscriber] = set()
        self._closed = False

    @property
    def watched(self) -> int:
        """The number of subscribers."""
        return len(self._subscribers)

    @contextmanager
    def subscribed(self) -> Iterator[Subscriber]:
        """A subscriber with its own queue, for as long as the block lasts."""
        subscriber = Subscriber(self.queue_size, self.stalled_seconds)
        if self._closed:
            subscriber.close(StreamClosed())
        self._subscribers.add(subscriber)
        try:
            yield subscriber
        finally:
            self._subscribers.discard(subscriber)

    def publish(self, events: Sequence[Event]) -> None:
        """Offers the events to all subscribers."""
        for subscriber in self._subscribers:
            subscriber.offer(events)

    def close(self) -> None:
        """Ends all streams; each client resumes at another process."""
        self._closed = True
        for subscriber in self._subscribers:
            subscriber.close(StreamClosed())
