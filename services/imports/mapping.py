"""The mapping file: what the columns of an operator's files mean. It is data, and is checked whole
before a single row is read.
"""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args, get_origin
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from services.imports.postal import PostalRow
from services.imports.records import RECORDS, Currency, Kind
from services.imports.values import Formats

ANYTHING: Final = "*"
"""The entry of a value table that stands for all values which it does not list."""

SHARED: Final = frozenset(
    {Kind.WAREHOUSE, Kind.CATEGORY, Kind.SUPPLIER, Kind.CUSTOMER, Kind.PRODUCT}
)
"""Kinds of objects that more than one system may know, and that are there before any import."""

COMPUTED: Final = frozenset({Kind.STOCK, Kind.LINE})
"""Kinds whose rows need no key: stock is known by product and warehouse, a line by its place."""

_PLACEHOLDER: Final = re.compile(r"\{([^{}]+)\}")


class BadMapping(ValueError):
    """A mapping file that cannot be followed; `problems` name the place and what is wrong there."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _as_value(given: Any) -> Any:
    """A column's name alone is short for `{column: name}`."""
    return {"column": given} if isinstance(given, str) else given


class Value(_Part):
    """Where a field's value comes from: a column, a constant, or a template of several columns.

    Then it may be looked up in a value table, divided by a hundred, and rounded. `by` tells whether
    a reference is another row's key, or the code (a SKU, a customer's code) of any object.
    """

    column: str | None = None
    value: str | None = None
    template: str | None = None
    table: str | dict[str, str] | None = None
    by: Literal["key", "code"] = "key"
    percent: bool = False
    round: Annotated[int, Field(ge=0, le=12)] | None = None

    @property
    def columns(self) -> list[str]:
        """The columns that it is made of."""
        if self.template is not None:
            return _PLACEHOLDER.findall(self.template)
        return [] if self.column is None else [self.column]

    def fill(self, cells: dict[str, str]) -> str:
        """The text before any look-up; empty where all its columns are."""
        if self.value is not None:
            return self.value
        if self.column is not None:
            return cells[self.column]
        if not any(cells[column] for column in self.columns):
            return ""
        return _PLACEHOLDER.sub(lambda found: cells[found[1]], self.template or "")


Filled = Annotated[Value, BeforeValidator(_as_value)]


class Source(_Part):
    """One reading of one file, or of rows that stand in the mapping itself.

    With `only_if` it takes the rows where that column is not empty; with `distinct` it takes rows
    that say the same thing once, as where each line of an order repeats what the order is.
    """

    kind: Kind
    file: str | None = None
    rows: list[dict[str, str]] | None = None
    key: Filled | None = None
    fields: dict[str, Filled] = Field(min_length=1)
    only_if: str | None = None
    distinct: bool = False
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


class Mapping(_Part):
    """A whole mapping file. What a source does not say about formats is said here."""

    system: Annotated[str, Field(min_length=1, max_length=64)]
    currency: Currency | None = None
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
        """How the source writes numbers and times."""
        return Formats(
            decimal=source.decimal or self.decimal,
            thousands=self.thousands if source.thousands is None else source.thousands,
            dates=tuple(source.dates or self.dates),
            time_zone=source.time_zone or self.time_zone,
        )

    def table(self, value: Value) -> dict[str, str] | None:
        """The value table of a field, if it has one."""
        return self.tables[value.table] if isinstance(value.table, str) else value.table


def load(path: Path) -> Mapping:
    """The mapping that a file holds.

    Raises:
        BadMapping: the file cannot be read, or something in it is wrong; all that is.
    """
    try:
        # The base loader makes text of every scalar: in YAML the bare country code NO is `false`.
        given = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506 - builds only text, lists and maps
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadMapping([f"{path.name}: {error}"]) from None
    try:
        mapping = Mapping.model_validate(given)
    except ValidationError as error:
        raise BadMapping(
            [f"{place(each['loc'])}: {each['msg']}" for each in error.errors()]
        ) from None
    problems = [f"{where}: {what}" for where, what in _problems(mapping)]
    if problems:
        raise BadMapping(problems)
    return mapping


