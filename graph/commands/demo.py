"""`ordergraph demo`."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from graph.commands import progress, session
from models.rules.access import SYSTEM
from models.rules.errors import Refused
from services.demo.fill import Summary, fill, is_empty
from services.demo.size import Size

DEFAULT = Size()


def demo(
    orders: Annotated[int, typer.Option(help="How many orders.")] = DEFAULT.orders,
    customers: Annotated[int, typer.Option(help="How many customers.")] = DEFAULT.customers,
    products: Annotated[int, typer.Option(help="How many products.")] = DEFAULT.products,
    warehouses: Annotated[int, typer.Option(help="How many warehouses.")] = DEFAULT.warehouses,
    seed: Annotated[int, typer.Option(help="The same seed makes the same company.")] = 1,
    if_empty: Annotated[
        bool, typer.Option("--if-empty", help="Do nothing where there is data already.")
    ] = False,
) -> None:
    """Fill an empty database with a company that has traded for two years."""
    size = Size(customers=customers, products=products, warehouses=warehouses, orders=orders)
    try:
        summary = session.run(lambda: _fill(size, seed, if_empty), session.settings())
    except Refused as refused:
        session.fail("\n".join(error.message for error in refused.errors))
    if summary is None:
        typer.echo("There is data already; it stays as it is.")
        return
    for name, count in asdict(summary).items():
        typer.echo(f"{count:>10,} {name.replace('_', ' ')}")


async def _fill(size: Size, seed: int, if_empty: bool) -> Summary | None:
    if if_empty and not await is_empty():
        return None
    with progress.shown() as show:
        return await fill(
            SYSTEM,
            size,
            seed=seed,
            now=datetime.now(UTC),
            progress=lambda done, everything: show("Making orders", done, everything),
        )
