"""Endings that outlive the task that caused them."""

import asyncio
from collections.abc import Coroutine
from typing import Any


class Aftermath:
    """Runs endings in tasks of their own, and holds these until they have ended."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, ending: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(ending)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def over(self) -> None:
        """Waits for all endings."""
        await asyncio.gather(*self._tasks)