def place(loc: tuple[int | str, ...]) -> str:
    """A place in the mapping as `sources[2].fields.name`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    return text.removeprefix(".") or "the mapping"


def _problems(mapping: Mapping) -> Iterator[tuple[str, str]]:
    yield from _format_problems("", mapping)
    for index, source in enumerate(mapping.sources):
        here = f"sources[{index}]"
        yield from _format_problems(f"{here}.", source)
        yield from _source_problems(here, source)
        values = {f"{here}.fields.{name}": value for name, value in source.fields.items()}
        if source.key:
            values[f"{here}.key"] = source.key
        for where, value in values.items():
            yield from _value_problems(where, value, mapping)
        yield from _field_problems(here, source, mapping)


def _format_problems(here: str, part: Mapping | Source) -> Iterator[tuple[str, str]]:
    if part.time_zone:
        try:
            ZoneInfo(part.time_zone)
        except (ZoneInfoNotFoundError, ValueError):
            yield f"{here}time_zone", f"there is no time zone {part.time_zone}"
    if part.encoding:
        try:
            codecs.lookup(part.encoding)
        except LookupError:
            yield f"{here}encoding", f"there is no encoding {part.encoding}"
    for name in ("delimiter", "decimal"):
        if len(getattr(part, name) or ",") != 1:
            yield f"{here}{name}", "must be one character"
    if part.decimal and part.decimal == part.thousands:
        yield f"{here}thousands", "must differ from decimal"


def _source_problems(here: str, source: Source) -> Iterator[tuple[str, str]]:
    if (source.file is None) == (source.rows is None):
        yield here, "give either file or rows"
    if source.key is None and source.kind not in COMPUTED:
        yield f"{here}.key", f"a {source.kind} needs a key"
    if source.existing == "link" and source.kind not in SHARED:
        yield f"{here}.existing", f"rows of kind {source.kind} cannot be linked"
    for column, pattern in source.split.items():
        try:
            groups = re.compile(pattern).groupindex
        except re.error as error:
            yield f"{here}.split.{column}", f"is no pattern: {error}"
        else:
            if not groups:
                yield f"{here}.split.{column}", "names no part, as (?P<city>...) does"


def _value_problems(where: str, value: Value, mapping: Mapping) -> Iterator[tuple[str, str]]:
    given = [each for each in (value.column, value.value, value.template) if each is not None]
    if len(given) != 1:
        yield where, "give one of column, value and template"
    if isinstance(value.table, str) and value.table not in mapping.tables:
        yield f"{where}.table", f"there is no table {value.table}"


def _field_problems(here: str, source: Source, mapping: Mapping) -> Iterator[tuple[str, str]]:
    record = RECORDS[source.kind].model_fields
    for name, value in source.fields.items():
        head, _, rest = name.partition(".")
        if head == "key" or head not in record or not _may_follow(record[head].annotation, rest):
            yield f"{here}.fields.{name}", f"a {source.kind} has no such field"
        if value.by == "code" and RECORDS[source.kind].refers.get(name) not in SHARED:
            yield f"{here}.fields.{name}.by", "only what people know by a code has one"
    for name, field in record.items():
        given = name in source.fields or (name == "currency" and mapping.currency)
        if field.is_required() and name != "key" and not given:
            yield f"{here}.fields.{name}", f"a {source.kind} needs it"


def _may_follow(annotation: Any, rest: str) -> bool:
    """Whether a field of that type has a part of that name; none for a plain one."""
    kinds = {annotation, *get_args(annotation)}
    if PostalRow in kinds:
        return rest in PostalRow.model_fields
    if get_origin(annotation) is dict:
        return bool(rest)
    return not rest
