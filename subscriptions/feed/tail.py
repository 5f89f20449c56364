"""Reading the feed once in each process, however many subscribers it has."""

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
    """Reads what follows `position` and publishes it, as long as somebody subscribes."""

    def __init__(self, bus: Bus, settings: StreamSettings) -> None:
        self.bus = bus
        self.settings = settings
        self.position = 0
        self._bell = Wakeup()
        self._stopping = False
        self._failures = 0

    def wake(self) -> None:
        """The feed may have grown."""
        if self.bus.watched:
            self._bell.ring()

    @contextmanager
    def joined(self, position: int) -> Iterator[Subscriber]:
        """A subscriber who has read the feed up to a position, for as long as the block lasts.

        The first one says where reading goes on. Others may be ahead of the tail or behind it:
        they drop what they had, and read what they miss themselves.
        """
        if not self.bus.watched:
            self.position = position
        with self.bus.subscribed() as subscriber:
            self._bell.ring()
            yield subscriber

    async def run(self) -> None:
        """Read and publish until `stop`, whatever the database does."""
        while not self._stopping:
            pause = await self._turn() if self.bus.watched else self.settings.standby_seconds
            if pause and not self._stopping:
                await self._bell.wait(pause)

    def stop(self) -> None:
        """Let `run` end after what it is doing."""
        self._stopping = True
        self._bell.ring()

    async def _turn(self) -> float:
        """Publish a batch; how many seconds to rest, 0 where more may wait."""
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
            return 0  # all left and somebody came while we read
        if not events:
            return self.settings.poll_seconds
        self.position = events[-1].position
        self.bus.publish(events)
        return 0
