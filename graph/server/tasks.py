"""Work that is due by the clock, beside the requests."""

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

TURN_SECONDS: Final = 60
STOP_SECONDS: Final = 5


class Repeated:
    """Takes turns at some work while the block lasts: `async with Repeated("delays", turn, 15)`.

    A turn does a bounded part and returns how much it did. While there is some, the next turn
    follows at once, else after at most `seconds`, by chance sooner: several processes that begin
    together do not go on together. A turn that fails is logged, and the next comes all the same.
    """

    def __init__(self, name: str, turn: Callable[[], Awaitable[int]], seconds: float) -> None:
        self.name = name
        self.seconds = seconds
        self._turn = turn
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
        """Let the turn under way end, and no other begin; one that takes long is cancelled."""
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
                pause = random.uniform(self.seconds / 2, self.seconds)  # noqa: S311 - spreads turns
                await self._wakeup.wait(pause)
            if not self._stopping:
                done = await self._take_turn()

    async def _take_turn(self) -> int:
        try:
            done = await within(TURN_SECONDS, self._work())
        except Exception as error:  # noqa: BLE001 - it must go on when the database comes back
            if not outages.notice(error):
                log.warning("task.failed", task=self.name, error=repr(error))
            return 0
        outages.over()
        return done

    async def _work(self) -> int:
        return await self._turn()
