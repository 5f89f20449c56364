"""Pages of lists, in the form that Relay describes."""

from typing import Annotated, Generic, TypeVar

import strawberry

from resolvers.paging import Page
from resolvers.scalars import Cursor

T = TypeVar("T")

DEFAULT_COUNT = 10_000


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


async def count(
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
        resolver=count,
        description="How many there are in the whole list. Counted only when asked for.",
    )


@strawberry.type(name="Connection", description="A page of a log.")
class Log(Generic[T]):
    edges: list[Edge[T]] = strawberry.field(description="The entries with their places.")
    nodes: list[T] = strawberry.field(description="The entries alone.")
    page_info: PageInfo = strawberry.field(description="What lies around the page.")
