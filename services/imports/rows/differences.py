"""Rows that differ from the earlier import."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from typing import Final

from models.references import ExternalRef
from models.rules.errors import ErrorCode
from services.imports.checks.first_pass import Case
from services.imports.checks.order_documents import gather
from services.imports.checks.staging import StagedRow, State
from services.imports.files.records import RECORDS, Kind
from services.imports.files.report import Outcome
from services.imports.rows.masters import BUILDERS

BATCH: Final = 500
DIGITS: Final = 16
REASON: Final = "says something else than when it was imported; what is there stays as it is"


def digest(rows: list[StagedRow]) -> str:
    """The content of the rows of one object, for later comparison."""
    return " ".join(_digest(row) for row in rows)


def _digest(row: StagedRow) -> str:
    # A line without a key has its place as one, and may have moved since.
    said = json.loads(row.payload or "{}")
    said.pop("key", None)
    text = json.dumps(said, sort_keys=True)
    return hashlib.sha256(f"{row.kind}{text}".encode()).hexdigest()[:DIGITS]


async def check_differences(case: Case) -> None:
    """Counts and lists the rows of known objects that differ from the earlier import."""
    for kind in (*BUILDERS, Kind.ORDER):
        async for batch in case.batches(f"comparing {kind}", kind, BATCH, State.PRESENT):
            rows = ExternalRef.filter(  # unscoped: all objects of earlier imports
                subject_kind=RECORDS[kind].subject,
                system=case.mapping.system,
                key__in=[staged.key for staged in batch],
                digest__not_isnull=True,
            )
            digests = {each.key: each.digest or "" for each in await rows}
            known = [staged for staged in batch if staged.key in digests]
            objects: Iterable[list[StagedRow]] = ([staged] for staged in known)
            if kind is Kind.ORDER:
                objects = (found.rows for found in gather(case.staging, known))
            for parts in objects:
                _compare(case, parts, Counter(digests[parts[0].key].split()))


def _compare(case: Case, rows: list[StagedRow], known: Counter[str]) -> None:
    """Compares the rows of one object, whose own row is the first."""
    differing = []
    for row in rows:
        if row.state is State.REJECTED:
            continue
        said = _digest(row)
        if known[said]:
            known[said] -= 1
        else:
            differing.append(row)
    is_whole = all(row.state is not State.REJECTED for row in rows)
    if not differing and is_whole and known.total():
        _add_difference(
            case, rows[0], "has fewer rows than when it was imported; it stays as it is"
        )
    for row in differing:
        _add_difference(case, row, REASON)


def _add_difference(case: Case, row: StagedRow, reason: str) -> None:
    count = case.report.count(row.kind)
    count.differs += 1
    count.unchanged -= 1
    case.add_problem(Outcome.DIFFERS, row, ErrorCode.DUPLICATE, reason)
