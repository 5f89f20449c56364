"""Deadlines that hold even if a step ignores its cancellation."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def within(seconds: float, step: Coroutine[Any, Any, T]) -> T:
    """Returns the result of the step; after the deadline the step is cancelled and left behind.

    Cancelling does not end a step whose database is behind a dead network: the rollback waits for
    the same network.

    Raises:
        TimeoutError: the step took longer than `seconds`.
    """
    task = asyncio.create_task(step)
    try:
        await asyncio.wait({task}, timeout=seconds)
    finally:
        ended = task.done()
        if not ended:
            task.add_done_callback(_retrieve_exception)
            task.cancel()
    if not ended:
        raise TimeoutError(f"nothing within {seconds:g} s")
    return task.result()


def _retrieve_exception(task: "asyncio.Task[Any]") -> None:
    """Reads the exception of an abandoned task, which asyncio would otherwise report as unread."""
    if not task.cancelled():
        task.exception()
