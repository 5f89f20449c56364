"""A wakeup that a task waits for, with a time limit."""

import asyncio
from contextlib import suppress


class Wakeup:
    """Wakes the waiting task by `wake`, or after the time limit.

    A `wake` without a waiting task is stored: the next wait returns at once.
    """

    def __init__(self) -> None:
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Wakes the waiting task, or the next one."""
        self._woken.set()

    async def wait(self, seconds: float) -> None:
        """Returns after a `wake` or after `seconds`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        self._woken.clear()
