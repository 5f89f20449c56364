"""Reads the feed once in each process, for all of its streams."""

from typing import Final

import structlog

from services.storage import outages
from services.work import feed
from subscriptions.feed.deadline import within
from subscriptions.feed.hub import Hub
from subscriptions.feed.settings import StreamSettings
from subscriptions.feed.wakeup import Wakeup

log: Final = structlog.get_logger("ordergraph.tail")


class Tail:
    """Offers the hub the events after its position, while it has topics."""

    def __init__(self, hub: Hub, settings: StreamSettings) -> None:
        self.hub = hub
        self.settings = settings
        self._wakeup = Wakeup()
        self._stopping = False
        self._failures = 0

    def wake(self) -> None:
        """Reads now, if there are topics: the feed may have grown."""
        if self.hub.topics:
            self._wakeup.wake()

    async def run(self) -> None:
        """Reads and offers until `stop`, through outages of the database."""
        while not self._stopping:
            pause = await self._batch() if self.hub.topics else self.settings.standby_seconds
            if pause and not self._stopping:
                await self._wakeup.wait(pause)

    def stop(self) -> None:
        """Ends `run` after the current batch."""
        self._stopping = True
        self._wakeup.wake()

    async def _batch(self) -> float:
        """Offers a batch; returns the seconds to pause, 0 if more events may wait."""
        start = self.hub.position
        try:
            step = feed.after(start, self.settings.batch_size)
            events = await within(self.settings.database_seconds, step)
        except Exception as error:  # noqa: BLE001 - it must go on when the database comes back
            self._failures += 1
            if not outages.notice(error):
                log.warning("feed.unread", error=repr(error), failures=self._failures)
            return self.settings.pause_after(self._failures)
        self._failures = 0
        outages.over()
        if self.hub.position != start:
            return 0  # a new first topic has moved the position during the read
        if not events:
            return self.settings.poll_seconds
        self.hub.offer(events)
        return 0
