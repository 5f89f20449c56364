"""`ordergraph credit`."""

from typing import Annotated

import typer

from graph.commands import session
from models.rules.access import SYSTEM
from models.rules.money import to_text
from services.operations.audits.credit import Drift, verify_credit
from services.operations.audits.report import Report

app = typer.Typer(name="credit", help="Look after what customers owe.", no_args_is_help=True)


@app.callback()
def credit() -> None:
    """Look after what customers owe."""


@app.command()
def verify(
    repair: Annotated[
        bool, typer.Option("--repair", help="Set what differs to what the orders say.")
    ] = False,
) -> None:
    """Compare totals of orders and customers with the orders' lines and payments.

    The exit status is 1 if a difference remains.
    """
    settings = session.settings()
    report = session.run(lambda: verify_credit(SYSTEM, repair=repair), settings)
    for drift in report.drifts:
        typer.echo(_line(drift, settings.policy.currency))
    typer.echo(_summary(report))
    if not report.is_clean:
        raise typer.Exit(1)


def _line(drift: Drift, company: str) -> str:
    currency = drift.currency or company
    place = f"{drift.customer} in order {drift.order}" if drift.order else drift.customer
    stored, computed = (
        to_text(each, currency) for each in (drift.stored_minor, drift.computed_minor)
    )
    repaired = ", repaired" if drift.repaired else ""
    return f"{place}: {drift.counter} is {stored}, not {computed} {currency}{repaired}"


def _summary(report: Report[Drift]) -> str:
    listed = len(report.drifts)
    unlisted = f" ({report.found - listed:,} not listed)" if report.found > listed else ""
    return (
        f"{report.compared:,} customers compared: {report.found:,} differences{unlisted}, "
        f"{report.repaired:,} repaired."
    )
