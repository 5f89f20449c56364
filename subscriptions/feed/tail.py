"""Reads the feed once in each process, for all of its subscribers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import structlog

from services.storage import outages
from services.work import feed
from subscriptions.feed.bus import Bus, Subscriber
from subscriptions.feed.deadline import within
from subscriptions.feed.settings import StreamSettings
from subscriptions.feed.wakeup import Wakeup

log: Final = structlog.get_logger("ordergraph.tail")


class Tail:
    """Publishes the events after `position`, while there are subscribers."""

    def __init__(self, bus: Bus, settings: StreamSettings) -> None:
        self.bus = bus
        self.settings = settings
        self.position = 0
        self._wakeup = Wakeup()
        self._stopping = False
        self._failures = 0

    def wake(self) -> None:
        """Reads now, if there are subscribers: the feed may have grown."""
        if self.bus.watched:
            self._wakeup.wake()

    @contextmanager
    def joined(self, position: int) -> Iterator[Subscriber]:
        """A subscriber that has read the feed up to `position`, for as long as the block lasts.

        The first subscriber sets the tail's position. Later ones may be ahead of the tail or
        behind it: they skip events that they have, and read missing ones themselves.
        """
        if not self.bus.watched:
            self.position = position
        with self.bus.subscribed() as subscriber:
            self._wakeup.wake()
            yield subscriber

    async def run(self) -> None:
        """Reads and publishes until `stop`, through outages of the database."""
        while not self._stopping:
            pause = await self._batch() if self.bus.watched else self.settings.standby_seconds
            if pause and not self._stopping:
                await self._wakeup.wait(pause)

    def stop(self) -> None:
        """Ends `run` after the current batch."""
        self._stopping = True
        self._wakeup.wake()

    async def _batch(self) -> float:
        """Publishes a batch; returns the seconds to pause, 0 if more events may wait."""
        start = self.position
        try:
            size = min(self.settings.batch_size, self.settings.queue_size)
            events = await within(self.settings.database_seconds, feed.after(start, size))
        except Exception as error:  # noqa: BLE001 - it must go on when the database comes back
            self._failures += 1
            if not outages.notice(error):
                log.warning("feed.unread", error=repr(error), failures=self._failures)
            return self.settings.pause_after(self._failures)
        self._failures = 0
        outages.over()
        if self.position != start:
            return 0  # a new first subscriber has moved the position during the read
        if not events:
            return self.settings.poll_seconds
        self.position = events[-1].position
        self.bus.publish(events)
        return 0
