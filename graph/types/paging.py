"""Pages of lists, in the form that Relay describes."""

from typing import Annotated, Generic, TypeVar

import strawberry

from models.rules.errors import BadRequest
from resolvers.paging import Page
from resolvers.scalars import Cursor

T = TypeVar("T")

DEFAULT_COUNT = 10_000
MOST = 100_000


@strawberry.type(description="What lies around a page.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether there is more after the page.")
    has_previous_page: bool = strawberry.field(description="Whether there is more before the page.")
    start_cursor: Cursor | None = strawberry.field(description="The cursor of its first object.")
    end_cursor: Cursor | None = strawberry.field(description="The cursor of its last object.")


@strawberry.type(description="An object in a list, with its place.")
class Edge(Generic[T]):
    cursor: Cursor = strawberry.field(description="Its place: for `after` and `before`.")
    node: T = strawberry.field(description="The object.")


@strawberry.type(description="How many rows a list has.")
class Count:
    value: int = strawberry.field(description="So many, counted no further than `max`.")
    is_exact: bool = strawberry.field(description="Whether these are all; false: there are more.")


async def count(
    parent: strawberry.Parent[Page],
    max: Annotated[  # noqa: A002 - the contract's name
        int, strawberry.argument(description="Count no further than this; 0 to 100000.")
    ] = DEFAULT_COUNT,
) -> Count:
    """How many rows the list has, and whether that is all of them."""
    if not 0 <= max <= MOST:
        raise BadRequest(f"max goes from 0 to {MOST}.")
    found = await parent.count(max + 1)
    return Count(value=min(found, max), is_exact=found <= max)


async def total_count(
    parent: strawberry.Parent[Page],
    max: Annotated[  # noqa: A002 - the contract's name
        int, strawberry.argument(description="Count no further than this; at most 10000.")
    ] = DEFAULT_COUNT,
) -> int:
    """How many rows the list has."""
    return await parent.count(min(max, DEFAULT_COUNT))


@strawberry.type(name="Connection", description="A page of a list.")
class Connection(Generic[T]):
    edges: list[Edge[T]] = strawberry.field(description="The objects with their places.")
    nodes: list[T] = strawberry.field(description="The objects alone.")
    page_info: PageInfo = strawberry.field(description="What lies around the page.")
    total_count: int = strawberry.field(
        resolver=total_count,
        description="How many there are in the whole list. Counted only when asked for.",
    )
    count: Count = strawberry.field(
        resolver=count,
        description="How many there are in the whole list, counted up to `max` when asked for, "
        "and whether that is all.",
    )


@strawberry.type(name="Connection", description="A page of a log.")
class Log(Generic[T]):
    edges: list[Edge[T]] = strawberry.field(description="The entries with their places.")
    nodes: list[T] = strawberry.field(description="The entries alone.")
    page_info: PageInfo = strawberry.field(description="What lies around the page.")
