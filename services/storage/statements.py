"""Statements of the busiest use cases: written out once, and sent as they are.

To build a statement costs Tortoise more than the database needs to run it, and to make an instance
ten times what its values need. Here statements are text, or made once of a table's columns, and the
instances are the tables' own, made of values that nobody looks at once more: see ADR 16.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import cache
from itertools import chain
from operator import attrgetter
from typing import Any, Final, TypeVar
from uuid import UUID, SafeUUID

import orjson
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.fields.base import Field
from tortoise.fields.data import (
    BigIntField,
    BooleanField,
    CharEnumFieldInstance,
    CharField,
    IntField,
    UUIDField,
)
from tortoise.models import Model

from models.columns import UtcDatetime

Row = TypeVar("Row", bound=Model)
T = TypeVar("T")
Made = TypeVar("Made")
Convert = Callable[[Any], Any]
Tables = tuple[tuple[type[Model], tuple[str, ...]], ...]

BATCH: Final = 5_000
AT_ONCE: Final = 500
"""Rows that are made, or made values of, before others are let run."""
PLAIN: Final = (IntField, BigIntField, BooleanField)
NATIVE: Final = {"postgres": (UUIDField, UtcDatetime)}
"""What a driver takes and gives as Python has it, though Tortoise looks at each value."""
QUOTES: Final = {"sqlite": '"', "postgres": '"', "mysql": "`"}


class Statement:
    """A text in the SQL that all databases speak, with `?` for a value, `IN ?` for a list."""

    def __init__(self, text: str) -> None:
        plain = " ".join(text.split())
        self._texts: Final = {
            "sqlite": plain.replace(" IN ?", " IN (SELECT value FROM json_each(?))").removesuffix(
                " FOR UPDATE"  # where only one transaction writes at a time
            ),
            "mysql": plain.replace("?", "%s"),
            "postgres": _numbered(plain.replace(" IN ?", " = ANY(?)")),
        }

    async def change(self, client: BaseDBAsyncClient, *values: Any) -> int:
        """How many rows it changed; MariaDB and MySQL leave out those that were so already."""
        dialect = client.capabilities.dialect
        count, _ = await client.execute_query(self._texts[dialect], _sent(values, dialect))
        return count

    async def rows(self, client: BaseDBAsyncClient, *values: Any) -> list[Sequence[Any]]:
        """The rows that it gives, their values as the driver has them."""
        dialect = client.capabilities.dialect
        sent = _sent(values, dialect)
        rows: list[Any] = await client.fetch_rows(self._texts[dialect], sent)  # type: ignore[attr-defined]
        return rows


class Query:
    """A text that gives columns of tables, its `{columns}`; a row is one instance of each table.

    Each table comes with the names of its columns, the primary key first; `table` is the first.
    Where a LEFT JOIN finds nothing, there is None.
    """

    def __init__(self, text: str, *tables: tuple[type[Model], tuple[str, ...]]) -> None:
        columns = (f"{table._meta.db_table}.{name}" for table, names in tables for name in names)
        self._statement: Final = Statement(text.replace("{columns}", ", ".join(columns)))
        self._tables: Final = tables
        self.table: Final = tables[0][0]

    async def rows(self, client: BaseDBAsyncClient, *values: Any) -> list[tuple[Any, ...]]:
        """The rows; an instance has the columns that were read and no others."""
        found = await self._statement.rows(client, *values)
        made = _hydration(self._tables, client.capabilities.dialect)
        # Of a joined table, a row that comes up again is one instance.
        known: list[dict[Any, Model]] = [{} for _ in self._tables]
        return await in_pieces(found, lambda row: made(row, known))


async def in_pieces(values: Sequence[T], made: Callable[[T], Made]) -> list[Made]:
    """What is made of each value; between pieces of what is long to make, others are let run."""
    found = [made(value) for value in values[:AT_ONCE]]
    for start in range(AT_ONCE, len(values), AT_ONCE):
        await asyncio.sleep(0)
        found += [made(value) for value in values[start : start + AT_ONCE]]
    return found


def fresh(table: type[Row], **values: Any) -> Row:
    """A new instance, not stored yet, of values that have their fields' own types."""
    instance = table.__new__(table)
    constants, made = _defaults(table)
    state = instance.__dict__
    state.update(constants)
    for name, make in made:
        state[name] = make()
    state.update(values)
    return instance


