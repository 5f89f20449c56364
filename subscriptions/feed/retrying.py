"""Repeats reads through an outage of the database."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from services.storage import outages
from subscriptions.feed.settings import StreamSettings

T = TypeVar("T")


class Pauses(Protocol):
    """How long to wait before a read is repeated."""

    def pause_after(self, failures: int) -> float:
        """Seconds to pause after failures in a row."""


USUAL = StreamSettings()


async def retrying(step: Callable[[], Awaitable[T]], pauses: Pauses = USUAL) -> T:
    """Returns the result of the step, repeated with growing pauses while the database is out."""
    failures = 0
    while True:
        try:
            return await step()
        except Exception as error:
            if not outages.notice(error):
                raise
            failures += 1
        await asyncio.sleep(pauses.pause_after(failures))
