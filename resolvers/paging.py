"""Relay connections: pages of lists, read for all parents at once."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from models.rules.errors import BadRequest
from resolvers.context import Context
from resolvers.listing import Listing, PageRequest, bounds
from resolvers.loaders import pages as loaders
from resolvers.loaders.relation import chunks
from services.storage.select import Names, Row


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
    """One page: its rows, its nodes in the answer, and the data for `pageInfo` and counts.

    `nodes` are the rows themselves, tuples of the columns in `names`, or instances of the model.
    """

    context: Context
    listing: Listing
    request: PageRequest
    parent: UUID | None
    names: Names
    rows: list[Row]
    nodes: list[Any]
    more: bool

    def cursor(self, row: Row) -> str:
        values = [row[self.names.index(name)] for name in self.listing.place]
        return self.context.sealer.seal(self.listing.scope, values)

    @property
    def edges(self) -> list[Edge]:
        return [
            Edge(self.cursor(row), node) for row, node in zip(self.rows, self.nodes, strict=True)
        ]

    @property
    def page_info(self) -> Bounds:
        ahead, behind = self.more, bool(self.request.after)
        if self.request.backward:
            ahead, behind = bool(self.request.before), self.more
        return Bounds(
            has_next_page=ahead,
            has_previous_page=behind,
            start_cursor=self.cursor(self.rows[0]) if self.rows else None,
            end_cursor=self.cursor(self.rows[-1]) if self.rows else None,
        )

    async def count(self, limit: int) -> int:
        """The number of rows in the whole list, counted up to `limit`.

        Raises:
            BadRequest: a limit below zero.
        """
        if limit < 0:
            raise BadRequest("max is not below zero.")
        if limit == 0:
            return 0
        actor = self.context.actor
        if self.parent is None:
            return await loaders.count(actor, self.listing, limit)
        total: int = await self.context.batched(
            ("count", self.listing, limit),
            lambda parents: loaders.counts(actor, self.listing, parents, limit),
            self.parent,
        )
        return total


@dataclass(frozen=True)
class Listed:
    """The page of a field, not read yet.

    Awaiting it reads it together with those of other parents. An executor can instead read the
    pages of all parents at once, and only the selected columns.
    """

    context: Context
    listing: Listing
    request: PageRequest
    parent: UUID | None = None

    def __await__(self) -> Generator[Any, None, Page]:
        return self._read().__await__()

    async def _read(self) -> Page:
        if self.listing.by is None:
            return await self.page()
        # A bad cursor is the error of the field that has it.
        list(bounds(self.context.sealer, self.listing, self.request))
        found: Page = await self.context.batched(
            (self.listing, self.request), self.pages, self.parent
        )
        return found

    async def page(self, columns: Names | None = None) -> Page:
        """The page of a list without a parent.

        Raises:
            BadRequest: a cursor of another list.
        """
        names = self._names(columns)
        (page,) = await self._pages({None: await self._rows(None, names)}, names, columns is None)
        return page

    async def pages(self, parents: Sequence[Any], columns: Names | None = None) -> list[Page]:
        """The page below each parent, in the order of the parents; one statement for all.

        Raises:
            BadRequest: a cursor of another list.
        """
        names = self._names(columns)
        by = names.index(str(self.listing.by))
        found: dict[Any, list[Row]] = {parent: [] for parent in parents}
        for chunk in chunks(parents):
            for row in await self._rows(chunk, names):
                found[row[by]].append(row)
        return await self._pages(found, names, columns is None)

    def _names(self, columns: Names | None) -> Names:
        """The columns to read: the selected ones, then those that pages need."""
        needed = (*self.listing.place, *([self.listing.by] if self.listing.by else []))
        if columns is None:
            needed = ("id", *needed)
        return tuple(dict.fromkeys((*(columns or ()), *needed)))

    async def _rows(self, parents: Sequence[Any] | None, names: Names) -> list[Row]:
        within = bounds(self.context.sealer, self.listing, self.request)
        return await loaders.read(
            self.context.actor,
            self.listing,
            self.request,
            within,
            parents,
            names,
            self.context.meter,
        )

    async def _pages(
        self, found: Mapping[Any, list[Row]], names: Names, as_instances: bool
    ) -> list[Page]:
        size = self.request.size
        rows_by_parent = {parent: rows[:size] for parent, rows in found.items()}
        if self.request.backward:
            rows_by_parent = {parent: rows[::-1] for parent, rows in rows_by_parent.items()}
        nodes: Mapping[Any, list[Any]] = rows_by_parent
        if as_instances:
            keys = [row[0] for rows in rows_by_parent.values() for row in rows]
            known = await loaders.instances(self.context.actor, self.listing.table, keys)
            rows_by_parent = {
                parent: [row for row in rows if row[0] in known]
                for parent, rows in rows_by_parent.items()
            }
            nodes = {
                parent: [known[row[0]] for row in rows] for parent, rows in rows_by_parent.items()
            }
        return [
            Page(
                context=self.context,
                listing=self.listing,
                request=self.request,
                parent=parent,
                names=names,
                rows=rows_by_parent[parent],
                nodes=nodes[parent],
                more=len(rows) > size,
            )
            for parent, rows in found.items()
        ]
