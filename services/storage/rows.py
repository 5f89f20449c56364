"""New rows of tables, stored with as few statements as possible.

To make an instance costs Tortoise ten times what its values need, and to build a statement more
than the database needs to run it. Here instances are made of unchecked values, and texts once for
a table's columns: see ADR 16.
"""

from collections.abc import Callable, Sequence
from functools import cache
from itertools import chain
from operator import attrgetter
from typing import Any, Final, TypeVar

import orjson
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.fields.data import CharField
from tortoise.models import Model

from services.storage.conversions import to_database
from services.storage.pieces import in_pieces
from services.storage.statements import QUOTES, numbered

Row = TypeVar("Row", bound=Model)

BATCH: Final = 5_000


def fresh(table: type[Row], **values: Any) -> Row:
    """A new instance, not stored yet, of values that have their columns' own types.

    Raises:
        TypeError: the table has no column of one of the names.
    """
    instance = table.__new__(table)
    constants, made = _defaults(table)
    state = instance.__dict__
    state.update(constants)
    for name, make in made:
        state[name] = make()
    state.update(values)
    if len(state) != len(constants) + len(made):
        unknown = ", ".join(sorted(values.keys() - table._meta.fields_db_projection.keys()))
        raise TypeError(f"{table.__name__} has no column {unknown}")
    return instance


async def insert(client: BaseDBAsyncClient, *groups: Sequence[Model]) -> None:
    """Stores new instances, each group of one table. Rows of a group may refer to earlier groups.

    PostgreSQL takes several groups in one statement; otherwise each `BATCH` of a group is one.
    """
    found = [group for group in groups if group]
    fit = len(found) > 1 and sum(map(len, found)) <= BATCH
    if fit and client.capabilities.dialect == "postgres":
        await _insert_together(client, found)
    else:
        for group in found:
            await _insert_one_by_one(client, group)
    for row in chain(*found):
        vars(row)["_saved_in_db"] = True


async def insert_new(client: BaseDBAsyncClient, row: Model) -> bool:
    """Stores a new instance unless another row has its unique values; whether it was stored."""
    dialect = client.capabilities.dialect
    text, values_of = _insertion(type(row), dialect)
    values = values_of(row)
    if dialect == "postgres":  # Tortoise reads the count of an INSERT from the wrong place
        text = f"{text} ON CONFLICT DO NOTHING RETURNING 1"
        return bool(await client.fetch_rows(text, values))  # type: ignore[attr-defined]
    ignoring = "INSERT IGNORE" if dialect == "mysql" else "INSERT OR IGNORE"
    count, _ = await client.execute_query(text.replace("INSERT", ignoring, 1), values)
    return bool(count)


async def _insert_one_by_one(client: BaseDBAsyncClient, rows: Sequence[Model]) -> None:
    text, values_of = _insertion(type(rows[0]), client.capabilities.dialect)
    if len(rows) == 1:
        await client.execute_query(text, values_of(rows[0]))
        return
    for start in range(0, len(rows), BATCH):
        values = await in_pieces(rows[start : start + BATCH], values_of)
        await client.execute_many(text, values)


async def _insert_together(client: BaseDBAsyncClient, groups: Sequence[Sequence[Model]]) -> None:
    """Stores all groups in one statement; each is one value, so the text is always the same."""
    text, records = _insertions(tuple(type(group[0]) for group in groups))
    pairs = zip(groups, records, strict=True)
    values = [
        orjson.dumps(await in_pieces(group, record), default=str).decode()
        for group, record in pairs
    ]
    await client.execute_query(text, values)


@cache
def _defaults(table: type[Model]) -> tuple[dict[str, Any], list[tuple[str, Callable[[], Any]]]]:
    """An instance's defaults: constants, and functions called for each instance."""
    constants: dict[str, Any] = {
        "_partial": False,
        "_saved_in_db": False,
        "_custom_generated_pk": False,
    }
    made: list[tuple[str, Callable[[], Any]]] = [("_await_when_save", dict)]
    for name in table._meta.fields_db_projection:
        default = table._meta.fields_map[name].default
        if callable(default):
            made.append((name, default))
        else:
            constants[name] = default
    return constants, made


@cache
def _insertion(table: type[Model], dialect: str) -> tuple[str, Callable[[Model], list[Any]]]:
    """The text that inserts a row, and the function that makes its values from an instance."""
    fields = table._meta.fields_map
    columns = table._meta.fields_db_projection
    quote = QUOTES[dialect]
    named = ", ".join(f"{quote}{column}{quote}" for column in columns.values())
    places = ", ".join("?" for _ in columns)
    into = f"INSERT INTO {quote}{table._meta.db_table}{quote}"
    text = f"{into} ({named}) VALUES ({places})"
    written = {"sqlite": text, "mysql": text.replace("?", "%s"), "postgres": numbered(text)}
    read = attrgetter(*columns)
    found = (to_database(fields[name], table, dialect) for name in columns)
    conversions = [(place, convert) for place, convert in enumerate(found) if convert]

    def values_of(row: Model) -> list[Any]:
        values = list(read(row))
        for place, convert in conversions:
            if values[place] is not None:
                values[place] = convert(values[place])
        return values

    return written[dialect], values_of


@cache
def _insertions(
    tables: tuple[type[Model], ...],
) -> tuple[str, list[Callable[[Model], dict[str, Any]]]]:
    """PostgreSQL's text that inserts rows of several tables, and each table's JSON maker."""
    texts = []
    for place, table in enumerate(tables, 1):
        columns = table._meta.fields_db_projection
        fields = [table._meta.fields_map[name] for name in columns]
        types = (field.get_for_dialect("postgres", "SQL_TYPE") for field in fields)
        named = ", ".join(f'"{column}"' for column in columns.values())
        typed = ", ".join(
            f'"{column}" {kind}' for column, kind in zip(columns.values(), types, strict=True)
        )
        texts.append(
            f'INSERT INTO "{table._meta.db_table}" ({named}) '  # noqa: S608 - names of our tables
            f"SELECT {named} FROM json_to_recordset(${place}) AS found ({typed})"
        )
    *others, last = texts
    before = ", ".join(f"t{place} AS ({text})" for place, text in enumerate(others))
    return f"WITH {before} {last}", [_record(table) for table in tables]


def _record(table: type[Model]) -> Callable[[Model], dict[str, Any]]:
    columns = table._meta.fields_db_projection
    read = attrgetter(*columns)
    names = list(columns.values())
    texts = [
        (columns[name], to_database(field, table, "postgres"))
        for name in columns
        if isinstance(field := table._meta.fields_map[name], CharField)
    ]

    def recorded(row: Model) -> dict[str, Any]:
        record = dict(zip(names, read(row), strict=True))
        for name, convert in texts:
            if convert and record[name] is not None:
                record[name] = convert(record[name])
        return record

    return recorded
