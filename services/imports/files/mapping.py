"""The content of a mapping file: the meaning of the columns of an operator's files."""

import re
from functools import cached_property
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from models.rules.money import Rounding
from services.imports.files.records import Currency, Kind
from services.imports.files.values import Formats

ANYTHING: Final = "*"
"""The entry of a value table for all values that it does not list."""

_PLACEHOLDER: Final = re.compile(r"\{([^{}]+)\}")


class BadMapping(ValueError):
    """A mapping file with mistakes; `problems` have their places and texts."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _as_value(given: Any) -> Any:
    """Expands a column's name alone, which is short for `{column: name}`."""
    return {"column": given} if isinstance(given, str) else given


class Value(_Part):
    """The source of a field's value: a column, a constant, or a template of several columns.

    After that it may be looked up in a value table, divided by a hundred, and rounded. `by` says
    whether a reference is another row's key, or the code (a SKU, a customer's code) of any object.
    """

    column: str | None = None
    value: str | None = None
    template: str | None = None
    table: str | dict[str, str] | None = None
    by: Literal["key", "code"] = "key"
    percent: bool = False
    round: Annotated[int, Field(ge=0, le=12)] | None = None

    @cached_property
    def columns(self) -> list[str]:
        """The columns of the value."""
        if self.template is not None:
            return _PLACEHOLDER.findall(self.template)
        return [] if self.column is None else [self.column]

    def fill(self, cells: dict[str, str]) -> str:
        """The text before any look-up; empty if all its columns are empty."""
        if self.value is not None:
            return self.value
        if self.column is not None:
            return cells[self.column]
        if not any(cells[column] for column in self.columns):
            return ""
        return _PLACEHOLDER.sub(lambda found: cells[found[1]], self.template or "")


Filled = Annotated[Value, BeforeValidator(_as_value)]


class Source(_Part):
    """One reading of one file, or of rows in the mapping itself.

    With `only_if` it takes only rows whose column is not empty; with `distinct` it takes equal rows
    once, as in a file that repeats the order in each of its lines. Of different rows about the same
    object, `first` and `last` take the first and the last sound one instead of rejecting them.
    """

    kind: Kind
    file: str | None = None
    rows: list[dict[str, str]] | None = None
    key: Filled | None = None
    fields: dict[str, Filled] = Field(min_length=1)
    only_if: str | None = None
    distinct: bool | Literal["first", "last"] = False
    split: dict[str, str] = Field(default_factory=dict)
    json_columns: list[str] = Field(default_factory=list, alias="json")
    existing: Literal["reject", "link"] = "reject"
    encoding: str | None = None
    delimiter: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    dates: list[str] | None = None
    time_zone: str | None = None

    @property
    def name(self) -> str:
        return self.file or "the mapping's own rows"

    @cached_property
    def columns(self) -> frozenset[str]:
        """All columns that it reads, those of patterns and JSON included."""
        values = [*self.fields.values(), *([self.key] if self.key else [])]
        used = {column for value in values for column in value.columns}
        return frozenset(used | ({self.only_if} if self.only_if else set()))


class Mapping(_Part):
    """A whole mapping file. Its formats are the defaults of its sources.

    `rounding` is that of its orders, if the source rounds differently from the company.
    """

    system: Annotated[str, Field(min_length=1, max_length=64)]
    currency: Currency | None = None
    rounding: Rounding | None = None
    encoding: str = "utf-8"
    delimiter: str = ","
    decimal: str = "."
    thousands: str = ""
    dates: list[str] = Field(default_factory=lambda: ["iso"], min_length=1)
    time_zone: str = "UTC"
    empty: list[str] = Field(default_factory=list)
    tables: dict[str, dict[str, str]] = Field(default_factory=dict)
    sources: list[Source] = Field(min_length=1)

    def formats(self, source: Source) -> Formats:
        """The formats of numbers and times in the source."""
        return Formats(
            decimal=source.decimal or self.decimal,
            thousands=self.thousands if source.thousands is None else source.thousands,
            dates=tuple(source.dates or self.dates),
            time_zone=source.time_zone or self.time_zone,
        )

    def table(self, value: Value) -> dict[str, str] | None:
        """The value table of a field, if it has one."""
        return self.tables[value.table] if isinstance(value.table, str) else value.table
