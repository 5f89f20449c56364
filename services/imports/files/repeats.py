"""Rows equal to an earlier sound row, as in a file that repeats the order in each of its lines."""

from operator import itemgetter
from typing import Any, Final

from services.imports.files.mapping import Source
from services.imports.files.reading import Row

MAX_REMEMBERED: Final = 10_000


class Repeats:
    """The contents of the latest sound rows of a source; equal rows are not checked again.

    It stays empty if equal rows are not taken once, or if the last one counts.
    """

    def __init__(self, source: Source) -> None:
        self._cells = itemgetter(*sorted(source.columns)) if source.columns else _nothing
        self._is_asked = source.distinct in (True, "first")
        self._said: dict[Any, None] = {}

    def parted(self, rows: list[Row]) -> tuple[list[Row], list[Row]]:
        """The rows to check first, and those that repeat one of these if it is sound."""
        if not self._is_asked:
            return rows, []
        first: list[Row] = []
        again: list[Row] = []
        said: set[Any] = set()
        for row in rows:
            cells = None if row.fault else self._cells(row.cells)
            (again if cells in said else first).append(row)
            if not row.fault:
                said.add(cells)
        return first, again

    def has(self, row: Row) -> bool:
        """Whether the row repeats an earlier one."""
        return self._is_asked and not row.fault and self._cells(row.cells) in self._said

    def add(self, row: Row) -> None:
        """Adds an accepted row, or one that repeats it."""
        if not self._is_asked:
            return
        self._said[self._cells(row.cells)] = None
        if len(self._said) > MAX_REMEMBERED:
            del self._said[next(iter(self._said))]


def _nothing(cells: dict[str, str]) -> None:
    """The content of rows of a source whose fields are all constants."""
