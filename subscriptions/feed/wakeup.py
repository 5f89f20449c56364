"""Waiting with an end."""

import asyncio
from contextlib import suppress


class Wakeup:
    """Whoever waits is woken by a ring, at the latest when the time is over.

    A ring that nobody waits for is kept, so that the next to wait does not miss it.
    """

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake whoever waits, or whoever waits next."""
        self._rung.set()

    async def wait(self, seconds: float) -> None:
        """Return after a ring or after that many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        self._rung.clear()
