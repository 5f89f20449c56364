"""Relations: they find the objects of a nested field for all parents at once.

Each is declared as data: the table, the parent's key, the column with that key, the order. The
executor decides when to call it; one call is one SQL statement for up to `CHUNK` parents.

With `columns` a relation gives rows: tuples of these columns, in their order, possibly with more
values after them. Without, it gives instances of the model.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, ClassVar, Final

from tortoise.models import Model

from models.references import ExternalRef
from models.rules.access import Actor
from models.rules.events import SubjectKind
from resolvers.metering import Meter
from services.storage.select import Names, select_by
from services.work.visibility import scope, visible

CHUNK: Final = 5_000
"""Keys in one statement, below each database's limit of placeholders."""
LAST: Final = itemgetter(-1)


@dataclass(frozen=True)
class ToOne:
    """The row of `table` whose `by` is the parent's `key`, or None."""

    table: type[Model]
    key: str
    by: str = "id"

    async def load(
        self,
        actor: Actor,
        keys: Sequence[Any],
        columns: Names | None = None,
        meter: Meter | None = None,  # noqa: ARG002 - no more rows than keys
    ) -> list[Any]:
        """The row for each key, in their order."""
        found: dict[Any, Any] = {}
        for chunk in chunks(keys):
            found.update(await rows_by(self.table, actor, self.by, chunk, (), columns))
        return [found.get(key) for key in keys]


@dataclass(frozen=True)
class ToMany:
    """All rows of `table` whose `by` is the parent's `key`, in `order`: for short lists.

    A statement reads at most one row more than the meter allows.
    """

    table: type[Model]
    by: str
    order: tuple[str, ...]
    key: str = "id"

    async def load(
        self,
        actor: Actor,
        keys: Sequence[Any],
        columns: Names | None = None,
        meter: Meter | None = None,
    ) -> list[list[Any]]:
        """The rows for each key, in the order of the keys."""
        found: dict[Any, list[Any]] = defaultdict(list)
        for chunk in chunks(keys):
            for key, row in await rows_by(
                self.table, actor, self.by, chunk, self.order, columns, meter
            ):
                found[key].append(row)
        return [found[key] for key in keys]


@dataclass(frozen=True)
class Referenced:
    """The row of `table` with an external key; keys are pairs of system and key."""

    table: type[Model]
    kind: SubjectKind
    key: str = "id"

    async def load(
        self,
        actor: Actor,
        keys: Sequence[Any],
        columns: Names | None = None,
        meter: Meter | None = None,  # noqa: ARG002 - no more rows than keys
    ) -> list[Any]:
        """The row for each key, in their order; two statements for all."""
        refs = visible(ExternalRef, actor).filter(
            subject_kind=self.kind, key__in=[key for _, key in keys]
        )
        subjects = {(ref.system, ref.key): ref.subject_id for ref in await refs}
        wanted = [subjects.get(key) for key in keys]
        meant = [subject for subject in wanted if subject is not None]
        rows = await ToOne(self.table, key="id").load(actor, meant, columns)
        found = dict(zip(meant, rows, strict=True))
        return [None if subject is None else found[subject] for subject in wanted]


@dataclass(frozen=True)
class Computed:
    """A value for each parent, computed by one function for all."""

    find: Callable[[Actor, Sequence[Any]], Any]
    key: str = "id"
    table: ClassVar[None] = None

    async def load(
        self,
        actor: Actor,
        keys: Sequence[Any],
        columns: Names | None = None,  # noqa: ARG002 - the function decides what it gives
        meter: Meter | None = None,  # noqa: ARG002 - one value for each key
    ) -> list[Any]:
        """The value for each key, in their order."""
        values: list[Any] = await self.find(actor, keys)
        return values


Relation = ToOne | ToMany | Referenced | Computed


async def rows_by(
    table: type[Model],
    actor: Actor,
    by: str,
    keys: list[Any],
    order: tuple[str, ...],
    columns: Names | None,
    meter: Meter | None = None,
) -> list[tuple[Any, Any]]:
    """The rows of a table whose column `by` has one of the keys, each with its key.

    Raises:
        Exhausted: there are more rows than the meter allows.
    """
    if meter is None:
        return await _rows_by(table, actor, by, keys, order, columns, None)
    async with meter.reading:
        meter.read(0)
        found = await _rows_by(table, actor, by, keys, order, columns, meter.allowed + 1)
        meter.read(len(found))
    return found


async def _rows_by(
    table: type[Model],
    actor: Actor,
    by: str,
    keys: list[Any],
    order: tuple[str, ...],
    columns: Names | None,
    most: int | None,
) -> list[tuple[Any, Any]]:
    if columns is None:
        instances = visible(table, actor).filter(**{f"{by}__in": keys}).order_by(*order)
        models = await (instances.limit(most) if most else instances)
        return [(getattr(each, by), each) for each in models]
    condition = scope(table, actor)
    if condition is None:
        return []
    # The key is read last, even if it was selected: readers of the columns do not depend on it.
    found = await select_by(table, (*columns, by), by, keys, order, condition, most)
    return list(zip(map(LAST, found), found, strict=True))


def chunks(keys: Sequence[Any]) -> list[list[Any]]:
    """The distinct keys in chunks that fit one statement."""
    distinct = list(dict.fromkeys(keys))
    return [distinct[start : start + CHUNK] for start in range(0, len(distinct), CHUNK)]
