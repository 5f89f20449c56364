"""`ordergraph stock`."""

from typing import Annotated

import typer

from graph.commands import session
from models.rules.access import SYSTEM
from services.operations.audits.report import Report
from services.operations.audits.stock import Drift, verify_stock

app = typer.Typer(name="stock", help="Look after the stock.", no_args_is_help=True)


@app.callback()
def stock() -> None:
    """Look after the stock."""


@app.command()
def verify(
    repair: Annotated[
        bool, typer.Option("--repair", help="Set what differs to what the ledger says.")
    ] = False,
) -> None:
    """Compare the counters of stock with the ledger and the reservations.

    The exit status is 1 if a difference remains.
    """
    report = session.run(lambda: verify_stock(SYSTEM, repair=repair), session.settings())
    for drift in report.drifts:
        typer.echo(_line(drift))
    typer.echo(_summary(report))
    if not report.is_clean:
        raise typer.Exit(1)


def _line(drift: Drift) -> str:
    place = f"order {drift.order}" if drift.order else drift.warehouse
    repaired = ", repaired" if drift.repaired else ""
    return (
        f"{drift.sku} in {place}: {drift.counter} is {drift.stored}, not {drift.ledger}{repaired}"
    )


def _summary(report: Report[Drift]) -> str:
    listed = len(report.drifts)
    unlisted = f" ({report.found - listed:,} not listed)" if report.found > listed else ""
    return (
        f"{report.compared:,} stock items compared: {report.found:,} differences{unlisted}, "
        f"{report.repaired:,} repaired."
    )
