"""`ordergraph import`."""

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from graph.commands import interrupts, progress, session
from models.rules.access import SYSTEM
from models.rules.errors import Overloaded
from services.imports.checks.problems import Problems
from services.imports.files.mapping import BadMapping
from services.imports.files.report import Outcome, ProblemSummary, Report
from services.imports.run import Options, import_files
from services.storage.outages import is_outage

TITLES = {
    Outcome.DIFFERS: "rows that differ from what was imported",
    Outcome.REJECTED: "rejected rows",
    Outcome.LOST: "rows of an order that nobody can tell",
}
"""Titles of the lists that are printed at the end. Warnings are printed before the writing."""

SHOWN = 20
"""Problems printed of each list; `--report` writes all."""


def import_(
    source: Annotated[
        Path, typer.Argument(help="The folder of the files, or the one file.", exists=True)
    ],
    mapping: Annotated[
        Path, typer.Option(help="What the columns mean.", exists=True, dir_okay=False)
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check everything and write nothing.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Write nothing if any row is rejected.")
    ] = False,
    allow_lost_rows: Annotated[
        bool,
        typer.Option(
            "--allow-lost-rows",
            help="Import although nobody can tell of which order a rejected line is.",
        ),
    ] = False,
    report: Annotated[
        Path | None, typer.Option(help="Write every problem to this CSV file.", dir_okay=False)
    ] = None,
) -> None:
    """Import files. Rows that an earlier run has imported stay, so a run can be repeated.

    The exit status is 1 if a row was rejected; all others are imported. If the order of a rejected
    line is unknown, nothing is imported. After SIGINT or SIGTERM the status is 130 or 143, and the
    counts of written rows are printed.
    """
    settings = session.settings()
    if report:
        _clear(report)
    outcome = Report()

    options = Options(dry_run=dry_run, strict=strict, allow_lost_rows=allow_lost_rows)

    def show_problems(found: Report, problems: Problems) -> None:
        _show_problems(found, problems, report)

    async def run(show_progress: progress.ShowProgress) -> None:
        await import_files(
            SYSTEM,
            mapping,
            source,
            options,
            progress=show_progress,
            show_problems=show_problems,
            report=outcome,
        )

    with _ended_early(outcome), interrupts.awaited() as check, progress.shown() as shown:
        session.run(lambda: run(_interruptible(check, shown)), settings)
    _print(outcome)
    if outcome.rejected:
        raise typer.Exit(1)


def _interruptible(
    check: Callable[[], None], shown: progress.ShowProgress
) -> progress.ShowProgress:
    def show_progress(what: str, done: int, everything: int) -> None:
        check()
        shown(what, done, everything)

    return show_progress


def _clear(report: Path) -> None:
    """Empties the report's file, which also checks that it can be written."""
    try:
        report.write_bytes(b"")
    except OSError as error:
        session.fail(f"{report} cannot be written: {error.strerror}")


@contextmanager
def _ended_early(outcome: Report) -> Iterator[None]:
    """Prints the reason of an early end, with the counts of the rows written until then.

    The exit status is 1, or that of the signal.
    """
    try:
        yield
    except interrupts.Interrupted as interrupted:
        _print_added(str(interrupted), outcome, "Written so far:")
        raise typer.Exit(interrupted.exit_status) from None
    except Exception as error:
        if isinstance(error, Overloaded) or is_outage(error):
            message = f"The database cannot be used any more: {session.reason(error)}"
            _print_added(message, outcome, "Written so far, and perhaps the batch behind it:")
            raise typer.Exit(1) from None
        if isinstance(error, BadMapping | OSError):
            session.fail(str(error))
        raise


def _print_added(message: str, outcome: Report, title: str) -> None:
    typer.secho(message, fg=typer.colors.RED, err=True)
    typer.echo(title if outcome.added else "Nothing was written.", err=True)
    for kind, count in outcome.added.items():
        typer.echo(f"  {kind:12}{count:>10,}", err=True)
    typer.echo(
        "Run the same import again: what is written stays as it is, and the rest is added.",
        err=True,
    )


def _print(outcome: Report) -> None:
    typer.echo(f"{'':12}{'read':>10}{'new':>10}{'unchanged':>11}{'differs':>9}{'rejected':>10}")
    for kind, count in outcome.counts.items():
        typer.echo(
            f"{kind:12}{count.read:>10,}{count.new:>10,}{count.unchanged:>11,}"
            f"{count.differs:>9,}{count.rejected:>10,}"
        )
    typer.echo("The new ones were written." if outcome.written else "Nothing was written.")
    for each, title in TITLES.items():
        _print_summary(title, outcome.of(each))
    if outcome.is_refused:
        typer.echo(
            "\nThe import is refused: an order could come without one of these rows. Mend them, or"
            " import without them by --allow-lost-rows.",
            err=True,
        )


def _print_summary(title: str, summary: ProblemSummary) -> None:
    """Prints the number of rows, the first problems, and the rows of each shared cause."""
    if summary.problems:
        typer.echo(f"\n{summary.rows:,} {title}:", err=True)
    for problem in summary.first[:SHOWN]:
        column = f", {problem.column}" if problem.column else ""
        place = f"{problem.file}, line {problem.line}{column}"
        typer.echo(f"  {place}: {problem.code}: {problem.reason}", err=True)
    if summary.problems > SHOWN:
        typer.echo(f"  and {summary.problems - SHOWN:,} more; see --report", err=True)
    if any(cause.rows > 1 for cause in summary.causes):
        typer.echo("  Rows by cause:", err=True)
        for cause in summary.causes:
            typer.echo(f"  {cause.rows:>8,}  {cause.reason}", err=True)


def _show_problems(found: Report, problems: Problems, report: Path | None) -> None:
    """Prints the warnings and saves the report, before anything is written to the database."""
    _print_summary("warnings", found.of(Outcome.WARNING))
    if report:
        _save(report, problems)


def _save(path: Path, problems: Problems) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(("outcome", "file", "line", "column", "code", "reason"))
        for outcome in Outcome:
            for each in problems.listed(outcome):
                lines.writerow(
                    (outcome, each.file, each.line, each.column or "", each.code, each.reason)
                )
