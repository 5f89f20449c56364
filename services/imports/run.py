"""Importing files as a mapping says: everything is checked, then what is sound is written."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from models.rules.access import Actor, Permission
from services.imports.checking import Case, check_rows
from services.imports.loading import load
from services.imports.mapping import Mapping
from services.imports.reading import locate
from services.imports.records import Kind
from services.imports.report import Report
from services.imports.spool import Spool
from services.imports.wholes import check_orders, check_shipments
from services.imports.writing import write


async def import_files(
    actor: Actor,
    mapping_path: Path,
    source: Path,
    *,
    dry_run: bool = False,
    strict: bool = False,
    progress: Callable[[str, int, int], None] | None = None,
) -> Report:
    """What became of every row of the files that the mapping names.

    `source` is the files' folder, or the file where the mapping names one. Rows that cannot be
    taken are in the report; the others are written, unless it is a dry run, or `strict` and a row
    was rejected. What was imported before stays as it is, so that running again adds only what is
    new; after an import that was cut off it does the rest.

    `progress` is told what is being done, how much of it is done, and how much there is, in bytes
    of a file or in rows.

    Raises:
        Forbidden: the actor may not import.
        BadMapping: the mapping is wrong, or names files or columns that are not there.
    """
    actor.require(Permission.IMPORT)
    mapping = load(mapping_path)
    files = locate(mapping, source)
    report = Report()
    with (
        tempfile.TemporaryDirectory(prefix="ordergraph-import-") as folder,
        Spool(Path(folder) / "rows.sqlite3") as spool,
    ):
        case = Case(mapping, files, spool, report, progress or _silent)
        await check_rows(case)
        await check_orders(case)
        await check_shipments(case)
        _count_new(report)
        _sort(report, mapping)
        if not dry_run and not (strict and report.rejected):
            await write(actor, case)
            report.written = True
    return report


def _count_new(report: Report) -> None:
    """Whatever is neither rejected nor known is new. Shipments are counted one an order."""
    for kind, count in report.counts.items():
        if kind is not Kind.SHIPMENT:
            count.new = count.read - count.rejected - count.unchanged


def _sort(report: Report, mapping: Mapping) -> None:
    """Put what is told in the order of the mapping's files and of their lines."""
    files = list(dict.fromkeys(source.name for source in mapping.sources))
    for told in (report.rejected, report.warnings):
        told.sort(key=lambda problem: (files.index(problem.file), problem.line))


def _silent(stage: str, done: int, everything: int) -> None:
    """Whoever imports without a progress line to show."""
