"""The rows of a source, one after the other, each with the line where it begins."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from services.imports.mapping import BadMapping, Mapping, Source

Advance = Callable[[int, int], None]
"""Told how much of a file is read, in bytes, and how large it is."""

MAX_CELL_CHARACTERS: Final = 1_000_000
TOLD_EVERY: Final = 200
"""Rows between two words about the progress."""

_UNDECODED: Final = re.compile("[\udc80-\udcff]")


@dataclass(frozen=True, slots=True)
class Row:
    """The cells by column, or what is wrong with the row as a whole."""

    line: int
    cells: dict[str, str]
    fault: str | None = None
    column: str | None = None


def locate(mapping: Mapping, source: Path) -> dict[str, Path]:
    """The files that a mapping names, by their names there.

    `source` is their folder. It may be the file itself where the mapping names only one.

    Raises:
        BadMapping: one is not there, or lacks a column that the mapping uses.
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


def _missing(here: str, mapping: Mapping, source: Source, found: dict[str, Path]) -> list[str]:
    """What the source's mapping asks of the file and its header does not offer."""
    if source.file is None:
        columns = {column for row in source.rows or [] for column in row}
    else:
        with found[source.file].open("rb") as opened:
            header = next(_records(opened, mapping, source), (0, [], None))[1]
        columns = set(header)
        twice = [column for column in columns if header.count(column) > 1]
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
    """The source's rows; those that its `only_if` leaves out are not among them."""
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
        cells = {column: "" if cell in empty else cell for column, cell in row.cells.items()}
        whole = row
        if not row.fault:
            whole = _with_json(_with_parts(Row(row.line, cells), patterns), source)
        if whole.fault or not source.only_if or whole.cells[source.only_if]:
            yield whole


def _file_rows(mapping: Mapping, source: Source, path: Path, advance: Advance) -> Iterator[Row]:
    size = path.stat().st_size
    with path.open("rb") as opened:
        records = _records(opened, mapping, source)
        _, header, _ = next(records, (0, [], None))
        for count, (line, cells, fault) in enumerate(records):
            if count % TOLD_EVERY == 0:
                advance(opened.tell(), size)
            if fault:
                yield Row(line, {}, fault)
            elif len(cells) != len(header):
                yield Row(line, {}, f"has {len(cells)} cells where the header has {len(header)}")
            elif _UNDECODED.search("".join(cells)):
                encoding = source.encoding or mapping.encoding
                column = next(
                    name
                    for name, cell in zip(header, cells, strict=True)
                    if _UNDECODED.search(cell)
                )
                yield Row(line, {}, f"is not written in {encoding}", column)
            else:
                yield Row(line, dict(zip(header, cells, strict=True)))
        advance(size, size)


def _records(
    opened: BinaryIO, mapping: Mapping, source: Source
) -> Iterator[tuple[int, list[str], str | None]]:
    """Line, cells and fault of every record that is not blank, the header first."""
    encoding = source.encoding or mapping.encoding
    if encoding.lower().replace("_", "-") in ("utf-8", "utf8"):
        encoding = "utf-8-sig"  # spreadsheets begin their files with a byte order mark
    text = io.TextIOWrapper(opened, encoding, errors="surrogateescape", newline="")
    csv.field_size_limit(MAX_CELL_CHARACTERS)
    reader = csv.reader(text, delimiter=source.delimiter or mapping.delimiter, strict=True)
    try:
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield line, [], f"is no row of a CSV file: {error}"
                continue
            except UnicodeDecodeError:
                yield line, [], f"is not written in {encoding}, and so cannot be read on from here"
                return
            if cells:
                yield line, [cell.strip() for cell in cells], None
    finally:
        text.detach()


def _with_parts(row: Row, patterns: dict[str, re.Pattern[str]]) -> Row:
    """The row with a column for each named part of a pattern; an empty cell has empty parts."""
    for column, pattern in patterns.items():
        cell = row.cells[column]
        found = pattern.fullmatch(cell)
        if cell and found is None:
            return Row(row.line, {}, f"{cell!r} does not fit its pattern", column)
        for part in pattern.groupindex:
            row.cells[part] = (found[part] or "").strip() if found else ""
    return row


def _with_json(row: Row, source: Source) -> Row:
    """The row with what its JSON columns hold, as `column.name`."""
    for column in source.json_columns if not row.fault else ():
        try:
            held = json.loads(row.cells[column] or "{}")
        except ValueError as error:
            return Row(row.line, {}, f"is no JSON: {error}", column)
        if not isinstance(held, dict):
            return Row(row.line, {}, "is no JSON object", column)
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
