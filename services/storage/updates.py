"""Changes many rows of one table in one statement, each to its own values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import orjson
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.models import Model

from services.storage.conversions import to_database
from services.storage.engines.mysql_or_mariadb import EXACT_TEXT
from services.storage.pieces import in_pieces


async def update(
    client: BaseDBAsyncClient,
    rows: Sequence[Model],
    columns: tuple[str, ...],
    same: Mapping[str, Any] | None = None,
    *,
    guarded: bool = False,
) -> int:
    """Stores these columns of existing rows; returns the number of changed rows.

    The values of `same` go into all of them. With `guarded`, `version` is among the columns and one
    more than before; a row whose stored version differs stays unchanged.
    """
    if not rows:
        return 0
    dialect = client.capabilities.dialect
    shared = same or {}
    form = _form(type(rows[0]), columns, tuple(shared), dialect, guarded)
    values = orjson.dumps(await in_pieces(rows, form.values_of), default=str).decode()
    constants = [form.converted[name](value) for name, value in shared.items()]
    # The JSON is at the dialect's place: before the constants on MySQL, after them elsewhere.
    sent = [values, *constants] if dialect == "mysql" else [*constants, values]
    count, _ = await client.execute_query(form.text, sent)
    return count


@dataclass(frozen=True, slots=True)
class _Form:
    """A statement's text, and the functions that make its values from rows and shared values."""

    text: str
    values_of: Callable[[Model], list[Any]]
    converted: Mapping[str, Callable[[Any], Any]]


@cache
def _form(
    table: type[Model], columns: tuple[str, ...], same: tuple[str, ...], dialect: str, guarded: bool
) -> _Form:
    names = (table._meta.pk_attr, *columns)
    fields = table._meta.fields_map
    convert = {
        name: to_database(fields[name], table, dialect) or _as_it_is for name in (*names, *same)
    }
    types = {name: fields[name].get_for_dialect(dialect, "SQL_TYPE") for name in names}

    def values_of(row: Model) -> list[Any]:
        return [
            None if (value := getattr(row, name)) is None else convert[name](value)
            for name in names
        ]

    text = TEXTS[dialect](table._meta.db_table, names, types, same, guarded)
    return _Form(text, values_of, convert)


def _as_it_is(value: Any) -> Any:
    return value


def _sqlite(
    table: str, names: Sequence[str], _: Mapping[str, str], same: Sequence[str], guarded: bool
) -> str:
    parts = ", ".join(
        f"json_extract(value, '$[{place}]') AS \"{name}\"" for place, name in enumerate(names)
    )
    sets = [*(f'"{name}" = ?' for name in same), *_sets(names, '"')]
    found = f"SELECT {parts} FROM json_each(?)"  # noqa: S608 - names of our columns
    return _text(table, sets, found, _where(table, names, guarded, '"'))


def _postgres(
    table: str, names: Sequence[str], types: Mapping[str, str], same: Sequence[str], guarded: bool
) -> str:
    sets = [*(f'"{name}" = ${place}' for place, name in enumerate(same, 1)), *_sets(names, '"')]
    parts = ", ".join(
        f'(value->>{place})::{types[name]} AS "{name}"' for place, name in enumerate(names)
    )
    rows = f"json_array_elements(${len(same) + 1})"
    found = f"SELECT {parts} FROM {rows}"  # noqa: S608 - names of our columns
    return _text(table, sets, found, _where(table, names, guarded, '"'))


def _text(table: str, sets: Sequence[str], found: str, where: str) -> str:
    return (
        f'UPDATE "{table}" SET {", ".join(sets)} '  # noqa: S608 - names of our tables
        f"FROM ({found}) AS found WHERE {where}"
    )


def _mysql(
    table: str, names: Sequence[str], types: Mapping[str, str], same: Sequence[str], guarded: bool
) -> str:
    parts = ", ".join(
        f"`{name}` {_read_as(types[name])} PATH '$[{place}]'" for place, name in enumerate(names)
    )
    found = f"JSON_TABLE(%s, '$[*]' COLUMNS ({parts})) AS found"
    sets = [
        *(f"`{table}`.`{name}` = %s" for name in same),
        *(f"`{table}`.{each}" for each in _sets(names, "`")),
    ]
    where = _where(table, names, guarded, "`")
    joined = f"{found} STRAIGHT_JOIN `{table}` ON {where}"
    return f"UPDATE {joined} SET {', '.join(sets)}"  # noqa: S608 - names of our tables


def _read_as(kind: str) -> str:
    """The type with which MySQL and MariaDB read a column's value from JSON."""
    if kind == "JSON":
        return "LONGTEXT"  # as it is there; read as JSON it would be a text in JSON on MySQL
    # The index finds a key only in the index's own collation.
    return f"{kind} {EXACT_TEXT}" if "CHAR" in kind else kind


def _sets(names: Sequence[str], quote: str) -> list[str]:
    return [f"{quote}{name}{quote} = found.{quote}{name}{quote}" for name in names[1:]]


def _where(table: str, names: Sequence[str], guarded: bool, quote: str) -> str:
    row, key = f"{quote}{table}{quote}", f"{quote}{names[0]}{quote}"
    version = f" AND {row}.{quote}version{quote} = found.{quote}version{quote} - 1"
    return f"{row}.{key} = found.{key}{version if guarded else ''}"


TEXTS: Final = {"sqlite": _sqlite, "postgres": _postgres, "mysql": _mysql}
