"""Imports files by a mapping: all rows are checked, then the sound ones are written."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from models.rules.access import Actor, Permission
from services.imports.checks.first_pass import Case, check_rows
from services.imports.checks.order_documents import check_orders, check_shipments, settle_doubts
from services.imports.checks.problems import Problems
from services.imports.checks.rates import check_rates
from services.imports.checks.scratch import own_folder
from services.imports.checks.staging import Staging, State
from services.imports.files.loading import load
from services.imports.files.reading import locate
from services.imports.files.records import Kind
from services.imports.files.report import Outcome, Report
from services.imports.rows.differences import check_differences
from services.imports.rows.second_pass import write
from services.work import policy


@dataclass(frozen=True, slots=True)
class Options:
    """When nothing is written: in a dry run; with `strict`, if any row is rejected.

    `allow_lost_rows` writes the others even if the order of a rejected line is unknown.
    """

    dry_run: bool = False
    strict: bool = False
    allow_lost_rows: bool = False


async def import_files(
    actor: Actor,
    mapping_path: Path,
    source: Path,
    options: Options = Options(),
    *,
    progress: Callable[[str, int, int], None] | None = None,
    show_problems: Callable[[Report, Problems], None] | None = None,
    report: Report | None = None,
) -> Report:
    """The report of an import of the mapping's files.

    `source` is the files' folder, or the file if the mapping names one. Rejected rows are in the
    report; the others are written, unless the options say otherwise. Objects of earlier imports
    stay as they are, so that a repeated import adds only new ones, and completes an interrupted
    one.

    `progress` gets the title of a task, the part done and the whole, in bytes of a file or in rows;
    it is called between two transactions, and its exceptions end the import there. `show_problems`
    is called with the report and all problems before anything is written. A given `report` is
    filled while the import runs, so that the written objects are known after an early end.

    Raises:
        Forbidden: the actor may not import.
        BadMapping: the mapping has mistakes, or names missing files or columns.
    """
    actor.require(Permission.IMPORT)
    mapping = load(mapping_path)
    files = locate(mapping, source)
    report = report or Report()
    with (
        own_folder() as folder,
        Staging(folder / "rows.sqlite3") as staging,
        Problems(folder / "problems.sqlite3", [each.name for each in mapping.sources]) as problems,
    ):
        case = Case(
            mapping, files, staging, problems, report, progress or _silent, policy.current()
        )
        await _check(case)
        _count_new(report)
        report.summaries = {outcome: problems.summary(outcome) for outcome in Outcome}
        has_orders = staging.count(Kind.ORDER, State.NEW) > 0
        report.is_refused = bool(report.lost) and has_orders and not options.allow_lost_rows
        if show_problems:
            show_problems(report, problems)
        is_stopped = options.dry_run or (options.strict and report.rejected)
        if not is_stopped and not report.is_refused:
            await write(actor, case)
            report.written = True
    return report


async def _check(case: Case) -> None:
    """Checks all rows: each by itself, then together, then against existing objects."""
    await check_rows(case)
    await settle_doubts(case)
    await check_orders(case)
    await check_shipments(case)
    await check_differences(case)
    await check_rates(case)


def _count_new(report: Report) -> None:
    """Counts rows that are neither rejected nor known as new; shipments once for each order."""
    for kind, count in report.counts.items():
        if kind is not Kind.SHIPMENT:
            count.new = count.read - count.rejected - count.unchanged - count.differs


def _silent(stage: str, done: int, everything: int) -> None:
    """The progress of an import without a display."""
