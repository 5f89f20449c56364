"""Relations: how the objects of a nested field are found for all parents at once.

Each is declared once, as data: the table, the parent's key, the column that holds it, the order.
Whoever executes a query decides when to call it; one call is one SQL statement, however many
parents there are.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tortoise.models import Model
from tortoise.queryset import QuerySet

from models.rules.access import Actor
from services.visibility import visible

CHUNK: Final = 5_000
"""Keys in one statement: below every database's limit of placeholders."""


@dataclass(frozen=True)
class ToOne:
    """The row of `table` whose `by` is the parent's `key`, or None."""

    table: type[Model]
    key: str
    by: str = "id"

    async def load(self, actor: Actor, keys: Sequence[Any]) -> list[Any]:
        """The row for each key, in their order."""
        found = {}
        for chunk in chunks(keys):
            rows = await visible(self.table, actor).filter(**{f"{self.by}__in": chunk})
            found.update({getattr(row, self.by): row for row in rows})
        return [found.get(key) for key in keys]


@dataclass(frozen=True)
class ToMany:
    """All rows of `table` whose `by` is the parent's `key`, in `order`: for short lists."""

    table: type[Model]
    by: str
    order: tuple[str, ...]
    key: str = "id"
    also: Callable[[QuerySet[Any]], QuerySet[Any]] | None = None

    async def load(self, actor: Actor, keys: Sequence[Any]) -> list[list[Any]]:
        """The rows for each key, in the order of the keys."""
        found: dict[Any, list[Any]] = defaultdict(list)
        for chunk in chunks(keys):
            rows = visible(self.table, actor).filter(**{f"{self.by}__in": chunk})
            if self.also:
                rows = self.also(rows)
            for row in await rows.order_by(*self.order):
                found[getattr(row, self.by)].append(row)
        return [found[key] for key in keys]


@dataclass(frozen=True)
class Computed:
    """A value for each parent that one function finds for all of them."""

    find: Callable[[Actor, Sequence[Any]], Any]
    key: str = "id"

    async def load(self, actor: Actor, keys: Sequence[Any]) -> list[Any]:
        """The value for each key, in their order."""
        values: list[Any] = await self.find(actor, keys)
        return values


Relation = ToOne | ToMany | Computed


def chunks(keys: Sequence[Any]) -> list[list[Any]]:
    """The distinct keys in pieces that fit one statement each."""
    distinct = list(dict.fromkeys(keys))
    return [distinct[start : start + CHUNK] for start in range(0, len(distinct), CHUNK)]
