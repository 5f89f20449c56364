"""Reads the rows of a source one by one, each with its first line's number."""

import io
import json
import re
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, Final

from services.imports.files.mapping import BadMapping, Mapping, Source
from services.imports.files.splitting import Record, records
from services.imports.files.values import quoted

Advance = Callable[[int, int], None]
"""Called with the read bytes of a file, and its size."""

PROGRESS_ROWS: Final = 200
"""Rows between two reports of the progress."""

MAX_SHIFT: Final = 20
"""With more missing or surplus cells than this, no cell of a row is trusted."""

MAGIC: Final = {
    b"PK\x03\x04": "a spreadsheet (XLSX or ODS)",
    b"\xd0\xcf\x11\xe0": "a spreadsheet (XLS)",
    b"\x1f\x8b": "compressed",
    b"%PDF": "a PDF",
}
"""First bytes of other file formats that are taken for tables."""

MAX_MAGIC: Final = 512

_UNDECODED: Final = re.compile("[\udc80-\udcff]")


@dataclass(frozen=True, slots=True)
class Row:
    """The cells by column, or the fault of the row as a whole.

    `readings` are the possible cells of a row with a fault: several for missing or surplus cells,
    because their place is unknown. The row `is_certain` if the cells are in their columns, and
    `is_short` if one is missing.
    """

    line: int
    cells: dict[str, str]
    fault: str | None = None
    column: str | None = None
    readings: tuple[dict[str, str], ...] = ()
    is_certain: bool = True
    is_short: bool = False


def locate(mapping: Mapping, source: Path) -> dict[str, Path]:
    """The files of a mapping, by their names in it.

    `source` is their folder, or the file itself if the mapping names only one.

    Raises:
        BadMapping: a file is missing, or lacks a column of the mapping.
    """
    names = list(dict.fromkeys(each.file for each in mapping.sources if each.file))
    if source.is_file() and len(names) == 1:
        found = {names[0]: source}
    else:
        found = {name: source / name for name in names}
    problems = [f"there is no file {name}" for name in found if not found[name].is_file()]
    if not problems:
        for index, each in enumerate(mapping.sources):
            problems += _missing(f"sources[{index}]", mapping, each, found)
    if problems:
        raise BadMapping(problems)
    return found


def _other_format(opened: BinaryIO, encoding: str) -> str | None:
    """The other format of a file, by its first bytes; None for a CSV file in that encoding."""
    begin = opened.read(MAX_MAGIC)
    opened.seek(0)
    for magic, name in MAGIC.items():
        if begin.startswith(magic):
            return f"{name}; save it as CSV"
    is_wide = begin.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in begin
    if is_wide and not encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32")):
        return "written in UTF-16; say encoding: utf-16"
    return None


def _missing(here: str, mapping: Mapping, source: Source, found: dict[str, Path]) -> list[str]:
    """The columns of the source's mapping that the file's header lacks."""
    if source.file is None:
        columns = {column for row in source.rows or [] for column in row}
    else:
        with found[source.file].open("rb") as opened:
            other = _other_format(opened, source.encoding or mapping.encoding)
            if other:
                return [f"{here}.file: {source.file} is {other}"]
            first = next(_records(opened, mapping, source), None)
            header = first.cells if first and not first.fault else []
        columns = set(header)
        # Columns without a name, as spreadsheets leave them beside a table, are ignored.
        twice = [column for column in columns if column and header.count(column) > 1]
        if twice:
            return [f"{here}.file: {source.file} has two columns named {min(twice)}"]
    asked = {f"split.{column}": [column] for column in source.split}
    asked |= {f"json[{index}]": [column] for index, column in enumerate(source.json_columns)}
    problems = _absent(here, source, asked, columns)
    made = {part for pattern in source.split.values() for part in re.compile(pattern).groupindex}
    problems += [
        f"{here}.split: {source.name} has a column {part} already" for part in made & columns
    ]
    asked = {f"fields.{name}": value.columns for name, value in source.fields.items()}
    asked["key"] = source.key.columns if source.key else []
    asked["only_if"] = [source.only_if] if source.only_if else []
    return problems + _absent(here, source, asked, columns | made)


def _absent(here: str, source: Source, asked: dict[str, list[str]], columns: set[str]) -> list[str]:
    return [
        f"{here}.{where}: {source.name} has no column {column}"
        for where, wanted in asked.items()
        for column in wanted
        if column not in columns and column.partition(".")[0] not in source.json_columns
    ]


def rows(
    mapping: Mapping, source: Source, files: dict[str, Path], advance: Advance
) -> Iterator[Row]:
    """The source's rows, without those that its `only_if` leaves out."""
    if source.file is None:
        columns = {column for row in source.rows or [] for column in row}
        blank = dict.fromkeys(columns, "")
        listed = enumerate(source.rows or [], 1)
        plain: Iterator[Row] = (Row(index, {**blank, **row}) for index, row in listed)
    else:
        plain = _file_rows(mapping, source, files[source.file], advance)
    patterns = {column: re.compile(pattern) for column, pattern in source.split.items()}
    empty = frozenset(mapping.empty)
    for row in plain:
        whole = row if not empty else _emptied(row, empty)
        if not row.fault:
            whole = _with_json(_with_parts(whole, patterns), source)
        if whole.fault or not source.only_if or whole.cells[source.only_if]:
            yield whole


