"""`ordergraph numbering`."""

from datetime import datetime
from typing import Annotated

import typer

from graph.commands import session
from models.rules.access import SYSTEM
from models.rules.errors import Refused
from models.rules.numbering import NumberKind
from services.operations.numbering import NextNumber, Numbering, list_numbering, set_next_number

app = typer.Typer(name="numbering", help="Look after the numbers.", no_args_is_help=True)


@app.callback()
def numbering() -> None:
    """Look after the numbers of orders, shipments, returns and invoices."""


@app.command("list")
def list_() -> None:
    """Show each kind's pattern, its next number and its counters."""
    for each in session.run(lambda: list_numbering(SYSTEM), session.settings()):
        typer.echo(_line(each))
        for scope, value in each.counters:
            typer.echo(f"  {scope}  {value:,}")


def _line(each: Numbering) -> str:
    return (
        f"{each.kind}: {each.pattern.text}, counted anew {each.pattern.resets}, next {each.example}"
    )


@app.command("set")
def set_(
    kind: Annotated[NumberKind, typer.Argument(help="What is numbered.")],
    number: Annotated[int, typer.Argument(help="The count to go on with.", min=1)],
    channel: Annotated[
        str | None,
        typer.Option(help="Of that channel, where each has a count of its own. [default]"),
    ] = None,
    at: Annotated[
        datetime | None,
        typer.Option(help="In that day's month or year. [today]", formats=["%Y-%m-%d"]),
    ] = None,
) -> None:
    """Set the next number, never back to an assigned one.

    A running server first uses up the order numbers that it has reserved, at most 20.
    """
    day = at.date() if at else None
    try:
        done = session.run(
            lambda: set_next_number(SYSTEM, kind, number, day, channel), session.settings()
        )
    except Refused as refused:
        session.fail("\n".join(error.message for error in refused.errors))
    typer.echo(_summary(kind, done))


def _summary(kind: NumberKind, done: NextNumber) -> str:
    gap = f" {done.left_out:,} numbers before it are left out." if done.left_out else ""
    return f"The next {kind} of {done.scope} is {done.number}.{gap}"
