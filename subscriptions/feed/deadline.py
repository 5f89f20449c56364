"""Deadlines that hold, whatever is waited for."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def within(seconds: float, step: Coroutine[Any, Any, T]) -> T:
    """What the step returns. One that does not end when it is cancelled is left behind.

    So it is with a database behind a dead network: to give up on a transaction means to tell the
    database so, which waits for the same network.

    Raises:
        TimeoutError: it took longer.
    """
    task = asyncio.create_task(step)
    try:
        await asyncio.wait({task}, timeout=seconds)
    finally:
        ended = task.done()
        if not ended:
            task.add_done_callback(_look_at)
            task.cancel()
    if not ended:
        raise TimeoutError(f"nothing within {seconds:g} s")
    return task.result()


def _look_at(task: "asyncio.Task[Any]") -> None:
    """Nobody waits for it any more; asyncio would complain that nobody saw how it ended."""
    if not task.cancelled():
        task.exception()
