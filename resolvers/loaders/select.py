"""Reading rows of one table: the columns that are asked for and no others, as plain tuples.

Hydrating an instance of a model costs ten times what it takes to fetch its row. Statements are
written here, filters by Tortoise; names come from our own declarations only, values never stand in
the text.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from pypika_tortoise.terms import Parameterizer
from tortoise.expressions import Q, ResolveContext
from tortoise.fields.data import CharEnumFieldInstance
from tortoise.models import Model

from services import database

Row = tuple[Any, ...]
Names = tuple[str, ...]
Convert = Callable[[Any], Any]

QUOTES: Final = {"sqlite": '"', "postgres": '"', "mysql": "`"}


@dataclass(slots=True)
class Select:
    """A statement under way: its text and its values, which grow in step."""

    table: type[Model]
    names: Names
    dialect: str = field(default_factory=database.dialect)
    values: list[Any] = field(default_factory=list)
    conditions: list[str] = field(default_factory=list)

    def name(self, column: str) -> str:
        quote = QUOTES[self.dialect]
        return f"{quote}{column}{quote}"

    def value(self, value: Any) -> str:
        """The place of a value in the text."""
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
        """A value as the column's own field hands it to the database."""
        return self.table._meta.fields_map[column].to_db_value(value, self.table)

    def among(self, column: str, keys: Sequence[Any]) -> None:
        """Only rows whose column has one of the keys. The text is one for any number of them."""
        name = self.name(column)
        if len(keys) == 1:
            self.conditions.append(f"{name} = {self.value(self.encoded(column, keys[0]))}")
        elif self.dialect == "postgres":
            self.conditions.append(f"{name} = ANY({self.value(list(keys))})")
        elif self.dialect == "sqlite":
            listed = json.dumps([self.encoded(column, key) for key in keys])
            place = self.value(listed)
            self.conditions.append(f"{name} IN (SELECT value FROM json_each({place}))")
        else:
            places = ", ".join(self.value(self.encoded(column, key)) for key in keys)
            self.conditions.append(f"{name} IN ({places})")

    def matching(self, where: Q) -> None:
        """Only rows for which the filter holds. Filters on other tables are subqueries."""
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
        """ORDER BY: columns, those with a minus before them descending."""
        written = (
            f"{self.name(term.removeprefix('-'))} {'DESC' if term.startswith('-') else 'ASC'}"
            for term in terms
        )
        return f" ORDER BY {', '.join(written)}" if terms else ""

    def text(self, order: Sequence[str] = (), limit: int | None = None) -> str:
        """The whole statement."""
        most = "" if limit is None else f" LIMIT {limit}"
        table = self.name(self.table._meta.db_table)
        return f"SELECT {self.columns} FROM {table}{self.where}{self.order(order)}{most}"

    async def rows(self, text: str) -> list[Row]:
        """The rows of a statement that gives the selected columns, as Python values."""
        found = await database.fetch(text, self.values)
        conversions = conversions_of(self.table, self.names, self.dialect)
        if not found or not conversions:
            return list(map(tuple, found))
        columns: list[Sequence[Any]] = list(zip(*found, strict=True))
        for position, convert in conversions:
            columns[position] = convert(columns[position])
        return list(zip(*columns, strict=True))


Column = Sequence[Any]


@lru_cache(maxsize=2_000)
def conversions_of(
    table: type[Model],
    names: Names,
    dialect: str,  # noqa: ARG001 - part of what is remembered: Tortoise says others elsewhere
) -> list[tuple[int, Callable[[Column], Column]]]:
    """The columns that the database gives in a form of its own, and how they are converted."""
    meta = table._meta
    made: dict[str, Callable[[Column], Column]] = {}
    for _, name, described in meta.db_default_fields:
        made[name] = _each(described.field_type)
    for _, name, described in meta.db_complex_fields:
        if isinstance(described, CharEnumFieldInstance):
            made[name] = _each_distinct(described.to_python_value)
        else:
            made[name] = _each(described.to_python_value)
    return [(position, made[name]) for position, name in enumerate(names) if name in made]


def _each(convert: Convert) -> Callable[[Column], Column]:
    def converted(column: Column) -> Column:
        return [None if value is None else convert(value) for value in column]

    return converted


def _each_distinct(convert: Convert) -> Callable[[Column], Column]:
    """For columns of few different values."""

    def converted(column: Column) -> Column:
        known = {value: None if value is None else convert(value) for value in set(column)}
        return [known[value] for value in column]

    return converted