def _emptied(row: Row, empty: frozenset[str]) -> Row:
    """The row, with cells that mean nothing emptied."""
    readings = tuple(_without(empty, each) for each in row.readings)
    return replace(row, cells=_without(empty, row.cells), readings=readings)


def _without(empty: frozenset[str], cells: dict[str, str]) -> dict[str, str]:
    return {column: "" if cell in empty else cell for column, cell in cells.items()}


def _file_rows(mapping: Mapping, source: Source, path: Path, advance: Advance) -> Iterator[Row]:
    size = path.stat().st_size
    encoding = source.encoding or mapping.encoding
    delimiter = source.delimiter or mapping.delimiter
    # Closed before the file, also if the import ends in the middle.
    with path.open("rb") as opened, closing(_records(opened, mapping, source)) as found:
        first = next(found, None)
        header = first.cells if first else []
        for count, record in enumerate(found):
            if count % PROGRESS_ROWS == 0:
                advance(opened.tell(), size)
            yield _row(header, record, encoding, delimiter)
        advance(size, size)


def _row(header: list[str], record: Record, encoding: str, delimiter: str) -> Row:
    line, cells = record.line, record.cells
    shift = len(cells) - len(header)
    if record.fault or shift:
        fault = record.fault or f"has {len(cells)} cells where the header has {len(header)}"
        readings = _readings(header, cells, delimiter)
        return Row(line, {}, fault, None, readings, is_certain=False, is_short=shift < 0)
    named = dict(zip(header, cells, strict=True))
    if not _UNDECODED.search("".join(cells)):
        return Row(line, named)
    readable = {name: cell for name, cell in named.items() if not _UNDECODED.search(cell)}
    column = next(name for name in header if name not in readable)
    return Row(line, {}, f"is not written in {encoding}", column, (readable,))


def _readings(header: list[str], cells: list[str], delimiter: str) -> tuple[dict[str, str], ...]:
    """The possible cells of a row with missing or surplus cells.

    Two cells may be one that contains a delimiter. The last cell of a short row may be cut off.
    """
    shift = len(cells) - len(header)
    if not cells or abs(shift) > MAX_SHIFT:
        return ()
    if shift >= 0:
        found = [dict(zip(header, cells[at:], strict=False)) for at in range(shift + 1)]
        found += [
            dict(zip(header, [*cells[:at], between.join(cells[at : at + 2])], strict=False))
            for at in range(min(len(cells) - 1, len(header)) if shift else 0)
            for between in (delimiter, "")
        ]
    else:
        found = [dict(zip(header, cells[:-1], strict=False))]
        found += [dict(zip(header[at:], cells, strict=False)) for at in range(1, 1 - shift)]
    return tuple(
        {name: cell for name, cell in each.items() if not _UNDECODED.search(cell)} for each in found
    )


def _records(opened: BinaryIO, mapping: Mapping, source: Source) -> Generator[Record, None, None]:
    """Each record that is not empty, the header first."""
    encoding = source.encoding or mapping.encoding
    if encoding.lower().replace("_", "-") in ("utf-8", "utf8"):
        encoding = "utf-8-sig"  # spreadsheets begin their files with a byte order mark
    text = io.TextIOWrapper(opened, encoding, errors="surrogateescape", newline="")
    line = 0
    try:
        for record in records(text, source.delimiter or mapping.delimiter):
            line = record.line
            yield record
    except UnicodeDecodeError:
        fault = f"is not written in {encoding}, and so cannot be read on from here"
        yield Record(line + 1, [], fault)
    finally:
        text.detach()


def _with_parts(row: Row, patterns: dict[str, re.Pattern[str]]) -> Row:
    """The row with a column for each named part of a pattern; an empty cell has empty parts."""
    for column, pattern in patterns.items():
        cell = row.cells[column]
        found = pattern.fullmatch(cell)
        if cell and found is None:
            return _unfit(row, column, f"{quoted(cell)} does not fit its pattern")
        for part in pattern.groupindex:
            row.cells[part] = (found[part] or "").strip() if found else ""
    return row


def _unfit(row: Row, column: str, fault: str) -> Row:
    """The row with a fault in one column; the others are readable."""
    return Row(row.line, {}, fault, column, (row.cells,))


def _with_json(row: Row, source: Source) -> Row:
    """The row with the content of its JSON columns, as `column.name`."""
    for column in source.json_columns if not row.fault else ():
        try:
            held = json.loads(row.cells[column] or "{}")
        except ValueError as error:
            return _unfit(row, column, f"is no JSON: {error}")
        if not isinstance(held, dict):
            return _unfit(row, column, "is no JSON object")
        for part in source.columns:
            head, _, name = part.partition(".")
            if head == column and name:
                row.cells[part] = _plain(held.get(name))
    return row


def _plain(held: Any) -> str:
    if held is None:
        return ""
    if isinstance(held, list):
        return ", ".join(_plain(each) for each in held)
    return held.strip() if isinstance(held, str) else json.dumps(held, ensure_ascii=False)
