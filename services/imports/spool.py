"""Checked rows on their way from the files to the database, in a temporary file of their own.

An order's lines may lie anywhere in another file, so rows must be found by key; a file keeps that
possible for imports that are larger than the memory.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from services.imports.records import BY_CODE, Kind

_TABLE: Final = """
CREATE TABLE row (
    id INTEGER PRIMARY KEY, kind TEXT, key TEXT, code TEXT, scanned TEXT, owner TEXT, carrier TEXT,
    state INTEGER, source INTEGER, line INTEGER, payload TEXT
);
CREATE UNIQUE INDEX by_key ON row (kind, key);
CREATE INDEX by_code ON row (kind, code);
CREATE INDEX by_scanned ON row (scanned) WHERE scanned IS NOT NULL;
CREATE INDEX by_owner ON row (owner, kind) WHERE owner IS NOT NULL;
CREATE INDEX by_carrier ON row (carrier) WHERE carrier IS NOT NULL;
"""


class State(IntEnum):
    """What is known of a row: to be written, there already, or rejected."""

    NEW = 0
    PRESENT = 1
    REJECTED = 2


@dataclass(frozen=True, slots=True)
class Kept:
    """A row. `owner` is the order of a line or a shipment, `carrier` the shipment of a line."""

    id: int
    kind: Kind
    key: str
    owner: str | None
    carrier: str | None
    state: State
    source: int
    line: int
    payload: str | None


_COLUMNS: Final = "id, kind, key, owner, carrier, state, source, line, payload"


class Spool:
    """Use as a context; `path` is a file that does not exist yet."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None)
        # Nobody reads it after a crash.
        self._database.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
        self._database.executescript(_TABLE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._database.close()

    def add(self, row: Kept, code: str | None, scanned: str | None) -> None:
        """Keep a row, whose id is ignored, with what no other may share."""
        self._database.execute(
            "INSERT INTO row"
            " (kind, key, code, scanned, owner, carrier, state, source, line, payload)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                row.kind,
                row.key,
                code,
                scanned,
                row.owner,
                row.carrier,
                row.state,
                row.source,
                row.line,
                row.payload,
            ),
        )

    def find(self, kind: Kind, reference: str) -> Kept | None:
        """The row of that key, or of that code where the reference is marked as one."""
        if reference.startswith(BY_CODE):
            return self._one("kind = ? AND code = ?", (kind, reference.removeprefix(BY_CODE)))
        return self._one("kind = ? AND key = ?", (kind, reference))

    def find_code(self, kind: Kind, code: str) -> Kept | None:
        """The row of that code which is to be written."""
        return self._one(f"kind = ? AND code = ? AND state = {State.NEW:d}", (kind, code))

    def find_scanned(self, code: str) -> Kept | None:
        """The row of that barcode which is to be written."""
        return self._one(f"scanned = ? AND state = {State.NEW:d}", (code,))

    def reject(self, ids: Iterable[int]) -> None:
        """Mark rows as rejected."""
        self._database.executemany(
            "UPDATE row SET state = ? WHERE id = ?", [(State.REJECTED, key) for key in ids]
        )

    def batches(self, kind: Kind, size: int, state: State | None = None) -> Iterator[list[Kept]]:
        """The rows of a kind in the order of their reading, so many at a time."""
        wanted = "" if state is None else f" AND state = {state:d}"
        last = 0
        while rows := self._all(
            f"kind = ? AND id > ?{wanted} ORDER BY id LIMIT {size:d}", (kind, last)
        ):
            last = rows[-1].id
            yield rows

    def owned(self, kind: Kind, owner: str) -> list[Kept]:
        """An order's rows of a kind in the order of their reading."""
        return self._all("owner = ? AND kind = ? ORDER BY id", (owner, kind))

    def carried(self, shipment: str) -> list[Kept]:
        """The lines that name a shipment."""
        return self._all("carrier = ? ORDER BY id", (shipment,))

    def count(self, kind: Kind, state: State) -> int:
        """How many rows of the kind are so."""
        found = self._database.execute(
            "SELECT count(*) FROM row WHERE kind = ? AND state = ?", (kind, state)
        )
        counted: int = found.fetchone()[0]
        return counted

    def _one(self, where: str, values: tuple[str, ...]) -> Kept | None:
        rows = self._all(f"{where} LIMIT 1", values)
        return rows[0] if rows else None

    def _all(self, where: str, values: tuple[str | int, ...]) -> list[Kept]:
        found = self._database.execute(f"SELECT {_COLUMNS} FROM row WHERE {where}", values)  # noqa: S608 - the conditions are ours
        return [
            Kept(key, Kind(kind), name, owner, carrier, State(state), source, line, payload)
            for key, kind, name, owner, carrier, state, source, line, payload in found
        ]
