"""What an import tells its operator."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from models.rules.errors import ErrorCode
from services.imports.files.records import Kind


class Outcome(StrEnum):
    """Why a row is told of: it was rejected, is odd, differs, or is of an order nobody can tell."""

    REJECTED = "rejected"
    WARNING = "warning"
    DIFFERS = "differs"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something about one row. `line` is where the row begins, the header being line 1."""

    file: str
    line: int
    column: str | None
    code: ErrorCode
    reason: str


@dataclass(frozen=True, slots=True)
class Cause:
    """A reason without what differs from row to row, and how many rows it cost."""

    reason: str
    rows: int


@dataclass(frozen=True, slots=True)
class Told:
    """How many rows there is something to tell of, and how many problems they have.

    `first` are at most 1,000 of the problems, by file and line; `causes` at most 20, those that
    cost most rows.
    """

    rows: int = 0
    problems: int = 0
    first: list[Problem] = field(default_factory=list)
    causes: list[Cause] = field(default_factory=list)


@dataclass(slots=True)
class Count:
    """Rows of one kind that were read, and objects that are new or were there already.

    `differs` are those of which the row says something else than when it was imported.

    A row of a shipment that serves two orders makes two objects.
    """

    read: int = 0
    new: int = 0
    unchanged: int = 0
    rejected: int = 0
    differs: int = 0


@dataclass(slots=True)
class Report:
    """The outcome of an import, and how far it is while it runs.

    `added` are the objects that are in the database by now, by kind; `written` tells whether all
    new ones are. `lost` are rejected rows of which nobody can tell the order: without them an order
    could come without one of its lines. `is_refused` tells that nothing was written for that
    reason.
    """

    counts: dict[Kind, Count] = field(default_factory=dict)
    told: dict[Outcome, Told] = field(default_factory=dict)
    added: Counter[Kind] = field(default_factory=Counter)
    written: bool = False
    is_refused: bool = False

    def count(self, kind: Kind) -> Count:
        """The count of a kind, which begins at nothing."""
        return self.counts.setdefault(kind, Count())

    def of(self, outcome: Outcome) -> Told:
        """What is told of rows with that outcome."""
        return self.told.get(outcome, Told())

    @property
    def rejected(self) -> list[Problem]:
        """The first problems of rejected rows."""
        return self.of(Outcome.REJECTED).first

    @property
    def warnings(self) -> list[Problem]:
        """The first oddities of rows that were taken."""
        return self.of(Outcome.WARNING).first

    @property
    def differing(self) -> list[Problem]:
        """The first rows that say something else than when they were imported."""
        return self.of(Outcome.DIFFERS).first

    @property
    def lost(self) -> list[Problem]:
        """The first rejected rows of which nobody can tell the order."""
        return self.of(Outcome.LOST).first
