"""The report of an import."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from models.rules.errors import ErrorCode
from services.imports.files.records import Kind


class Outcome(StrEnum):
    """The kind of a problem: rejected, a warning, different, or lost, with an unknown order."""

    REJECTED = "rejected"
    WARNING = "warning"
    DIFFERS = "differs"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem of one row. `line` is the row's first line; the header is line 1."""

    file: str
    line: int
    column: str | None
    code: ErrorCode
    reason: str


@dataclass(frozen=True, slots=True)
class Cause:
    """A reason without its varying parts, and the number of its rows."""

    reason: str
    rows: int


@dataclass(frozen=True, slots=True)
class ProblemSummary:
    """The numbers of rows with problems and of the problems.

    `first` are at most 1,000 of the problems, by file and line; `causes` at most 20, those with the
    most rows.
    """

    rows: int = 0
    problems: int = 0
    first: list[Problem] = field(default_factory=list)
    causes: list[Cause] = field(default_factory=list)


@dataclass(slots=True)
class Count:
    """The read rows of one kind, and its new and existing objects.

    `differs` are objects whose rows differ from the earlier import. A row of a shipment that two
    orders share makes two objects.
    """

    read: int = 0
    new: int = 0
    unchanged: int = 0
    rejected: int = 0
    differs: int = 0


@dataclass(slots=True)
class Report:
    """The outcome of an import, also while it runs.

    `added` are the objects written so far, by kind; `written`: all new ones are written. `lost` are
    rejected rows of unknown order: an order could lack one of them as a line. `is_refused`: nothing
    was written for that reason.
    """

    counts: dict[Kind, Count] = field(default_factory=dict)
    summaries: dict[Outcome, ProblemSummary] = field(default_factory=dict)
    added: Counter[Kind] = field(default_factory=Counter)
    written: bool = False
    is_refused: bool = False

    def count(self, kind: Kind) -> Count:
        """The count of a kind, zero at first."""
        return self.counts.setdefault(kind, Count())

    def of(self, outcome: Outcome) -> ProblemSummary:
        """The problems of an outcome."""
        return self.summaries.get(outcome, ProblemSummary())

    @property
    def rejected(self) -> list[Problem]:
        """The first problems of rejected rows."""
        return self.of(Outcome.REJECTED).first

    @property
    def warnings(self) -> list[Problem]:
        """The first warnings of accepted rows."""
        return self.of(Outcome.WARNING).first

    @property
    def differing(self) -> list[Problem]:
        """The first rows that differ from the earlier import."""
        return self.of(Outcome.DIFFERS).first

    @property
    def lost(self) -> list[Problem]:
        """The first rejected rows of unknown order."""
        return self.of(Outcome.LOST).first
