"""Pages of lists, in the form of Relay's connections."""

from typing import Annotated, Generic, TypeVar

import strawberry

from models.rules.errors import BadRequest
from resolvers.paging import Page
from resolvers.scalars import Cursor

T = TypeVar("T")

DEFAULT_COUNT = 10_000
MOST = 100_000


@strawberry.type(description="The neighborhood of a page.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="True: the list goes on after the page.")
    has_previous_page: bool = strawberry.field(
        description="True: the list has objects before the page."
    )
    start_cursor: Cursor | None = strawberry.field(
        description="The cursor of the page's first object. Null for an empty page."
    )
    end_cursor: Cursor | None = strawberry.field(
        description="The cursor of the page's last object. Null for an empty page."
    )


@strawberry.type(description="An object of a list, with its cursor.")
class Edge(Generic[T]):
    cursor: Cursor = strawberry.field(
        description="The object's place in the list, for `after` and `before`."
    )
    node: T = strawberry.field(description="The object.")


@strawberry.type(description="The number of objects of a list.")
class Count:
    value: int = strawberry.field(description="The number of objects, at most `max`.")
    is_exact: bool = strawberry.field(
        description="True: the list has exactly `value` objects. False: it has more."
    )


async def count(
    parent: strawberry.Parent[Page],
    max: Annotated[  # noqa: A002 - the contract's name
        int, strawberry.argument(description="The count stops here: 0 to 100000.")
    ] = DEFAULT_COUNT,
) -> Count:
    """The number of rows of the list, and whether it is exact."""
    if not 0 <= max <= MOST:
        raise BadRequest(f"max goes from 0 to {MOST}.")
    found = await parent.count(max + 1)
    return Count(value=min(found, max), is_exact=found <= max)


async def total_count(
    parent: strawberry.Parent[Page],
    max: Annotated[  # noqa: A002 - the contract's name
        int,
        strawberry.argument(description="The count stops here. Numbers above 10000 mean 10000."),
    ] = DEFAULT_COUNT,
) -> int:
    """The number of rows of the list."""
    return await parent.count(min(max, DEFAULT_COUNT))


@strawberry.type(
    name="Connection", description="A page of a list, in the form of Relay's connections."
)
class Connection(Generic[T]):
    edges: list[Edge[T]] = strawberry.field(description="The page's objects with their cursors.")
    nodes: list[T] = strawberry.field(description="The page's objects.")
    page_info: PageInfo = strawberry.field(description="The neighborhood of the page.")
    total_count: int = strawberry.field(
        resolver=total_count,
        description="The number of objects of the whole list, at most `max`. The server counts "
        "only when this field is selected.",
    )
    count: Count = strawberry.field(
        resolver=count,
        description="The number of objects of the whole list, at most `max`, and whether it is "
        "exact. The server counts only when this field is selected.",
    )


@strawberry.type(
    name="Connection",
    description="A page of a log, in the form of Relay's connections without a count.",
)
class Log(Generic[T]):
    edges: list[Edge[T]] = strawberry.field(description="The page's entries with their cursors.")
    nodes: list[T] = strawberry.field(description="The page's entries.")
    page_info: PageInfo = strawberry.field(description="The neighborhood of the page.")
