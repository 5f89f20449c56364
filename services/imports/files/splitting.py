"""Splits CSV text into cells; a quote that is never closed costs its own line only."""

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

MAX_CELL_CHARACTERS: Final = 1_000_000
MAX_RECORD_LINES: Final = 1_000
MIN_COLUMNS: Final = 3
"""With fewer columns a line of a longer text looks like a row too easily."""


@dataclass(frozen=True, slots=True)
class Record:
    """The trimmed cells of one row. With a `fault` they are those of its first line."""

    line: int
    cells: list[str]
    fault: str | None = None


class _Unclosed(Exception):
    """A quoted cell has swallowed a row."""


class _Lines:
    """The lines of a text, record by record; lines can be returned."""

    def __init__(self, text: Iterable[str], delimiter: str) -> None:
        self._text = iter(text)
        self._back: deque[str] = deque()
        self.delimiter = delimiter
        self.columns = 0
        self.number = 0
        self.taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._back.popleft() if self._back else next(self._text)
        self.number += 1
        self.taken.append(line)
        if len(self.taken) > 1 and (len(self.taken) > MAX_RECORD_LINES or self._is_row(line)):
            raise _Unclosed
        return line

    def begin(self) -> None:
        """Begins a record at the next line."""
        self.taken.clear()

    def keep_first(self) -> None:
        """Returns all lines of the record except its first."""
        rest = self.taken[1:]
        self._back.extendleft(reversed(rest))
        self.number -= len(rest)
        del self.taken[1:]

    def has_rows_within(self) -> bool:
        """Whether a later line of the record is a row by itself."""
        return any(self._width(line) == self.columns for line in self.taken[1:])

    def _is_row(self, line: str) -> bool:
        """Whether a line within a quoted cell is a row by itself.

        A line that ends a cell of the first column is as wide as a row.
        """
        if self.columns < MIN_COLUMNS or self._width(line) != self.columns:
            return False
        return '"' not in line or self._width(self.taken[0]) > 1

    def _width(self, line: str) -> int:
        return len(next(csv.reader((line,), delimiter=self.delimiter), []))


def records(text: Iterable[str], delimiter: str) -> Iterator[Record]:
    """Each row that is not empty, the header first: spreadsheets end with rows of separators.

    A quote counts as never closed if a row is within its cell, if its end is no end of a cell, or
    after 1,000 lines without an end.
    """
    csv.field_size_limit(MAX_CELL_CHARACTERS)
    lines = _Lines(text, delimiter)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        lines.begin()
        start = lines.number + 1
        fault = None
        try:
            cells = next(reader)
        except StopIteration:
            return
        except _Unclosed:
            cells, fault = _unclosed(lines)
        except csv.Error as error:
            if len(lines.taken) > 1 or str(error).startswith("unexpected end"):
                cells, fault = _unclosed(lines)
            else:
                cells = _leniently(lines.taken[0], delimiter)
                fault = f"is no row of a CSV file: {error}"
        if len(lines.taken) > 1 and len(cells) != lines.columns and lines.has_rows_within():
            cells, fault = _unclosed(lines)
        trimmed = [cell.strip() for cell in cells]
        if fault or any(trimmed):
            lines.columns = lines.columns or len(trimmed)
            yield Record(start, trimmed, fault)


def _unclosed(lines: _Lines) -> tuple[list[str], str]:
    """The cells of the record's first line, without its last quote."""
    lines.keep_first()
    cells = _leniently(lines.taken[0], lines.delimiter)
    *before, last = cells
    return [*before, *last.split(lines.delimiter)], "has a quote that is never closed"


def _leniently(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader((line,), delimiter=delimiter)) or [""]
    except csv.Error:
        return [""]
