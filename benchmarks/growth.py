"""How ordergraph's latency grows with the company, and by which plans its statements run."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks import company, load, plans, postgres
from benchmarks.contestants import ORDERGRAPH, Running, serving
from benchmarks.postgres import Database
from benchmarks.queries import QUERIES, Query, Variables

SECONDS: Final = 2


def _given(**values: object) -> Query:
    """A query that is asked with the same variables everywhere."""
    name = str(values.pop("name"))

    def variables(_running: Running, _database: Database) -> Variables:
        return values

    return Query(name, variables)


LOOKED_UP: Final = (
    _given(name="customer_by_code", code="C-0000321"),
    _given(name="orders_by_status", status=["ON_HOLD"]),
    _given(name="customers_by_word", word="customer321"),
    _given(name="customers_by_first_name", word="grace"),
    _given(name="orders_by_word", word="0004321"),
    _given(name="orders_by_first_name", word="grace"),
    _given(name="low_stock"),
)
ASKED: Final = (*QUERIES, *LOOKED_UP)

Latencies = Mapping[tuple[str, int], Sequence[float]]


@dataclass(frozen=True)
class Size:
    """A company of so many orders, served."""

    orders: int
    database: Database
    server: Running


def measure(sizes: Sequence[int], rounds: int, folder: Path) -> tuple[str, bool]:
    """The report in Markdown, and whether every statement is served by an index."""
    with ExitStack() as stack:
        server = stack.enter_context(postgres.running())
        companies = [
            company.make(server, f"ordergraph_bench_{orders}", orders, folder) for orders in sizes
        ]
        served = [
            Size(orders, database, stack.enter_context(serving(ORDERGRAPH, database, folder)))
            for orders, database in zip(sizes, companies, strict=True)
        ]
        latencies = _latencies(served, rounds)
        stack.enter_context(plans.explaining(companies[-1]))
        largest = stack.enter_context(serving(ORDERGRAPH, companies[-1], folder))
        explained = plans.of_queries(largest, companies[-1], ASKED)
    text = "\n".join([*_table(sizes, latencies), "", *plans.summary(explained)])
    (folder / "growth.md").write_text(text)
    (folder / "plans.md").write_text(plans.listed(explained))
    return text, not any(plan.scanned for plan in explained)


def _latencies(served: Sequence[Size], rounds: int) -> Latencies:
    """Each round's median latency at one connection, in milliseconds, by query and size."""
    found: dict[tuple[str, int], list[float]] = {}
    for number in range(rounds + 1):
        for query in ASKED:
            for size in served:
                variables = query.variables(size.server, size.database)
                answer = size.server.ask(query.name, variables)
                body = size.server.body(query.name, variables)
                seconds = SECONDS if number else 1
                run = load.run(size.server.url, body, len(answer.content), 1, seconds)
                if number and run.requests:
                    found.setdefault((query.name, size.orders), []).append(run.p50_ms)
        print(f"round {number} of {rounds}" if number else "warm", file=sys.stderr, flush=True)
    return found


def _table(sizes: Sequence[int], latencies: Latencies) -> list[str]:
    titles = [f"{orders:,} orders" for orders in sizes]
    lines = [
        f"| query, p50 ms | {' | '.join(titles)} | slowdown | min..max |",
        f"|---|{'---:|' * (len(sizes) + 2)}",
    ]
    for query in ASKED:
        columns = [latencies.get((query.name, orders), ()) for orders in sizes]
        if not all(columns):
            lines.append(f"| {query.name} | {' | '.join('-' for _ in sizes)} | - | - |")
            continue
        ratios = [last / first for first, last in zip(columns[0], columns[-1], strict=True)]
        shown = " | ".join(f"{median(column):.2f}" for column in columns)
        spread = f"{min(ratios):.2f}..{max(ratios):.2f}"
        lines.append(f"| {query.name} | {shown} | {median(ratios):.2f} | {spread} |")
    return lines
