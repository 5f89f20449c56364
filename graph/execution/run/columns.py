"""Columns: the completed values of one field or level, and where they stand in the answer."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any

from graphql import GraphQLError, Undefined
from graphql.pyutils import Path, is_iterable

from graph.execution.plan.levels import Field
from graph.execution.sizing import SMALL

Places = Callable[[int], Path | None]
"""Where the value with a number stands in the answer. Asked only when there is an error."""

Lost = dict[int, GraphQLError]
"""Values that could not be completed, by their number in the column, each with its error."""


@dataclass(slots=True)
class Column:
    """The completed values of one field or level. What is lost is None among them."""

    values: Sequence[Any]
    lost: Lost = field(default_factory=dict)


def places_of(asked: Field, places: Places) -> Callable[[int], Path]:
    """Where the values of a field stand, below its objects."""
    return lambda number: Path(places(number), asked.name, asked.parent.name)


def moved(error: GraphQLError, length: int, own: Path) -> tuple[GraphQLError, Path]:
    """The error as it is told at another place: its path, after so many steps, begins there."""
    at = own
    for step in (error.path or ())[length:]:
        at = at.add_key(step, None)
    moved = GraphQLError(
        error.message,
        error.nodes,
        path=at.as_list(),
        original_error=error.original_error,
        extensions=error.extensions,
    )
    return moved, at


def most_often(keys: Sequence[Any], distinct: int, size: float) -> int:
    """How often one of the keys comes at most; exactly, where objects of that size make it worth.

    `size` is that of the objects of all distinct keys together, in bytes.
    """
    most = len(keys) - distinct + 1
    return max(Counter(keys).values()) if SMALL < size * most < inf else most


async def after(turns: int, run: Coroutine[Any, Any, Column]) -> Column:
    """What the run gives, begun so many turns of the loop from now."""
    try:
        for _ in range(turns):
            await asyncio.sleep(0)
    except BaseException:
        run.close()
        raise
    return await run


async def together(runs: Sequence[Awaitable[Column]]) -> list[Column]:
    """What all of them give. One that fails ends the operation, after all have ended."""
    if not runs:
        return []
    if len(runs) == 1:
        return [await runs[0]]
    tasks = [asyncio.ensure_future(each) for each in runs]
    try:
        return list(await asyncio.gather(*tasks))
    except Exception:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


def items(asked: Field, value: Any) -> list[Any] | None:
    """The items of what is to be a list; what gives them may raise."""
    if isinstance(value, Exception):
        raise value
    if value is None or value is Undefined:
        return None
    if not is_iterable(value):
        name = f"{asked.parent}.{asked.node.name.value}"
        raise GraphQLError(f"Expected Iterable, but did not find one for field '{name}'.")
    return list(value)
