"""Statements of the busiest use cases, written out.

To build a statement costs Tortoise more than the database needs to run it. Here a statement is a
text with a type for its rows: see ADR 16.
"""

from collections.abc import Callable, Sequence
from types import NoneType, UnionType
from typing import Any, Final, Generic, TypeVar, get_args, get_origin, get_type_hints
from uuid import UUID

import orjson
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.models import Model

from services.storage.conversions import from_any_database, from_database
from services.storage.pieces import in_pieces

Row = TypeVar("Row")
Values = Sequence[Any]
Known = dict[Any, Any]
"""Parts of rows by their values: a row of a joined table that occurs again is one object."""
Make = Callable[[Values, Known], Any]

QUOTES: Final = {"sqlite": '"', "postgres": '"', "mysql": "`"}


class _Text:
    """A text in the SQL of all databases, with `?` for a value and `IN ?` for a list."""

    def __init__(self, text: str) -> None:
        plain = " ".join(text.split())
        self._texts: Final = {
            "sqlite": plain.replace(" IN ?", " IN (SELECT value FROM json_each(?))").removesuffix(
                " FOR UPDATE"  # one transaction writes at a time there
            ),
            "mysql": plain.replace("?", "%s"),
            "postgres": numbered(plain.replace(" IN ?", " = ANY(?)")),
        }

    def of(self, dialect: str) -> str:
        return self._texts[dialect]


class Statement:
    """A text that changes rows."""

    def __init__(self, text: str) -> None:
        self._text: Final = _Text(text)

    async def change(self, client: BaseDBAsyncClient, *values: Any) -> int:
        """The number of changed rows; MariaDB and MySQL leave out rows that stay the same."""
        dialect = client.capabilities.dialect
        count, _ = await client.execute_query(self._text.of(dialect), _sent(values, dialect))
        return count


class Query(Generic[Row]):
    """A text that reads rows of a type, whose columns stand in it as `{columns}`.

    The type is a table, whose instances have all columns; or the type of one column; or a
    NamedTuple, whose fields are named as their columns. A field whose own type is a table or a
    NamedTuple is named as its table in the text; it is None if a LEFT JOIN finds none.
    """

    def __init__(self, row: type[Row], text: str) -> None:
        self.row: Final = row
        self.text: Final = text
        self._readings: Final[dict[str, tuple[str, Make]]] = {}

    async def rows(self, client: BaseDBAsyncClient, *values: Any) -> list[Row]:
        """The rows, converted to their type."""
        dialect = client.capabilities.dialect
        text, make = self._readings.get(dialect) or self._reading(dialect)
        found = await client.fetch_rows(text, _sent(values, dialect))  # type: ignore[attr-defined]
        known: Known = {}
        return await in_pieces(found, lambda values: make(values, known))

    def _reading(self, dialect: str) -> tuple[str, Make]:
        """The text with its columns, and the function that makes a row from the driver's values.

        It is made on first use: Tortoise completes the tables after the imports.
        """
        columns, make = _form(self.row, "", dialect)
        text = _Text(self.text.replace("{columns}", ", ".join(columns))).of(dialect)
        self._readings[dialect] = text, make
        return text, make


def numbered(text: str) -> str:
    """The text with $1, $2 and so on, as in PostgreSQL."""
    first, *others = text.split("?")
    return first + "".join(f"${place}{other}" for place, other in enumerate(others, 1))


def _sent(values: Values, dialect: str) -> list[Any]:
    """The values as the driver takes them."""
    if dialect == "postgres":
        return list(values)
    return [_plain(value, dialect) for value in values]


def _plain(value: Any, dialect: str) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, list):
        keys = [str(each) for each in value]
        # asyncmy writes the list into the text, and `IN ()` is no SQL.
        return tuple(keys) or (None,) if dialect == "mysql" else orjson.dumps(keys).decode()
    return value


def _form(row: type[Any], table: str, dialect: str) -> tuple[list[str], Make]:
    """The columns of a type of rows, with the table's name if it has one, and the row's maker."""
    if issubclass(row, Model):
        return _form_of_table(row, dialect)
    if issubclass(row, tuple):
        return _form_of_fields(row, table, dialect)
    convert = from_any_database(row)
    return [], lambda values, _: convert(values[0]) if convert else values[0]


def _form_of_fields(row: type[Any], table: str, dialect: str) -> tuple[list[str], Make]:
    columns: list[str] = []
    parts: list[tuple[int, int, Any]] = []
    for name, hint in get_type_hints(row).items():
        kind, start = _kind_of(hint), len(columns)
        if issubclass(kind, Model) or hasattr(kind, "_fields"):
            inner, make = _form(kind, name, dialect)
            columns += inner
            parts.append((start, len(columns), make))
        else:
            columns.append(f"{table}.{name}" if table else name)
            parts.append((start, 0, from_any_database(kind)))

    def made(values: Values, known: Known) -> Any:
        found = []
        for start, end, make in parts:
            if end:
                found.append(_part(values[start:end], start, make, known))
                continue
            value = values[start]
            found.append(value if make is None or value is None else make(value))
        return row._make(found)

    return columns, made


def _part(values: Values, place: int, make: Make, known: Known) -> Any:
    """One object of a joined table's columns, or None if the join found none."""
    if values[0] is None:
        return None
    if (made := known.get((place, values))) is None:
        made = known[place, values] = make(values, known)
    return made


def _kind_of(hint: Any) -> type[Any]:
    """The type of a field's value, without None."""
    if isinstance(hint, UnionType):
        (hint,) = (each for each in get_args(hint) if each is not NoneType)
    kind: type[Any] = get_origin(hint) or hint
    return kind


def _form_of_table(table: type[Model], dialect: str) -> tuple[list[str], Make]:
    names = list(table._meta.fields_db_projection)
    fields = table._meta.fields_map
    read = ((name, from_database(fields[name], dialect)) for name in names)
    conversions = [(name, convert) for name, convert in read if convert]
    constants = {"_saved_in_db": True, "_partial": False, "_custom_generated_pk": True}

    def made(values: Values, _: Known) -> Model:
        instance = table.__new__(table)
        state = instance.__dict__
        state.update(constants)
        state.update(zip(names, values, strict=True))
        state["_await_when_save"] = {}
        for name, convert in conversions:
            if (value := state[name]) is not None:
                state[name] = convert(value)
        return instance

    return [f"{table._meta.db_table}.{name}" for name in names], made