async def insert(client: BaseDBAsyncClient, *groups: Sequence[Model]) -> None:
    """Store new instances, each group of one table. Rows of a group may refer to earlier groups.

    PostgreSQL takes several groups by one statement; else it is one for each `BATCH` of a group.
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
    """Store a new instance where no other has its unique values; whether it is stored."""
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
    """Every group is one value, so that the text is the same for any number of rows."""
    text, records = _insertions(tuple(type(group[0]) for group in groups))
    pairs = zip(groups, records, strict=True)
    values = [
        orjson.dumps(await in_pieces(group, record), default=str).decode()
        for group, record in pairs
    ]
    await client.execute_query(text, values)


def _numbered(text: str) -> str:
    """The text with $1, $2 and so on, as PostgreSQL has them."""
    first, *others = text.split("?")
    return first + "".join(f"${place}{other}" for place, other in enumerate(others, 1))


def _sent(values: Sequence[Any], dialect: str) -> list[Any]:
    """The values as the driver takes them."""
    if dialect == "postgres":
        return list(values)
    return [_plain(value, dialect) for value in values]


def _plain(value: Any, dialect: str) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, list):
        keys = [str(each) for each in value]
        # asyncmy writes the list itself, and `IN ()` is no SQL.
        return tuple(keys) or (None,) if dialect == "mysql" else orjson.dumps(keys).decode()
    return value


@cache
def _hydration(
    tables: Tables, dialect: str
) -> Callable[[Sequence[Any], list[dict[Any, Model]]], tuple[Any, ...]]:
    """What makes a row of several tables' columns an instance of each, or finds it by its key."""
    parts = []
    start = 0
    for table, names in tables:
        fields = table._meta.fields_map
        read = ((name, _from_database(fields[name], dialect)) for name in names)
        conversions = [(name, convert) for name, convert in read if convert]
        constants = {
            "_saved_in_db": True,
            "_partial": len(names) < len(table._meta.db_fields),
            "_custom_generated_pk": True,
        }
        place = slice(start, start + len(names))
        parts.append((start, (table, names, place, conversions, constants)))
        start += len(names)

    if len(parts) == 1:
        ((_, only),) = parts
        return lambda row, _: (_stored(*only, row),)

    def hydrated(row: Sequence[Any], known: list[dict[Any, Model]]) -> tuple[Any, ...]:
        made: list[Model | None] = []
        for (key_place, part), instances in zip(parts, known, strict=True):
            key = row[key_place]
            instance = instances.get(key)
            if instance is None and key is not None:
                instance = instances[key] = _stored(*part, row)
            made.append(instance)
        return tuple(made)

    return hydrated


def _stored(
    table: type[Model],
    names: tuple[str, ...],
    place: slice,
    conversions: list[tuple[str, Convert]],
    constants: dict[str, Any],
    row: Sequence[Any],
) -> Model:
    values = row[place]
    instance = table.__new__(table)
    state = instance.__dict__
    state.update(constants)
    state.update(zip(names, values, strict=True))
    state["_await_when_save"] = {}
    for name, convert in conversions:
        if (value := state[name]) is not None:
            state[name] = convert(value)
    return instance


@cache
def _defaults(table: type[Model]) -> tuple[dict[str, Any], list[tuple[str, Callable[[], Any]]]]:
    """What an instance has that nobody gave it: values, and what is made anew for each."""
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
    """The text that inserts a row, and what makes its values of an instance."""
    fields = table._meta.fields_map
    columns = table._meta.fields_db_projection
    quote = QUOTES[dialect]
    named = ", ".join(f"{quote}{column}{quote}" for column in columns.values())
    places = ", ".join("?" for _ in columns)
    into = f"INSERT INTO {quote}{table._meta.db_table}{quote}"
    text = f"{into} ({named}) VALUES ({places})"
    written = {"sqlite": text, "mysql": text.replace("?", "%s"), "postgres": _numbered(text)}
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
    """PostgreSQL's text that inserts rows of several tables, and what makes each an object."""
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


def to_database(field: Field[Any], table: type[Model], dialect: str) -> Convert | None:
    """What makes a value of a field one that its driver takes; None where it is one."""
    if isinstance(field, (*PLAIN, *NATIVE.get(dialect, ()))):
        return None
    if isinstance(field, UUIDField):
        return str
    if isinstance(field, CharEnumFieldInstance):
        return {member: str(member.value) for member in field.enum_type}.__getitem__
    if isinstance(field, CharField):
        most = field.max_length
        return lambda text: (
            text if isinstance(text, str) and len(text) <= most else field.to_db_value(text, table)
        )
    return lambda value: field.to_db_value(value, table)


def _from_database(field: Field[Any], dialect: str) -> Convert | None:
    """What makes a field's value of what the driver gives; None where it is that."""
    if isinstance(field, UUIDField) and dialect not in NATIVE:
        return _uuid
    native = (CharField, IntField, BigIntField, *NATIVE.get(dialect, ()))
    if isinstance(field, CharEnumFieldInstance):
        return {str(member.value): member for member in field.enum_type}.__getitem__
    return None if isinstance(field, native) else field.to_python_value


def _uuid(value: UUID | str) -> UUID:
    """The id of its usual form, which was ours: UUID itself looks at each text once more.

    Orders of many lines read thousands of them.
    """
    if not isinstance(value, str):
        return value
    made = UUID.__new__(UUID)
    _set_number(made, int(value.replace("-", ""), 16))
    _set_safety(made, SafeUUID.unknown)
    return made


# What a UUID's slots are set by, as the type itself forbids to set them by their names.
_set_number: Final = UUID.__dict__["int"].__set__
_set_safety: Final = UUID.__dict__["is_safe"].__set__
