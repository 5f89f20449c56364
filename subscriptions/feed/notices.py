"""Notices between processes that events were written. Polling finds what a lost notice meant."""

from enum import StrEnum
from typing import Protocol


class Notice(StrEnum):
    """COMMITTED: events wait for their positions. NUMBERED: the feed has grown."""

    COMMITTED = "committed"
    NUMBERED = "numbered"


class Notices(Protocol):
    """A channel to the other processes. `announce` never waits and never fails."""

    def announce(self, notice: Notice) -> None: ...

    async def run(self) -> None: ...

    def stop(self) -> None: ...


class NoNotices:
    """Sends no notices: there is one process, or the others poll."""

    def announce(self, notice: Notice) -> None:
        """Does nothing."""

    async def run(self) -> None:
        """Does nothing."""

    def stop(self) -> None:
        """Does nothing."""
