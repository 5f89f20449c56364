"""Rows that say word for word what a sound row said, as where each line repeats its order."""

from operator import itemgetter
from typing import Any, Final

from services.imports.files.mapping import Source
from services.imports.files.reading import Row

MAX_REMEMBERED: Final = 10_000


class Repeats:
    """What the latest sound rows of a source said, of which the same need not be looked at again.

    Nothing is one where rows are not taken once, or where the last one counts.
    """

    def __init__(self, source: Source) -> None:
        self._cells = itemgetter(*sorted(source.columns)) if source.columns else _nothing
        self._is_asked = source.distinct in (True, "first")
        self._said: dict[Any, None] = {}

    def parted(self, rows: list[Row]) -> tuple[list[Row], list[Row]]:
        """The rows to look at first, and those that repeat one of these: it may be a sound one."""
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
        """Whether the row is one."""
        return self._is_asked and not row.fault and self._cells(row.cells) in self._said

    def add(self, row: Row) -> None:
        """Remember a row that was taken, or that repeats one."""
        if not self._is_asked:
            return
        self._said[self._cells(row.cells)] = None
        if len(self._said) > MAX_REMEMBERED:
            del self._said[next(iter(self._said))]


def _nothing(cells: dict[str, str]) -> None:
    """What the rows of a source say whose fields are all constants."""
