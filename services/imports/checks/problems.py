"""Problems of rows, in a temporary file: with as many problems as rows, memory does not grow."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from models.rules.errors import ErrorCode
from services.imports.checks.scratch import Scratch
from services.imports.files.report import Cause, Outcome, Problem, ProblemSummary

MAX_LISTED: Final = 1_000
MAX_CAUSES: Final = 20

_TABLE: Final = """
CREATE TABLE problem (
    id INTEGER PRIMARY KEY, outcome TEXT, file INTEGER, line INTEGER, place TEXT, code TEXT,
    reason TEXT, cause TEXT
);
CREATE UNIQUE INDEX once ON problem (outcome, file, line, place, code, reason);
"""
_PROBLEM: Final = "file, line, place, code, reason"

_VARYING: Final = (
    (re.compile(r"""(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\")(?:\.\.\.)?"""), "..."),
    (re.compile(r"\([^()]*:\d+\)"), "(...)"),
    (re.compile(r"^the key .+ stands in .+ already"), "the key ... stands in ... already"),
    (re.compile(r"^says of .+ something else than .+"), "says of ... something else than ..."),
    (re.compile(r"^.+ is used in .+ already"), "... is used in ... already"),
    (re.compile(r"^there is a (\w+) .+ already that"), r"there is a \1 ... already that"),
    (re.compile(r" has the barcode .+"), " has the barcode ..."),
    (re.compile(r"^there is no (\w+) .+"), r"there is no \1 ..."),
    (re.compile(r"^(?!its )(\w+) .+ was rejected"), r"\1 ... was rejected"),
    (re.compile(r"^product .+ has lots"), "product ... has lots"),
    (re.compile(r"^it has \d+ lines"), "it has ... lines"),
    (re.compile(r" in shipment .+, which is not"), " in shipment ..., which is not"),
    (re.compile(r" shipment .+, which is of order .+"), " shipment ..., which is of order ..."),
    (re.compile(r": \S+ is no currency"), ": ... is no currency"),
    (re.compile(r": \d+ characters;"), ": ... characters;"),
    (re.compile(r"^is no JSON: .+"), "is no JSON"),
)
"""The parts of reasons that vary between rows: values, keys, places and counts."""


def cause(problem: Problem) -> str:
    """The column, the code and the reason without its varying parts."""
    reason = problem.reason
    for pattern, general in _VARYING:
        reason = pattern.sub(general, reason)
    column = f"{problem.column}: " if problem.column else ""
    return f"{column}{problem.code}: {reason}"


class Problems(Scratch):
    """Use as a context; `path` is a new file, `files` are those of the rows."""

    def __init__(self, path: Path, files: list[str]) -> None:
        super().__init__(path, _TABLE)
        self._files = list(dict.fromkeys(files))
        self._numbers = {name: number for number, name in enumerate(self._files)}

    def add(self, outcome: Outcome, problem: Problem) -> None:
        """Stores a problem. A row of several objects is read several times, but stored once."""
        self._database.execute(
            f"INSERT OR IGNORE INTO problem (outcome, {_PROBLEM}, cause)"  # noqa: S608 - the columns are ours
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                outcome,
                self._numbers[problem.file],
                problem.line,
                problem.column or "",
                problem.code,
                problem.reason,
                cause(problem),
            ),
        )

    def summary(self, outcome: Outcome) -> ProblemSummary:
        """The summary of the outcome's problems."""
        problems, rows = self._database.execute(
            "SELECT (SELECT count(*) FROM problem WHERE outcome = ?),"
            " (SELECT count(*) FROM (SELECT DISTINCT file, line FROM problem WHERE outcome = ?))",
            (outcome, outcome),
        ).fetchone()
        causes = self._database.execute(
            "SELECT cause, count(*) AS cost"
            " FROM (SELECT DISTINCT cause, file, line FROM problem WHERE outcome = ?)"
            " GROUP BY cause ORDER BY cost DESC, cause LIMIT ?",
            (outcome, MAX_CAUSES),
        )
        listed = [Cause(reason, cost) for reason, cost in causes]
        return ProblemSummary(rows, problems, list(self.listed(outcome, MAX_LISTED)), listed)

    def listed(self, outcome: Outcome, most: int = -1) -> Iterator[Problem]:
        """The problems in the order of the mapping's files and their lines, at most `most`."""
        found = self._database.execute(
            f"SELECT {_PROBLEM} FROM problem WHERE outcome = ? ORDER BY file, line, id LIMIT ?",  # noqa: S608 - the columns are ours
            (outcome, most),
        )
        for file, line, column, code, reason in found:
            yield Problem(self._files[file], line, column or None, ErrorCode(code), reason)
