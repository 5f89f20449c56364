"""Telling other processes that there is something to do. Whatever is lost, polling finds."""

from enum import StrEnum
from typing import Protocol


class Notice(StrEnum):
    """COMMITTED: there are events to number. NUMBERED: the feed has grown."""

    COMMITTED = "committed"
    NUMBERED = "numbered"


class Notices(Protocol):
    """A way to other processes. `tell` never waits and never fails."""

    def tell(self, notice: Notice) -> None: ...

    async def run(self) -> None: ...

    def stop(self) -> None: ...


class NoNotices:
    """There is no other process, or it polls."""

    def tell(self, notice: Notice) -> None:
        """Nothing."""

    async def run(self) -> None:
        """Nothing."""

    def stop(self) -> None:
        """Nothing."""
