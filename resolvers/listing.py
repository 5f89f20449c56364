"""Lists and the pages of them that clients ask for.

A list is sorted by one column that is never null, ties broken by id. Cursors say where a row stands
in that order, so that pages are stable under inserts and cost the same wherever they are.
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
    id; where the column is unique there are none.
    """

    table: type[Model]
    scope: str
    sort: str
    descending: bool
    where: Q = field(default_factory=Q, compare=False)  # named by the scope
    by: str | None = None

    @property
    def place(self) -> Names:
        """The columns that say where a row stands in the list.

        With the id behind a unique column databases sort what its index has sorted already.
        """
        unique = self.table._meta.fields_map[self.sort].unique
        return (self.sort,) if unique else (self.sort, "id")


@dataclass(frozen=True)
class Bound:
    """The place of a row in a list: only rows beyond it are meant, greater ones or lesser."""

    greater: bool
    value: Any
    key: UUID | None = None


def bounds(sealer: Sealer, listing: Listing, request: PageRequest) -> Iterable[Bound]:
    """Where the page lies: after one cursor and before another.

    Raises:
        BadRequest: a cursor that is not of this list.
    """
    for cursor, greater in (
        (request.after, not listing.descending),
        (request.before, listing.descending),
    ):
        if cursor is not None:
            yield Bound(greater, *sealer.open(listing.scope, cursor))


def ordering(listing: Listing, request: PageRequest) -> tuple[str, ...]:
    """The columns that sort the list, from the end that the client asked for."""
    sign = "-" if listing.descending != request.backward else ""
    return tuple(dict.fromkeys(f"{sign}{name}" for name in listing.place))


def scope_of(name: str, *parts: Any) -> str:
    """What a cursor of a list is good for: the list, its order and its filter."""
    return f"{name}:{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}"
