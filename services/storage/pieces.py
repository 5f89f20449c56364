"""Runs long computations in pieces, so that other tasks run in between."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

T = TypeVar("T")
Made = TypeVar("Made")

AT_ONCE: Final = 500
"""Values in a piece."""


async def in_pieces(values: Sequence[T], made: Callable[[T], Made]) -> list[Made]:
    """The result for each value; other tasks run after each piece."""
    found = [made(value) for value in values[:AT_ONCE]]
    for start in range(AT_ONCE, len(values), AT_ONCE):
        await asyncio.sleep(0)
        found += [made(value) for value in values[start : start + AT_ONCE]]
    return found
