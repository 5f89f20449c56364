"""Numbering what was committed: one process at a time, the holder of the feed's lease."""

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
    """Takes the lease where it is free, and then gives positions to committed events.

    `numbered` is called after each batch. On SQLite there is nothing to do: there the position is
    given in the transaction itself.
    """

    def __init__(self, holder: str, settings: StreamSettings, numbered: Callable[[], None]) -> None:
        self.holder = holder
        self.settings = settings
        self._numbered = numbered
        self._bell = Wakeup()
        self._stopping = False
        self._failures = 0
        self._doubtful = False
        self._fence: int | None = None
        self._renew_at: datetime | None = None

    @property
    def holds(self) -> bool:
        """Whether this process numbers the feed, as far as it knows."""
        return self._fence is not None

    def wake(self) -> None:
        """Something was committed. Nobody but the holder of the lease needs to look."""
        if self.holds:
            self._bell.ring()

    async def run(self) -> None:
        """Number events until `stop`, whatever the database does; then give the lease back."""
        if database.dialect() == "sqlite":
            return
        while not self._stopping:
            pause = await self._turn()
            if pause and not self._stopping:
                await self._bell.wait(pause)
        await self._release()

    def stop(self) -> None:
        """Let `run` end after what it is doing."""
        self._stopping = True
        self._bell.ring()

    async def _turn(self) -> float:
        """Number a batch; how many seconds to rest, 0 where more may wait."""
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
        """How many events got a position, None while another process holds the lease."""
        if self._doubtful:
            # What we gave up on may still be under way. A new fence shuts it out.
            await feed.release(self.holder)
            self._doubtful = False
        fence = await self._lease()
        return None if fence is None else await feed.number(fence)

    async def _lease(self) -> int | None:
        """The fence of our lease, renewed when half of its time is over; None: another has it."""
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
