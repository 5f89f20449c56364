"""Reads a mapping file, and reports all its mistakes before a row is read."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, get_args, get_origin
from zoneinfo import ZoneInfo

import yaml
from pydantic import ValidationError

from services.imports.files.mapping import BadMapping, Mapping, Source, Value
from services.imports.files.postal import PostalRow
from services.imports.files.records import RECORDS, Kind
from services.imports.files.values import Formats, instant

COMPUTED: Final = frozenset({Kind.STOCK, Kind.LINE})
"""Kinds whose rows need no key: stock has product and warehouse, a line its place."""

SHARED: Final = frozenset(
    {Kind.WAREHOUSE, Kind.CATEGORY, Kind.SUPPLIER, Kind.CUSTOMER, Kind.PRODUCT}
)
"""Kinds of objects that several systems may share, and that may exist before any import."""


class _Loader(yaml.BaseLoader):
    """Makes text of every scalar: in YAML the bare country code NO is `false`."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                line = key.start_mark.line + 1
                raise yaml.YAMLError(f"{key.value} is given twice, again in line {line}")
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def load(path: Path) -> Mapping:
    """The mapping in a file.

    Raises:
        BadMapping: the file cannot be read, or has mistakes; the text names all of them.
    """
    try:
        given = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - builds only text, lists and maps
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadMapping([f"{path.name}: {error}"]) from None
    try:
        mapping = Mapping.model_validate(given)
    except ValidationError as error:
        raise BadMapping(
            [f"{_place(each['loc'])}: {each['msg']}" for each in error.errors()]
        ) from None
    problems = [f"{where}: {what}" for where, what in _problems(mapping)]
    if problems:
        raise BadMapping(problems)
    return mapping


def _place(loc: tuple[int | str, ...]) -> str:
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
    if part.time_zone and not _works(lambda: ZoneInfo(part.time_zone or "")):
        yield f"{here}time_zone", f"there is no time zone {part.time_zone}"
    if part.encoding and not _works(lambda: "".encode(part.encoding or "")):
        yield f"{here}encoding", f"there is no encoding {part.encoding}"
    for name in ("delimiter", "decimal"):
        if len(getattr(part, name) or ",") != 1:
            yield f"{here}{name}", "must be one character"
    if part.delimiter and part.delimiter in '"\r\n':
        yield f"{here}delimiter", "cannot be a quote or the end of a line"
    if part.decimal and part.decimal == part.thousands:
        yield f"{here}thousands", "must differ from decimal"
    for index, pattern in enumerate(part.dates or []):
        if not _is_date_pattern(pattern):
            yield f"{here}dates[{index}]", f"{pattern} is neither iso nor such as %d.%m.%Y"


def _works(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except (LookupError, ValueError):  # ZoneInfoNotFoundError is a KeyError
        return False
    return True


def _is_date_pattern(pattern: str) -> bool:
    """Whether a text written by the pattern can be read again."""
    if pattern == "iso":
        return True
    written = datetime(2000, 1, 2, tzinfo=UTC).strftime(pattern)
    return "%" in pattern and _works(lambda: instant(written, Formats(dates=(pattern,))))


def _source_problems(here: str, source: Source) -> Iterator[tuple[str, str]]:
    if (source.file is None) == (source.rows is None):
        yield here, "give either file or rows"
    if source.key is None and source.kind not in COMPUTED:
        yield f"{here}.key", f"a {source.kind} needs a key"
    if source.existing == "link" and source.kind not in SHARED:
        yield f"{here}.existing", f"rows of kind {source.kind} cannot be linked"
    if source.distinct in ("first", "last") and source.kind not in SHARED:
        yield f"{here}.distinct", f"rows of kind {source.kind} must agree: first and last do not do"
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
    """Whether a field of that type has a part of that name; a plain field has none."""
    kinds = {annotation, *get_args(annotation)}
    if PostalRow in kinds:
        return rest in PostalRow.model_fields
    if get_origin(annotation) is dict:
        return bool(rest)
    return not rest
