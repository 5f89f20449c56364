"""`ordergraph import`."""

import csv
from pathlib import Path
from typing import Annotated

import typer

from graph.server.commands import progress, session
from models.rules.access import SYSTEM
from services.imports.mapping import BadMapping
from services.imports.report import Problem, Report
from services.imports.run import import_files

SHOWN = 20
"""Problems that are printed; `--report` writes all."""


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
    report: Annotated[
        Path | None, typer.Option(help="Write every problem to this CSV file.", dir_okay=False)
    ] = None,
) -> None:
    """Import files. What was imported before stays, so that it can be run again.

    The exit status is 1 where a row was rejected, though all others are imported.
    """
    settings = session.settings()
    if report:
        _make(report)
    try:
        outcome = session.run(lambda: _import(mapping, source, dry_run, strict), settings)
    except (BadMapping, OSError) as error:
        session.fail(str(error))
    _print(outcome)
    if report:
        _save(report, outcome)
    if outcome.rejected:
        raise typer.Exit(1)


def _make(report: Path) -> None:
    """The file is there before anything is written elsewhere."""
    try:
        report.touch()
    except OSError as error:
        session.fail(f"{report} cannot be written: {error.strerror}")


async def _import(mapping: Path, source: Path, dry_run: bool, strict: bool) -> Report:
    with progress.shown() as told:
        return await import_files(
            SYSTEM, mapping, source, dry_run=dry_run, strict=strict, progress=told
        )


def _print(outcome: Report) -> None:
    typer.echo(f"{'':12}{'read':>10}{'new':>10}{'unchanged':>11}{'rejected':>10}")
    for kind, count in outcome.counts.items():
        typer.echo(
            f"{kind:12}{count.read:>10,}{count.new:>10,}{count.unchanged:>11,}{count.rejected:>10,}"
        )
    typer.echo("The new ones were written." if outcome.written else "Nothing was written.")
    _print_problems("warnings", outcome.warnings)
    _print_problems("rejected rows", outcome.rejected)


def _print_problems(title: str, problems: list[Problem]) -> None:
    if problems:
        typer.echo(f"\n{len(problems):,} {title}:", err=True)
    for problem in problems[:SHOWN]:
        column = f", {problem.column}" if problem.column else ""
        place = f"{problem.file}, line {problem.line}{column}"
        typer.echo(f"  {place}: {problem.code}: {problem.reason}", err=True)
    if len(problems) > SHOWN:
        typer.echo(f"  and {len(problems) - SHOWN:,} more; see --report", err=True)


def _save(path: Path, outcome: Report) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(("outcome", "file", "line", "column", "code", "reason"))
        for name, problems in (("rejected", outcome.rejected), ("warning", outcome.warnings)):
            for each in problems:
                lines.writerow(
                    (name, each.file, each.line, each.column or "", each.code, each.reason)
                )
