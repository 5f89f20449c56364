"""Relay connections with keyset cursors: stable under inserts, the same cost on every page.

A list is sorted by one column that is never null, ties broken by id. A page below many parents is
read for all of them by one statement with a window function.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from tortoise.expressions import Q, RawSQL
from tortoise.models import Model
from tortoise.queryset import QuerySet

from models.rules.access import Actor
from models.rules.errors import BadRequest
from resolvers.context import Context
from resolvers.loaders.relation import chunks
from resolvers.loaders.windows import window, wrapped
from services.visibility import visible

DEFAULT_SIZE: Final = 20
MAX_SIZE: Final = 100

RANKED: Final = "SELECT * FROM ({}) ranked WHERE place <= {last} ORDER BY place"


@dataclass(frozen=True)
class PageRequest:
    """Which rows of a list a client wants: the arguments of every connection."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None

    def __post_init__(self) -> None:
        if self.first is not None and self.last is not None:
            raise BadRequest("Ask for first or for last, not for both.")
        for name, size in (("first", self.first), ("last", self.last)):
            if size is not None and not 0 <= size <= MAX_SIZE:
                raise BadRequest(f"{name} goes from 0 to {MAX_SIZE}.")

    @property
    def backward(self) -> bool:
        return self.last is not None

    @property
    def size(self) -> int:
        if self.last is not None:
            return self.last
        return DEFAULT_SIZE if self.first is None else self.first


@dataclass(frozen=True)
class Listing:
    """A list of one table's rows: which, in which order, and below which column of a parent.

    `scope` names list, order and filter; a cursor of another scope is refused. Ties are broken by
    id, unless the column is unique (`tied` is false).
    """

    table: type[Model]
    scope: str
    sort: str
    descending: bool
    where: Q = field(default_factory=Q, compare=False)  # named by the scope
    by: str | None = None
    tied: bool = True

    def rows(self, actor: Actor) -> QuerySet[Any]:
        """All rows of the list that the actor may see, in no order."""
        rows = visible(self.table, actor)
        return rows.filter(self.where) if self.where.children or self.where.filters else rows


@dataclass(frozen=True)
class Edge:
    cursor: str
    node: Any


@dataclass(frozen=True)
class Bounds:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@dataclass(frozen=True)
class Page:
    """The rows of one page, and how to find what lies around it."""

    listing: Listing
    request: PageRequest
    context: Context
    nodes: list[Any]
    more: bool
    parent: UUID | None = None

    def cursor(self, row: Any) -> str:
        value = getattr(row, self.listing.sort)
        values = [value, row.pk] if self.listing.tied else [value]
        return self.context.sealer.seal(self.listing.scope, values)

    @property
    def edges(self) -> list[Edge]:
        return [Edge(self.cursor(row), row) for row in self.nodes]

    @property
    def page_info(self) -> Bounds:
        ahead, behind = self.more, bool(self.request.after)
        if self.request.backward:
            ahead, behind = bool(self.request.before), self.more
        return Bounds(
            has_next_page=ahead,
            has_previous_page=behind,
            start_cursor=self.cursor(self.nodes[0]) if self.nodes else None,
            end_cursor=self.cursor(self.nodes[-1]) if self.nodes else None,
        )

    async def count(self, limit: int) -> int:
        """How many rows the whole list has, counted no further than `limit`.

        Raises:
            BadRequest: a limit below zero.
        """
        if limit < 0:
            raise BadRequest("max is not below zero.")
        if limit == 0:
            return 0
        if self.parent is None:
            return await count_up_to(self.listing.rows(self.context.actor), limit)
        name = ("count", self.listing, limit)
        total: int = await self.context.batched(
            name,
            lambda parents: count_below(self.listing, self.context, parents, limit),
            self.parent,
        )
        return total


async def page(context: Context, listing: Listing, request: PageRequest) -> Page:
    """A page of a whole list.

    Raises:
        BadRequest: a size out of range, or a cursor that is not of this list.
    """
    rows = listing.rows(context.actor).filter(between(context, listing, request))
    found = await rows.order_by(*ordering(listing, request)).limit(request.size + 1)
    return cut(context, listing, request, found)


