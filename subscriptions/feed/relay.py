"""Gives committed events their positions. Only the process with the feed's lease does so."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from services.storage import database, outages
from services.work import clock, feed
from subscriptions.feed.deadline import within
from subscriptions.feed.settings import StreamSettings
from subscriptions.feed.wakeup import Wakeup

log: Final = structlog.get_logger("ordergraph.relay")


class Relay:
    """Takes the lease when it is free, then gives positions to committed events.

    `numbered` is called after each batch. On SQLite the transaction itself gives the position, and
    the relay does nothing.
    """

    def __init__(self, holder: str, settings: StreamSettings, numbered: Callable[[], None]) -> None:
        self.holder = holder
        self.settings = settings
        self._numbered = numbered
        self._wakeup = Wakeup()
        self._stopping = False
        self._failures = 0
        self._doubtful = False
        self._fence: int | None = None
        self._renew_at: datetime | None = None

    @property
    def holds(self) -> bool:
        """Whether this process holds the lease, by its own record."""
        return self._fence is not None

    def wake(self) -> None:
        """Starts a batch now, if this process holds the lease."""
        if self.holds:
            self._wakeup.wake()

    async def run(self) -> None:
        """Numbers events until `stop`, through outages of the database; then releases the lease."""
        if database.dialect() == "sqlite":
            return
        while not self._stopping:
            pause = await self._batch()
            if pause and not self._stopping:
                await self._wakeup.wait(pause)
        await self._release()

    def stop(self) -> None:
        """Ends `run` after the current batch."""
        self._stopping = True
        self._wakeup.wake()

    async def _batch(self) -> float:
        """Numbers a batch; returns the seconds to pause, 0 if more events may wait."""
        try:
            count = await within(self.settings.database_seconds, self._number())
        except Exception as error:  # noqa: BLE001 - it must go on when the database comes back
            self._failures += 1
            self._fence = None
            self._doubtful = True
            if not outages.notice(error):
                log.warning("feed.unnumbered", error=repr(error), failures=self._failures)
            return self.settings.pause_after(self._failures)
        self._failures = 0
        outages.over()
        if count is None:
            return self.settings.standby_seconds
        if count:
            self._numbered()
        return 0 if count else self.settings.poll_seconds

    async def _number(self) -> int | None:
        """The number of events numbered, or None while another process holds the lease."""
        if self._doubtful:
            # An abandoned statement may still run. A new fence refuses its writes.
            await feed.release(self.holder)
            self._doubtful = False
        fence = await self._lease()
        return None if fence is None else await feed.number(fence)

    async def _lease(self) -> int | None:
        """The lease's fence, renewed at half time; None while another process holds the lease."""
        now = clock.now()
        if self._fence is None or self._renew_at is None or now >= self._renew_at:
            seconds = self.settings.lease_seconds
            fence = await feed.acquire(self.holder, now, seconds)
            if fence != self._fence:
                log.info("feed.lease", holder=self.holder, fence=fence)
            self._fence = fence
            self._renew_at = now + timedelta(seconds=seconds / 2)
        return self._fence

    async def _release(self) -> None:
        try:
            await within(self.settings.stop_seconds, feed.release(self.holder))
        except Exception as error:  # noqa: BLE001 - the lease ends by itself
            if not outages.notice(error):
                log.warning("feed.unreleased", error=repr(error))
        self._fence = None
