"""`ordergraph export`."""

import csv
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Annotated, Final

import typer

from graph.commands import session
from models.rules.access import SYSTEM
from models.rules.errors import Refused
from models.rules.money import to_text
from models.rules.text import inert
from resolvers.identifiers import to_global
from services.payments.ledger import Entry, Totals, check_period, export_ledger

COLUMNS: Final = (
    *("date", "document", "number", "order", "customer"),
    *("account", "debit", "credit", "currency", "text"),
)

app = typer.Typer(name="export", help="Write files for others.", no_args_is_help=True)


@app.callback()
def export() -> None:
    """Write files for others."""


@app.command()
def ledger(
    first: Annotated[datetime, typer.Option("--from", help="The first day.", formats=["%Y-%m-%d"])],
    last: Annotated[datetime, typer.Option("--to", help="The last day.", formats=["%Y-%m-%d"])],
    output: Annotated[Path | None, typer.Option(help="Write to this file.", dir_okay=False)] = None,
) -> None:
    """Print the ledger entries of a period as CSV: invoices, payments and refunds.

    Days are those of ORDERGRAPH_TIME_ZONE. The file appears when it is complete.
    """
    settings = session.settings()
    try:
        check_period(first.date(), last.date())
        with _opened(output) as file:
            totals = session.run(lambda: _export(first, last, file), settings)
    except Refused as refused:
        session.fail("\n".join(error.message for error in refused.errors), status=2)
    except OSError as error:
        session.fail(f"{output or 'The output'} cannot be written: {error.strerror}")
    _print(totals)


async def _export(first: datetime, last: datetime, file: IO[str]) -> Totals:
    lines = csv.writer(file)
    lines.writerow(COLUMNS)
    return await export_ledger(
        SYSTEM, first.date(), last.date(), lambda entries: lines.writerows(map(_cells, entries))
    )


def _cells(entry: Entry) -> Sequence[str]:
    """The columns of an entry; a payment, which has no number, has its global id."""
    amount = to_text(abs(entry.minor), entry.currency)
    return (
        entry.day.isoformat(),
        entry.document.value,
        inert(entry.number or to_global("Payment", entry.key)),
        inert(entry.order),
        inert(entry.customer),
        inert(entry.account),
        amount if entry.minor > 0 else "",
        amount if entry.minor < 0 else "",
        entry.currency,
        inert(entry.text),
    )


@contextmanager
def _opened(path: Path | None) -> Iterator[IO[str]]:
    """Standard output, or a file that is replaced only after the block has succeeded."""
    if path is None:
        yield sys.stdout
        return
    in_place = path.exists() and not path.is_file()  # a pipe or a device
    draft = path if in_place else path.with_name(f"{path.name}.part")
    try:
        with draft.open("w", encoding="utf-8", newline="") as file:
            yield file
        if not in_place:
            draft.replace(path)
    except BaseException:
        if not in_place:
            draft.unlink(missing_ok=True)
        raise


def _print(totals: Totals) -> None:
    typer.echo(f"{totals.documents:,} documents, {totals.entries:,} entries", err=True)
    for currency, minor in sorted(totals.debits.items()):
        debit, credit = to_text(minor, currency), to_text(totals.credits[currency], currency)
        typer.echo(f"{currency}: {debit} debit, {credit} credit", err=True)