async def page_below(
    context: Context, listing: Listing, request: PageRequest, parent: UUID
) -> Page:
    """A page of the list below one parent, read together with those of the other parents."""
    between(context, listing, request)  # refuses a bad cursor in the field that brought it

    async def load(parents: Sequence[Any]) -> list[Any]:
        return await pages_below(context, listing, request, parents)

    found: Page = await context.batched((listing, request), load, parent)
    return found


async def pages_below(
    context: Context, listing: Listing, request: PageRequest, parents: Sequence[Any]
) -> list[Page]:
    """The page below each parent, in the order of the parents; one statement for all."""
    found: dict[Any, list[Any]] = defaultdict(list)
    for chunk in chunks(parents):
        for row in await ranked(context, listing, request, chunk):
            found[getattr(row, str(listing.by))].append(row)
    return [cut(context, listing, request, found[parent], parent) for parent in parents]


async def ranked(
    context: Context, listing: Listing, request: PageRequest, parents: list[Any]
) -> list[Any]:
    """The first rows below each parent: one more than the page holds, to know if there is more."""
    table = listing.table
    order = ordering(listing, request)
    inner = (
        listing.rows(context.actor)
        .filter(between(context, listing, request), **{f"{listing.by}__in": parents})
        .annotate(place=RawSQL(window(table, str(listing.by), order)))
    )
    last = request.size + 1
    rows = await wrapped(inner, RANKED.format("{}", last=last))
    return [table._init_from_db(**without_place(row)) for row in rows]  # noqa: SLF001 - no other way


def without_place(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "place"}


def ordering(listing: Listing, request: PageRequest) -> tuple[str, ...]:
    """The columns that sort the list, from the end that the client asked for."""
    sign = "-" if listing.descending != request.backward else ""
    by_sort = f"{sign}{listing.sort}"
    return (by_sort, f"{sign}id") if listing.tied and listing.sort != "id" else (by_sort,)


def between(context: Context, listing: Listing, request: PageRequest) -> Q:
    """The rows after one cursor and before another, as a filter that an index can serve."""
    bounds = Q()
    for cursor, greater in (
        (request.after, not listing.descending),
        (request.before, listing.descending),
    ):
        if cursor is not None:
            place = context.sealer.open(listing.scope, cursor)
            bounds &= beyond(listing.sort, greater, *place)
    return bounds


def beyond(sort: str, greater: bool, value: Any, key: UUID | None = None) -> Q:
    """The rows past one place. The first term alone gives the index its range."""
    side = "gt" if greater else "lt"
    if key is None:
        alone: dict[str, Any] = {f"{sort}__{side}": value}
        return Q(**alone)
    from_here: dict[str, Any] = {f"{sort}__{side}e": value}
    past: dict[str, Any] = {f"{sort}__{side}": value}
    tied: dict[str, Any] = {f"id__{side}": key}
    return Q(**from_here) & (Q(**past) | Q(**tied))


def cut(
    context: Context,
    listing: Listing,
    request: PageRequest,
    found: list[Any],
    parent: UUID | None = None,
) -> Page:
    nodes = found[: request.size]
    if request.backward:
        nodes = nodes[::-1]
    return Page(listing, request, context, nodes, len(found) > request.size, parent)


async def count_up_to(rows: QuerySet[Any], limit: int) -> int:
    """How many rows there are, but at most `limit`; the database stops counting there."""
    inner = rows.limit(limit).values("id")
    counted = await wrapped(inner, "SELECT COUNT(*) AS total FROM ({}) counted")
    total: int = counted[0]["total"]
    return total


async def count_below(
    listing: Listing, context: Context, parents: Sequence[Any], limit: int
) -> list[int]:
    """How many rows the list has below each parent, at most `limit` each."""
    totals: dict[Any, int] = {}
    for chunk in chunks(parents):
        rows = listing.rows(context.actor).filter(**{f"{listing.by}__in": chunk})
        counted = (
            await rows.annotate(total=RawSQL("COUNT(*)"))
            .group_by(str(listing.by))
            .values(str(listing.by), "total")
        )
        totals.update({row[str(listing.by)]: row["total"] for row in counted})
    return [min(totals.get(parent, 0), limit) for parent in parents]


def scope_of(name: str, *parts: Any) -> str:
    """What a cursor of a list is good for: the list, its order and its filter."""
    return f"{name}:{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}"
