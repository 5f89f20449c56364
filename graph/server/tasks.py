"""Tasks that are due by the clock."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Final, Self

import structlog

from services.storage import outages
from subscriptions.feed.deadline import within
from subscriptions.feed.wakeup import Wakeup

log: Final = structlog.get_logger("ordergraph.tasks")

STEP_SECONDS: Final = 60
STOP_SECONDS: Final = 5


class Repeated:
    """Repeats a task while the block lasts: `async with Repeated("delays", step, 15)`.

    A step does a bounded part of the task and returns the count of what it did. After a count
    above 0 the next step follows at once, otherwise after at most `seconds`; the pause is random,
    so that processes that start together spread their steps. A step that fails is logged, and the
    next one follows.
    """

    def __init__(self, name: str, step: Callable[[], Awaitable[int]], seconds: float) -> None:
        self.name = name
        self.seconds = seconds
        self._step = step
        self._wakeup = Wakeup()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name=f"ordergraph.{self.name}")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Lets the running step end, up to `STOP_SECONDS`; then cancels it."""
        self._stopping = True
        self._wakeup.wake()
        if self._task:
            await asyncio.wait({self._task}, timeout=STOP_SECONDS)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        done = 0
        while not self._stopping:
            if not done:
                pause = random.uniform(self.seconds / 2, self.seconds)  # noqa: S311 - spreads steps
                await self._wakeup.wait(pause)
            if not self._stopping:
                done = await self._run_step()

    async def _run_step(self) -> int:
        try:
            done = await within(STEP_SECONDS, self._work())
        except Exception as error:  # noqa: BLE001 - it must go on when the database comes back
            if not outages.notice(error):
                log.warning("task.failed", task=self.name, error=repr(error))
            return 0
        outages.over()
        return done

    async def _work(self) -> int:
        return await self._step()
