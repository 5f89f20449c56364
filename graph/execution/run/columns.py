"""Columns: the completed values of a field or level, and their places in the answer."""

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
"""The path of a value by its number. It is called only for an error."""

Lost = dict[int, GraphQLError]
"""The errors of values that could not be completed, by their number in the column."""


@dataclass(slots=True)
class Column:
    """The completed values of one field or level; lost values are None."""

    values: Sequence[Any]
    lost: Lost = field(default_factory=dict)


def places_of(planned: Field, places: Places) -> Callable[[int], Path]:
    """The paths of a field's values, below those of its objects."""
    return lambda number: Path(places(number), planned.name, planned.parent.name)


def moved(error: GraphQLError, length: int, own: Path) -> tuple[GraphQLError, Path]:
    """The error with another path: `own`, then the steps after the first `length`."""
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
    """How often the most frequent key occurs; an upper bound if objects of this size are small.

    `size` is the size in bytes of the objects of all distinct keys together.
    """
    most = len(keys) - distinct + 1
    return max(Counter(keys).values()) if SMALL < size * most < inf else most


async def after(iterations: int, run: Coroutine[Any, Any, Column]) -> Column:
    """The run's column, started after so many iterations of the event loop."""
    try:
        for _ in range(iterations):
            await asyncio.sleep(0)
    except BaseException:
        run.close()
        raise
    return await run


async def together(runs: Sequence[Awaitable[Column]]) -> list[Column]:
    """The columns of all runs. An error ends the operation after all runs have ended."""
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


def items(planned: Field, value: Any) -> list[Any] | None:
    """The items of a value that should be a list; its iterator may raise."""
    if isinstance(value, Exception):
        raise value
    if value is None or value is Undefined:
        return None
    if not is_iterable(value):
        name = f"{planned.parent}.{planned.node.name.value}"
        raise GraphQLError(f"Expected Iterable, but did not find one for field '{name}'.")
    return list(value)
