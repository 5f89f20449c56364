"""`ordergraph rates`."""

from pathlib import Path
from typing import Annotated

import typer

from graph.commands import session
from models.rules.access import SYSTEM
from models.rules.errors import Refused
from services.payments.rates import read, save_rates


def rates(
    source: Annotated[
        Path,
        typer.Argument(
            help="A CSV file with the columns day, currency and rate.", exists=True, dir_okay=False
        ),
    ],
) -> None:
    """Store exchange rates to the company's currency, for orders placed from now on.

    A rate holds from its day until the next one. If a line cannot be read, no rate is stored.
    """
    settings = session.settings()
    try:
        with source.open(encoding="utf-8-sig", newline="") as lines:
            quotes = read(lines, settings.policy.currency)
        changed = session.run(lambda: save_rates(SYSTEM, quotes), settings)
    except Refused as refusal:
        session.fail("\n".join(error.message for error in refusal.errors))
    except (OSError, UnicodeDecodeError) as error:
        session.fail(str(error))
    typer.echo(f"{len(quotes):,} rates read, {changed:,} of them new or changed.")
