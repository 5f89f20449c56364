"""Counts what only the garbage collector would find."""

import gc
from collections.abc import Awaitable, Callable
from typing import Final

TIMES: Final = 100


async def left_by(request: Callable[[], Awaitable[None]], times: int = TIMES) -> int:
    """How many objects the collector finds after so many requests.

    What an earlier test of this process ends only now is no request's: of two rounds the better
    one counts.
    """
    for _ in range(3):  # what is made once: plans, texts of statements, documents
        await request()
    found = await _round(request, times)
    return min(found, await _round(request, times)) if found else 0


async def _round(request: Callable[[], Awaitable[None]], times: int) -> int:
    gc.collect()
    gc.disable()
    try:
        for _ in range(times):
            await request()
        return gc.collect()
    finally:
        gc.enable()
