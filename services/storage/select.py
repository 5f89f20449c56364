"""Reads selected columns of rows of one table, as plain tuples.

Making an instance of a model costs ten times the fetch of its row. Statements are written here,
filters by Tortoise; names come from our own declarations only, and all values are parameters.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from pypika_tortoise.terms import Parameterizer
from tortoise.expressions import Q, ResolveContext
from tortoise.fields.data import CharEnumFieldInstance, UUIDField
from tortoise.models import Model

from services.storage import database
from services.storage.conversions import Convert, from_database
from services.storage.statements import QUOTES

Row = tuple[Any, ...]
Names = tuple[str, ...]
Column = Sequence[Any]

REPEATED: Final = (UUIDField, CharEnumFieldInstance)
"""Kinds of columns with few different values, each of which is converted once."""


@dataclass(slots=True)
class Select:
    """A statement in the making: its text and its values, which grow together."""

    table: type[Model]
    names: Names
    dialect: str = field(default_factory=database.dialect)
    values: list[Any] = field(default_factory=list)
    conditions: list[str] = field(default_factory=list)

    def name(self, column: str) -> str:
        quote = QUOTES[self.dialect]
        return f"{quote}{column}{quote}"

    def value(self, value: Any) -> str:
        """The placeholder of a value in the text."""
        self.values.append(value)
        return self._place(len(self.values))

    def _place(self, number: int) -> str:
        match self.dialect:
            case "postgres":
                return f"${number}"
            case "mysql":
                return "%s"
            case _:
                return "?"

    def encoded(self, column: str, value: Any) -> Any:
        """A value as the column's field passes it to the database."""
        return self.table._meta.fields_map[column].to_db_value(value, self.table)

    def among(self, column: str, keys: Sequence[Any]) -> None:
        """Selects only rows whose column has one of the keys."""
        name = self.name(column)
        if self.dialect == "mysql":
            places = ", ".join(self.value(self.encoded(column, key)) for key in keys)
            self.conditions.append(f"{name} IN ({places})")
            return
        place = self.value(self.listed(column, keys))
        any_of = (
            f"= ANY({place})"
            if self.dialect == "postgres"
            else (f"IN (SELECT value FROM json_each({place}))")
        )
        self.conditions.append(f"{name} {any_of}")

    def listed(self, column: str, keys: Sequence[Any]) -> Any:
        """The keys as one value, so that the text is the same for any number."""
        if self.dialect == "postgres":
            return list(keys)
        return json.dumps([self.encoded(column, key) for key in keys])

    def matching(self, where: Q) -> None:
        """Selects only rows that match the filter. Filters on other tables are subqueries."""
        if not where.children and not where.filters:
            return
        meta = self.table._meta
        context = ResolveContext(
            model=self.table, table=meta.basetable, annotations={}, custom_filters={}
        )
        criterion = where.resolve(context).where_criterion
        parameters = Parameterizer(self._place)
        parameters.values = self.values
        query: Any = meta.basequery
        written = query.QUERY_CLS.SQL_CONTEXT.copy(parameterizer=parameters)
        self.conditions.append(f"({criterion.get_sql(written)})")

    @property
    def columns(self) -> str:
        return ", ".join(map(self.name, self.names))

    @property
    def where(self) -> str:
        return f" WHERE {' AND '.join(self.conditions)}" if self.conditions else ""

    def order(self, terms: Sequence[str]) -> str:
        """ORDER BY: columns, descending ones with a minus before the name."""
        written = (
            f"{self.name(term.removeprefix('-'))} {'DESC' if term.startswith('-') else 'ASC'}"
            for term in terms
        )
        return f" ORDER BY {', '.join(written)}" if terms else ""

    def ranked(self, by: str, order: Sequence[str]) -> str:
        """All rows with their rank in their parent's list as `place`."""
        place = f"ROW_NUMBER() OVER (PARTITION BY {self.name(by)}{self.order(order)}) AS place"
        table = self.name(self.table._meta.db_table)
        return f"SELECT {self.columns}, {place} FROM {table}{self.where}"

    def text(self, order: Sequence[str] = (), limit: int | None = None) -> str:
        """The whole statement."""
        most = "" if limit is None else f" LIMIT {limit}"
        table = self.name(self.table._meta.db_table)
        return f"SELECT {self.columns} FROM {table}{self.where}{self.order(order)}{most}"

    async def rows(self, text: str) -> list[Row]:
        """The rows of a statement that gives the selected columns, as Python values."""
        return await fetch(self.table, self.names, self.dialect, text, self.values)


async def select_by(
    table: type[Model],
    names: Names,
    by: str,
    keys: Sequence[Any],
    order: Names,
    where: Q,
    most: int | None = None,
) -> list[Row]:
    """The rows of a table whose column `by` has one of the keys, if they match the filter.

    At most `most` rows. It is part of the text, because it is a setting and rarely differs.
    """
    dialect = database.dialect()
    if dialect == "mysql" or where.children or where.filters:
        select = Select(table, names, dialect)
        select.among(by, keys)
        select.matching(where)
        return await select.rows(select.text(order, most))
    # On the others the text is the same for any number of keys above one.
    text, encode = _text_by(table, names, by, order, dialect, most, is_one=len(keys) == 1)
    return await fetch(table, names, dialect, text, [encode(keys)])


@lru_cache(maxsize=2_000)
def _text_by(
    table: type[Model],
    names: Names,
    by: str,
    order: Names,
    dialect: str,
    most: int | None,
    *,
    is_one: bool,
) -> tuple[str, Callable[[Sequence[Any]], Any]]:
    """The text of `select_by`, and the function that makes its one value from the keys."""
    select = Select(table, names, dialect)
    if is_one:
        select.conditions.append(f"{select.name(by)} = {select.value(None)}")
        return select.text(order, most), lambda keys: select.encoded(by, keys[0])
    select.among(by, ())
    return select.text(order, most), lambda keys: select.listed(by, keys)


async def fetch(
    table: type[Model], names: Names, dialect: str, text: str, values: Sequence[Any]
) -> list[Row]:
    """The rows of a statement with these columns of a table, as Python values."""
    found = await database.fetch(text, values)
    conversions = conversions_of(table, names, dialect)
    if not found or not conversions:
        return list(map(tuple, found))
    columns: list[Sequence[Any]] = list(zip(*found, strict=True))
    for position, convert in conversions:
        columns[position] = convert(columns[position])
    return list(zip(*columns, strict=True))


@lru_cache(maxsize=2_000)
def conversions_of(
    table: type[Model],
    names: Names,
    dialect: str,
) -> list[tuple[int, Callable[[Column], Column]]]:
    """The places of the columns that need a conversion, each with its conversion."""
    fields = table._meta.fields_map
    found = ((place, fields[name]) for place, name in enumerate(names))
    return [
        (place, (_each_distinct if isinstance(field, REPEATED) else _each)(convert))
        for place, field in found
        if (convert := from_database(field, dialect))
    ]


def _each(convert: Convert) -> Callable[[Column], Column]:
    def converted(column: Column) -> Column:
        return [None if value is None else convert(value) for value in column]

    return converted


def _each_distinct(convert: Convert) -> Callable[[Column], Column]:
    def converted(column: Column) -> Column:
        known = {value: None if value is None else convert(value) for value in set(column)}
        return [known[value] for value in column]

    return converted
