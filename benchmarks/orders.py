"""Orders: how many a second, and whether all of them are right, whatever is killed meanwhile."""

import asyncio
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final
from uuid import UUID

import asyncpg
import uvloop

from benchmarks import alone, contestants, market, same_rows, stores
from benchmarks.alone import Place, Run
from benchmarks.burst import Rush
from benchmarks.contestants import Contestant
from benchmarks.market import Market
from benchmarks.postgres import Database
from benchmarks.stores import Store
from tests.support.processes import Workers

DATABASE: Final = "ordergraph_bench_orders"
DEFAULT_ORDERS: Final = {"postgres": 100_000, "mariadb": 100_000, "sqlite": 20_000}
CLIENTS: Final = 64
SERVICE: Final = "service"
BY_HAND: Final = "by hand"


@dataclass(frozen=True)
class Plan:
    """What is measured. `orders` go over HTTP; a round without it has `round_orders`."""

    orders: int
    products: int
    workers: int
    kills: int
    rounds: int
    round_orders: int
    seed: int


def measure(server: Store, plan: Plan, folder: Path) -> str:
    """The report in Markdown. Where something is not as it must be, the program ends."""
    lines = [*_without_http(server, plan, folder), "", *_over_http(server, plan, folder), ""]
    text = "\n".join(lines)
    (folder / f"orders-{server.engine}.md").write_text(text)
    return text


def _without_http(server: Store, plan: Plan, folder: Path) -> list[str]:
    store = stores.fresh(server, DATABASE, folder)
    runs = uvloop.run(_rounds(store, plan))
    stores.ordergraph(store, folder, "stock", "verify")
    size = f"{plan.rounds} rounds of {plan.round_orders:,} orders, {alone.TASKS} at once"
    return [
        f"**{server.engine}, without HTTP**, {size}",
        "",
        "| contestant | orders/s | ratio | min..max | own CPU ms | database CPU ms |",
        "|---|---:|---:|---:|---:|---:|",
        *(_row(name, found, runs.get(BY_HAND, runs[SERVICE])) for name, found in runs.items()),
    ]


def _row(name: str, runs: Sequence[Run], others: Sequence[Run]) -> str:
    ratios = [run.a_second / other.a_second for run, other in zip(runs, others, strict=True)]
    by_database = [run.database_cpu_ms for run in runs if run.database_cpu_ms is not None]
    cells = (
        name,
        f"{median(run.a_second for run in runs):,.0f}",
        f"{median(ratios):.2f}",
        f"{min(ratios):.2f}..{max(ratios):.2f}",
        f"{median(run.own_cpu_ms for run in runs):.2f}",
        f"{median(by_database):.2f}" if by_database else "-",
    )
    return f"| {' | '.join(cells)} |"


async def _rounds(store: Store, plan: Plan) -> dict[str, list[Run]]:
    """The runs of each contestant, in turn. The first round makes all warm and is not kept."""
    runs: dict[str, list[Run]] = {SERVICE: []}
    by_hand = alone.hands(store.url) if store.engine == "postgres" else nullcontext()
    async with market.connected(store.url), by_hand as hand:
        open_market = await market.open_market(market.plenty(plan.products))
        contest: dict[str, Place] = {SERVICE: alone.by_service}
        placed: list[tuple[str, UUID]] = []
        if hand:
            contest[BY_HAND], runs[BY_HAND] = hand, []
            placed += await _same_rows(store, open_market, hand)
        for number in range(plan.rounds + 1):
            for name, place in contest.items():
                found, orders = await alone.run(
                    place, open_market, plan.round_orders, store.main_process
                )
                placed += orders
                runs[name] += [found] if number else []
            _say(f"round {number} of {plan.rounds}" if number else "warm")
        demand = Counter(sku for sku, _ in placed)
        _refuse(await market.broken(open_market, demand, placed))
    return runs


async def _same_rows(store: Store, where: Market, hand: Place) -> list[tuple[str, UUID]]:
    """Three orders, the last by hand, which has left the rows of those before."""
    connection = await asyncpg.connect(store.url)
    orders, rows = [], []
    try:
        for place in (alone.by_service, alone.by_service, hand):
            orders.append((where.skus[0], await place(where.customers[0], where.skus[0])))
            rows.append(await same_rows.left_by(connection, orders[-1][1]))
    finally:
        await connection.close()
    _refuse([f"by hand: {each}" for each in same_rows.unlike(*rows)])
    return orders


def _over_http(server: Store, plan: Plan, folder: Path) -> list[str]:
    store = stores.fresh(server, DATABASE, folder)
    where = asyncio.run(_open(store, market.scarce(plan.products, plan.orders // plan.products)))
    contestant = Contestant("orders", contestants.ordergraph(workers=plan.workers))
    with contestants.serving(contestant, Database(store.url), folder) as running:
        workers = Workers(folder / f"{contestant.name}.log")
        rush = Rush(running.url, workers, where, plan.orders, plan.kills, plan.seed)
        uvloop.run(_all(rush, plan.workers))
    _refuse(asyncio.run(_broken(store, rush)))
    stores.ordergraph(store, folder, "stock", "verify")
    return [
        f"**{server.engine}, over HTTP**, {plan.workers} workers, {CLIENTS} clients",
        "",
        *(f"- {each}" for each in _told(rush)),
    ]


def _told(rush: Rush) -> Iterator[str]:
    """What became of the rush, in words."""
    placed, answered = len(rush.acknowledged), len(rush.outcomes)
    rate = f"**{rush.a_second:,.0f} a second**"
    yield f"{answered:,} orders answered in {rush.took:,.0f} s, {rate}"
    yield f"{placed:,} placed, {answered - placed:,} refused because a product was sold out"
    half, most = rush.milliseconds(50), rush.milliseconds(99)
    yield f"half of them within {half:,.0f} ms, 99 % within {most:,.0f} ms"
    killed = len(rush.workers.killed)
    yield f"{killed} workers killed, {rush.lost:,} orders sent again after a lost connection"
    if rush.asked_again:
        codes = ", ".join(f"{code} {count:,}" for code, count in rush.asked_again.items())
        yield f"sent again because the server asked for it: {codes}"
    yield "oversold 0, drift 0, every acknowledged order there once, none that could be was refused"


async def _open(store: Store, stock: dict[str, int]) -> Market:
    async with market.connected(store.url):
        return await market.open_market(stock)


async def _broken(store: Store, rush: Rush) -> list[str]:
    async with market.connected(store.url):
        return await market.broken(rush.market, rush.demand, rush.acknowledged)


async def _all(rush: Rush, workers: int) -> None:
    """The rush, from when all processes serve until all serve that came for those killed."""
    await rush.workers.all_serve(workers)
    await rush.run(CLIENTS)
    await rush.workers.all_serve(workers)


def _refuse(found: Sequence[str]) -> None:
    """Pass where nothing is broken."""
    if found:
        raise SystemExit("\n".join(["BROKEN:", *found[:20]]))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
