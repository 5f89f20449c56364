"""Importing files as a mapping says: everything is checked, then what is sound is written."""

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
    """When nothing is written: never, in a dry run; where `strict`, if any row is rejected.

    `allow_lost_rows` lets the others be written, though nobody can tell the order of a rejected
    line.
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
    tell: Callable[[Report, Problems], None] | None = None,
    report: Report | None = None,
) -> Report:
    """What became of every row of the files that the mapping names.

    `source` is the files' folder, or the file where the mapping names one. Rows that cannot be
    taken are in the report; the others are written, unless the options say otherwise. What was
    imported before stays as it is, so that running again adds only what is new; after an import
    that was cut off it does the rest.

    `progress` is told what is being done, how much of it is done, and how much there is, in bytes
    of a file or in rows; it is called between two transactions, and what it raises ends the import
    there. `tell` is called with what was found, and all problems, before anything is written. A
    `report` that is given is filled while the import runs, so that of one that ends early it is
    known what was written.

    Raises:
        Forbidden: the actor may not import.
        BadMapping: the mapping is wrong, or names files or columns that are not there.
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
        report.told = {outcome: problems.told(outcome) for outcome in Outcome}
        has_orders = staging.count(Kind.ORDER, State.NEW) > 0
        report.is_refused = bool(report.lost) and has_orders and not options.allow_lost_rows
        if tell:
            tell(report, problems)
        is_stopped = options.dry_run or (options.strict and report.rejected)
        if not is_stopped and not report.is_refused:
            await write(actor, case)
            report.written = True
    return report


async def _check(case: Case) -> None:
    """Look at all rows: each by itself, then what they say together, then what is there already."""
    await check_rows(case)
    await settle_doubts(case)
    await check_orders(case)
    await check_shipments(case)
    await check_differences(case)
    await check_rates(case)


def _count_new(report: Report) -> None:
    """Whatever is neither rejected nor known is new. Shipments are counted one an order."""
    for kind, count in report.counts.items():
        if kind is not Kind.SHIPMENT:
            count.new = count.read - count.rejected - count.unchanged - count.differs


def _silent(stage: str, done: int, everything: int) -> None:
    """Whoever imports without a progress line to show."""
