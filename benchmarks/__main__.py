"""`make bench`: ordergraph and others, side by side on one database."""

import asyncio
import signal
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Final

import typer

from benchmarks import (
    company,
    growth,
    load,
    memory,
    orders,
    postgres,
    processes,
    report,
    stores,
    streams,
)
from benchmarks import worst as worst_documents
from benchmarks.contestants import CONTESTANTS, Contestant, serving
from benchmarks.queries import QUERIES
from benchmarks.rounds import Comparison, Findings
from tests.support.wire import Failed

FOLDER: Final = Path(__file__).parents[1] / "var" / "bench"
DATABASE: Final = "ordergraph_bench"

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.callback(invoke_without_command=True)
def compare(
    context: typer.Context,
    rounds: Annotated[int, typer.Option(help="How often everything is measured.", min=1)] = 5,
    seconds: Annotated[
        int,
        typer.Option(help="Length of one run; fivefold for slow answers.", min=1),
    ] = 3,
    only: Annotated[str, typer.Option(help="Which contestants, with commas; else all.")] = "",
    queries: Annotated[str, typer.Option(help="Which queries, with commas; else all.")] = "",
    connections: Annotated[str, typer.Option(help="How many at once, with commas.")] = "1,16",
    orders: Annotated[
        int, typer.Option(help="Size of the company.", min=company.FEWEST_ORDERS)
    ] = 20_000,
) -> None:
    """Measure ordergraph and others that serve the same data from the same database."""
    if context.invoked_subcommand:
        return
    load.check_installed()
    processes.check_readable()
    FOLDER.mkdir(parents=True, exist_ok=True)
    entered = _chosen(only)
    asked = [query for query in QUERIES if not queries or query.name in queries.split(",")]
    with ExitStack() as stack:
        server = stack.enter_context(postgres.running())
        database = company.make(server, DATABASE, orders, FOLDER)
        running = [stack.enter_context(serving(each, database, FOLDER)) for each in entered]
        findings = Findings(
            contestants=[each.name for each in running],
            queries=[each.name for each in asked],
            connections=[int(each) for each in connections.split(",")],
            orders=orders,
        )
        comparison = Comparison(running, database, asked, findings)
        comparison.prepare()
        comparison.run(rounds, seconds)
    typer.echo(report.write(findings, FOLDER))


@app.command("growth")
def grow(
    sizes: Annotated[
        str, typer.Option(help="Numbers of orders, with commas, from the least.")
    ] = "10000,100000,1000000",
    rounds: Annotated[int, typer.Option(help="How often everything is measured.", min=1)] = 3,
) -> None:
    """Measure ordergraph as its database grows; fail where a growing table is read in full."""
    load.check_installed()
    FOLDER.mkdir(parents=True, exist_ok=True)
    text, indexed = growth.measure([int(each) for each in sizes.split(",")], rounds, FOLDER)
    typer.echo(text)
    if not indexed:
        raise typer.Exit(1)


@app.command("orders")
def order(
    database: Annotated[
        str, typer.Option(help="postgres, mariadb, mysql or sqlite, or the URL of a server.")
    ] = "postgres",
    sent: Annotated[
        int | None, typer.Option("--orders", help="How many are sent over HTTP.", min=100)
    ] = None,
    products: Annotated[int, typer.Option(help="How many products they are for.", min=1)] = 10,
    workers: Annotated[int, typer.Option(help="How many processes serve.", min=2)] = 4,
    kills: Annotated[int, typer.Option(help="How often one of them is killed.", min=0)] = 50,
    rounds: Annotated[int, typer.Option(help="How often it is measured without HTTP.", min=1)] = 5,
    round_orders: Annotated[int, typer.Option(help="Orders of such a round.", min=100)] = 2_000,
    seed: Annotated[int, typer.Option(help="What is random follows from it.")] = 1,
) -> None:
    """Place orders as quickly as possible while processes are killed; fail where one is wrong."""
    processes.check_readable()
    FOLDER.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        server = stack.enter_context(stores.serving(database, FOLDER))
        count = sent or orders.DEFAULT_ORDERS[server.engine]
        plan = orders.Plan(count, products, workers, kills, rounds, round_orders, seed)
        try:
            typer.echo(orders.measure(server, plan, FOLDER))
        except* Failed as failed:
            raise SystemExit(f"BROKEN: {failed.exceptions[0]}") from None


@app.command("worst")
def worst(
    size: Annotated[
        int, typer.Option("--orders", help="Size of the company.", min=100)
    ] = worst_documents.USUAL_ORDERS,
    tries: Annotated[int, typer.Option(help="Documents of each family.", min=1)] = 40,
    database: Annotated[
        str,
        typer.Option(
            help="sqlite, postgres, mariadb or mysql; or the URL of one, which is written to."
        ),
    ] = "sqlite",
) -> None:
    """Search for the worst documents that are accepted; fail where one breaks a mark."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with worst_documents.filled(database, size, FOLDER) as url:
        found = asyncio.run(worst_documents.search(url, tries))
    typer.echo("\n".join(worst_documents.table(found)))
    if found[0].share > 1:
        raise typer.Exit(1)


@app.command("memory")
def hold(
    size: Annotated[
        int, typer.Option("--orders", help="Size of the company.", min=100)
    ] = worst_documents.USUAL_ORDERS,
    at_once: Annotated[str, typer.Option(help="How many requests together, with commas.")] = "1,16",
    only: Annotated[str, typer.Option(help="Only documents whose name has this text.")] = "",
) -> None:
    """Measure the server's memory at the limits; fail where one request takes too much."""
    processes.check_readable()
    FOLDER.mkdir(parents=True, exist_ok=True)
    with worst_documents.filled("sqlite", size, FOLDER) as url:
        counts = [int(each) for each in at_once.split(",")]
        found = asyncio.run(memory.measure(url, FOLDER, counts, only))
    typer.echo("\n".join(memory.table(found)))
    if any(each.at_once == 1 and each.added > memory.MOST_MIB for each in found):
        raise typer.Exit(1)


@app.command("streams")
def watch(
    watchers: Annotated[int, typer.Option(help="Sockets that watch.", min=1)] = 1_000,
    rate: Annotated[float, typer.Option(help="Events a second.", min=0.1)] = 10,
    seconds: Annotated[float, typer.Option(help="Length of a run.", min=1)] = 10,
    kinds: Annotated[str, typer.Option(help="Which, with commas.")] = ",".join(streams.KINDS),
) -> None:
    """Measure what sending events to many watchers costs; fail where one is lost or doubled."""
    processes.check_readable()
    FOLDER.mkdir(parents=True, exist_ok=True)
    chosen = [kind for kind in streams.KINDS if kind in kinds.split(",")]
    loads = [streams.Load(kind, watchers, rate, seconds) for kind in chosen]
    with worst_documents.filled("sqlite", worst_documents.USUAL_ORDERS, FOLDER) as url:
        found = asyncio.run(streams.measure(url, FOLDER, loads))
    typer.echo("\n".join(streams.table(found)))


def _chosen(only: str) -> list[Contestant]:
    """The contestants of these names, in their usual order; without names all of them."""
    names = [name.strip() for name in only.split(",") if name.strip()]
    found = [each for each in CONTESTANTS if not names or each.name in names]
    if not found:
        raise SystemExit(f"There are: {', '.join(each.name for each in CONTESTANTS)}.")
    return found


def _end(_signal: int, _frame: object) -> None:
    raise SystemExit("Stopped by a signal.")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _end)  # so that servers are stopped then as well
    app()
