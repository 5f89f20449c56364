"""Checked rows between the two passes, in a temporary file.

An order's lines may be anywhere in another file, so rows must be found by key; the file allows
imports that are larger than the memory.
"""

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

from services.imports.checks.scratch import Scratch
from services.imports.files.records import BY_CODE, Kind

T = TypeVar("T")

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
CREATE TABLE doubt (
    id INTEGER PRIMARY KEY, kind TEXT, source INTEGER, line INTEGER, orders TEXT, is_short INTEGER
);
"""


class State(IntEnum):
    """The state of a row: new, existing, or rejected."""

    NEW = 0
    PRESENT = 1
    REJECTED = 2


_KINDS: Final = {kind.value: kind for kind in Kind}
_STATES: Final = {state.value: state for state in State}


@dataclass(frozen=True, slots=True)
class StagedRow:
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


@dataclass(frozen=True, slots=True)
class Doubt:
    """A rejected line or shipment, of one of these orders or of another one.

    `is_short`: a cell is missing, which may be the order's.
    """

    kind: Kind
    source: int
    line: int
    orders: list[str]
    is_short: bool


_COLUMNS: Final = "id, kind, key, owner, carrier, state, source, line, payload"

ASKED: Final = 500
"""Values in one statement."""


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items in batches of `size`."""
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch


def _marks(values: list[str]) -> str:
    """A question mark for each value."""
    return ", ".join("?" * len(values))


class Staging(Scratch):
    """Use as a context; `path` is a file that does not exist yet."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, _TABLE)

    def add(self, row: StagedRow, code: str | None, scanned: str | None) -> None:
        """Stores a row, whose id is ignored, with its unique codes."""
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

    def doubt(self, doubt: Doubt) -> None:
        """Stores a rejected row of uncertain order."""
        self._database.execute(
            "INSERT INTO doubt (kind, source, line, orders, is_short) VALUES (?, ?, ?, ?, ?)",
            (doubt.kind, doubt.source, doubt.line, json.dumps(doubt.orders), doubt.is_short),
        )

    def doubts(self) -> Iterator[Doubt]:
        """The rejected rows of uncertain order, in the order of their reading."""
        last = 0
        statement = "SELECT * FROM doubt WHERE id > ? ORDER BY id LIMIT 1"
        while found := self._database.execute(statement, (last,)).fetchone():
            last, kind, source, line, orders, is_short = found
            yield Doubt(Kind(kind), source, line, json.loads(orders), bool(is_short))

    def count_doubts(self) -> int:
        """The number of rejected rows of uncertain order."""
        counted: int = self._database.execute("SELECT count(*) FROM doubt").fetchone()[0]
        return counted

    def find(self, kind: Kind, reference: str) -> StagedRow | None:
        """The row of that key, or of that code if the reference is marked as one."""
        if reference.startswith(BY_CODE):
            return self._one("kind = ? AND code = ?", (kind, reference.removeprefix(BY_CODE)))
        return self._one("kind = ? AND key = ?", (kind, reference))

    def find_all(self, kind: Kind, references: Collection[str]) -> dict[str, StagedRow]:
        """The rows of those keys and marked codes, by the reference."""
        codes = {text.removeprefix(BY_CODE) for text in references if text.startswith(BY_CODE)}
        keys = [text for text in references if not text.startswith(BY_CODE)]
        found = {row.key: row for row in self._listed("kind = ? AND key IN", (kind,), keys)}
        for code in codes:
            row = self.find(kind, f"{BY_CODE}{code}")
            if row is not None:
                found[f"{BY_CODE}{code}"] = row
        return found

    def find_code(self, kind: Kind, code: str) -> StagedRow | None:
        """The new row of that code."""
        return self._one(f"kind = ? AND code = ? AND state = {State.NEW:d}", (kind, code))

    def find_scanned(self, code: str) -> StagedRow | None:
        """The new row of that barcode."""
        return self._one(f"scanned = ? AND state = {State.NEW:d}", (code,))

    def replace(self, row: StagedRow, code: str | None, scanned: str | None) -> None:
        """Puts a row, whose id is ignored, at the place of the one of the same kind and key."""
        self._database.execute(
            "UPDATE row SET code = ?, scanned = ?, state = ?, line = ?, payload = ?"
            " WHERE kind = ? AND key = ?",
            (code, scanned, row.state, row.line, row.payload, row.kind, row.key),
        )

    def reject(self, ids: Iterable[int]) -> None:
        """Marks rows as rejected."""
        self._database.executemany(
            "UPDATE row SET state = ? WHERE id = ?", [(State.REJECTED, key) for key in ids]
        )

    def batches(
        self, kind: Kind, size: int, state: State | None = None, owner: str | None = None
    ) -> Iterator[list[StagedRow]]:
        """The rows of a kind, all or an order's, in the order of their reading, in batches."""
        wanted = "" if state is None else f" AND state = {state:d}"
        wanted += "" if owner is None else " AND owner = ?"
        owners = () if owner is None else (owner,)
        last = 0
        while rows := self._all(
            f"kind = ? AND id > ?{wanted} ORDER BY id LIMIT {size:d}", (kind, last, *owners)
        ):
            last = rows[-1].id
            yield rows

    def owned(self, kind: Kind, owners: Collection[str]) -> dict[str, list[StagedRow]]:
        """The rows of a kind of those orders, by order, in the order of their reading."""
        found: dict[str, list[StagedRow]] = {owner: [] for owner in owners}
        rows = self._listed("kind = ? AND owner IN", (kind,), list(owners))
        for row in sorted(rows, key=lambda each: each.id):
            found[row.owner or ""].append(row)
        return found

    def sizes(self, kind: Kind, owners: Collection[str]) -> dict[str, int]:
        """The number of rows of a kind by order; orders without any are left out."""
        found: dict[str, int] = {}
        for chunk in batched(owners, ASKED):
            counted = self._database.execute(
                "SELECT owner, count(*) FROM row"  # noqa: S608 - only question marks are put in
                f" WHERE kind = ? AND owner IN ({_marks(chunk)}) GROUP BY owner",
                (kind, *chunk),
            )
            found |= dict(counted)
        return found

    def carried(self, shipment: str) -> list[StagedRow]:
        """The lines that name a shipment."""
        return self._all("carrier = ? ORDER BY id", (shipment,))

    def count(self, kind: Kind, state: State) -> int:
        """The number of rows of the kind in this state."""
        found = self._database.execute(
            "SELECT count(*) FROM row WHERE kind = ? AND state = ?", (kind, state)
        )
        counted: int = found.fetchone()[0]
        return counted

    def _one(self, where: str, values: tuple[str, ...]) -> StagedRow | None:
        rows = self._all(f"{where} LIMIT 1", values)
        return rows[0] if rows else None

    def _listed(
        self, where: str, values: tuple[str, ...], listed: list[str]
    ) -> Iterator[StagedRow]:
        """The rows of a condition that ends with a list of any length."""
        for chunk in batched(listed, ASKED):
            yield from self._all(f"{where} ({_marks(chunk)})", (*values, *chunk))

    def _all(self, where: str, values: tuple[str | int, ...]) -> list[StagedRow]:
        found = self._database.execute(f"SELECT {_COLUMNS} FROM row WHERE {where}", values)  # noqa: S608 - the conditions are ours
        return [
            StagedRow(
                key, _KINDS[kind], name, owner, carrier, _STATES[state], source, line, payload
            )
            for key, kind, name, owner, carrier, state, source, line, payload in found
        ]
