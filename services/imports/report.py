"""What an import tells its operator."""

from dataclasses import dataclass, field

from models.rules.errors import ErrorCode
from services.imports.records import Kind


@dataclass(frozen=True, slots=True)
class Problem:
    """Something about one row. `line` is where the row begins, the header being line 1."""

    file: str
    line: int
    column: str | None
    code: ErrorCode
    reason: str


@dataclass(slots=True)
class Count:
    """Rows of one kind that were read, and objects that are new or were there already.

    A row of a shipment that serves two orders makes two objects.
    """

    read: int = 0
    new: int = 0
    unchanged: int = 0
    rejected: int = 0


@dataclass(slots=True)
class Report:
    """The outcome of an import. `written` tells whether the new objects are in the database."""

    counts: dict[Kind, Count] = field(default_factory=dict)
    rejected: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    written: bool = False

    def count(self, kind: Kind) -> Count:
        """The count of a kind, which begins at nothing."""
        return self.counts.setdefault(kind, Count())
