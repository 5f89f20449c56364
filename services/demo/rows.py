"""Rows on their way to the database: kept until there are enough of them to be worth a trip.

A hundred thousand orders are almost five million rows. Tortoise's `bulk_create` needs an instance
for each, 115 µs a row in all; plain mappings take a quarter of that, through the same columns,
conversions and INSERT statements of Tortoise's own.
"""

from collections import Counter
from collections.abc import Callable
from enum import StrEnum
from operator import itemgetter
from typing import Any, Final, TypeVar
from uuid import UUID

from tortoise import fields
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.fields.data import CharEnumFieldInstance
from tortoise.models import Model

from models.columns import UtcDatetime
from models.events import Event
from models.tables import TABLES
from services.work import feed

BATCH: Final = 20_000
"""So many rows are written together: about 500 orders with all that belongs to them."""

CHUNK: Final = 2_000
"""Rows that one call of a database driver takes."""

# What the databases' drivers take as it is. Times are in UTC here from the start.
PLAIN: Final = (
    *(fields.IntField, fields.BigIntField, fields.CharField, fields.TextField),
    UtcDatetime,
)

Table = TypeVar("Table", bound=Model)

_templates: dict[type[Model], dict[str, Any]] = {}

Encoder = Callable[[Any], Any]


def made(table: type[Table], **values: Any) -> Table:
    """An instance with these values and the defaults for all others.

    Tortoise's own way there converts and checks each value, ten times as long.
    """
    if table not in _templates:
        _templates[table] = vars(table())
    row = table.__new__(table)
    vars(row).update(_templates[table])
    vars(row).update(values)
    return row


class Rows:
    """Collects rows by table and writes them, tables that others refer to first."""

    def __init__(self) -> None:
        self._waiting: dict[type[Model], list[dict[str, Any]]] = {table: [] for table in TABLES}
        self._count = 0
        self.written: Counter[type[Model]] = Counter()

    @property
    def enough(self) -> bool:
        """Whether it is time to write."""
        return self._count >= BATCH

    def add(self, table: type[Model], row: dict[str, Any]) -> None:
        """Keep a row, its values by the names of the model's columns."""
        self._waiting[table].append(row)
        self._count += 1

    def add_model(self, row: Model) -> None:
        """Keep an instance as it is when it is written."""
        self.add(type(row), vars(row))

    async def write(self, connection: BaseDBAsyncClient) -> None:
        """Insert all that waits, events at the next places of the feed."""
        events = self._waiting[Event]
        last = await feed.advance(connection, len(events))
        for position, event in enumerate(events, start=last - len(events) + 1):
            event["position"] = position
        for table, rows in self._waiting.items():
            if rows:
                await _insert(connection, table, rows)

    def clear(self) -> None:
        """Forget what has been written, now that it is committed."""
        for table, rows in self._waiting.items():
            self.written[table] += len(rows)
            rows.clear()
        self._count = 0


async def _insert(
    connection: BaseDBAsyncClient, table: type[Model], rows: list[dict[str, Any]]
) -> None:
    executor = connection.executor_class(model=table, db=connection)
    columns = [(itemgetter(name), _encoder(table, name)) for name in executor.regular_columns_all]
    for start in range(0, len(rows), CHUNK):
        chunk = rows[start : start + CHUNK]
        # Column by column, so that the loops over the rows run in C.
        cells = [
            map(encode, map(of_row, chunk)) if encode else map(of_row, chunk)
            for of_row, encode in columns
        ]
        values: list[Any] = list(zip(*cells, strict=True))
        await connection.execute_many(executor.insert_query_all, values)


def _encoder(table: type[Model], name: str) -> Encoder | None:
    """How a column's values become the database's; None where they are already."""
    column = table._meta.fields_map[name]
    if type(column) in PLAIN:
        return None
    # Most values are ids, enums and empty mappings; Tortoise checks each of them against
    # validators that it has not.
    if isinstance(column, fields.UUIDField):
        return _text_or_none if column.null else str
    if isinstance(column, CharEnumFieldInstance):
        return _word_or_none
    if isinstance(column, fields.JSONField):
        return lambda value: "{}" if value == {} else column.to_db_value(value, table)
    return lambda value: column.to_db_value(value, table)


def _text_or_none(value: UUID | None) -> str | None:
    return None if value is None else str(value)


def _word_or_none(value: StrEnum | None) -> str | None:
    return None if value is None else value.value
