"""Lists and requests for their pages.

A list is sorted by one column that is never null, ties broken by id. A cursor is a row's place in
that order: pages are stable under inserts, and cost the same at each place.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from tortoise.expressions import Q
from tortoise.models import Model

from models.rules.errors import BadRequest
from resolvers.cursors import Sealer
from services.storage.select import Names

DEFAULT_SIZE: Final = 20
MAX_SIZE: Final = 100


@dataclass(frozen=True)
class PageRequest:
    """The page that a client asks for: the arguments of each connection."""

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
    """A list of one table's rows: their condition, their order, and the column of the parent.

    `scope` names list, order and filter; a cursor of another scope is refused. Ties are broken by
    id, unless the sort column is unique.
    """

    table: type[Model]
    scope: str
    sort: str
    descending: bool
    where: Q = field(default_factory=Q, compare=False)  # the scope identifies it
    by: str | None = None

    @property
    def place(self) -> Names:
        """The columns that make a row's place in the list.

        With the id after a unique column, databases would sort again what its index has sorted.
        """
        unique = self.table._meta.fields_map[self.sort].unique
        return (self.sort,) if unique else (self.sort, "id")


@dataclass(frozen=True)
class Bound:
    """A place in a list: the page lies beyond it, towards greater or lesser values."""

    greater: bool
    value: Any
    key: UUID | None = None


def bounds(sealer: Sealer, listing: Listing, request: PageRequest) -> Iterable[Bound]:
    """The page's bounds: after one cursor and before another.

    Raises:
        BadRequest: a cursor of another list.
    """
    for cursor, greater in (
        (request.after, not listing.descending),
        (request.before, listing.descending),
    ):
        if cursor is not None:
            yield Bound(greater, *sealer.open(listing.scope, cursor))


def ordering(listing: Listing, request: PageRequest) -> tuple[str, ...]:
    """The columns to sort by, from the end that the client asked for."""
    sign = "-" if listing.descending != request.backward else ""
    return tuple(dict.fromkeys(f"{sign}{name}" for name in listing.place))


def scope_of(name: str, *parts: Any) -> str:
    """The scope of a cursor: the list, its order and its filter."""
    return f"{name}:{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}"
