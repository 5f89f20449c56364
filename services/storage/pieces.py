"""Long reckonings in pieces, so that one of them does not keep the loop from all others."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

T = TypeVar("T")
Made = TypeVar("Made")

AT_ONCE: Final = 500
"""Rows that are made, or made values of, before others are let run."""


async def in_pieces(values: Sequence[T], made: Callable[[T], Made]) -> list[Made]:
    """What is made of each value; between pieces of what is long to make, others are let run."""
    found = [made(value) for value in values[:AT_ONCE]]
    for start in range(AT_ONCE, len(values), AT_ONCE):
        await asyncio.sleep(0)
        found += [made(value) for value in values[start : start + AT_ONCE]]
    return found
