"""The worst documents that are accepted: searched for, measured, and held to their marks.

The application runs in this process. Processor time is that of the thread that the loop runs in:
the server's own, without the database's.
"""

import asyncio
import json
import logging
import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch
from uuid import uuid4

from starlette.applications import Starlette

from benchmarks import stores
from benchmarks.company import FEWEST_ORDERS, ORDERGRAPH, fill, surroundings
from benchmarks.worst_changes import changes
from benchmarks.worst_documents import FAMILIES, Family, Stock, described
from benchmarks.worst_orders import Asked, Shop, steps
from graph.server.settings import Settings

HOLD_MS: Final = 100.0
QUERY_MS: Final = 300.0
MUTATION_MS: Final = 600.0
ANSWER_BYTES: Final = 16 * 1024 * 1024
USUAL_ORDERS: Final = 2_000
LINES: Final = 2_000
FEW_LINES: Final = 20
"""Of an order where only one document of each family is tried, to see whether the search runs."""
SURE: Final = 3
"""So often what breaks a mark is measured before it counts; the least of them does."""

WRONG: Final = ("VALIDATION_FAILED", "PARSE_FAILED", "INTERNAL", "DEADLINE", "OVERLOADED")
"""Codes that end the search: its documents are valid, and the server answers them."""
REFUSED: Final = ("LIMIT_EXCEEDED", "COST_EXCEEDED")

_numbers = count()


@dataclass(frozen=True)
class Cost:
    """What one request took: the longest time that it held the loop, and all its processor time."""

    hold_ms: float
    own_ms: float
    answer_bytes: int
    accepted: bool

    def share(self, own_most: float) -> float:
        """How near it comes to the nearest of its marks; above 1 it breaks one."""
        return max(self.hold_ms / HOLD_MS, self.own_ms / own_most, self.answer_bytes / ANSWER_BYTES)


@dataclass
class Finding:
    """The worst document of a family that was accepted."""

    family: str
    asked: Asked
    cost: Cost
    own_most: float = QUERY_MS

    @property
    def share(self) -> float:
        return self.cost.share(self.own_most)


@dataclass
class Served:
    """The application, called as a server calls it."""

    app: Starlette

    async def ask(self, asked: Asked) -> dict[str, Any]:
        """The data of an answer without errors."""
        answer: dict[str, Any] = json.loads(await self._called(asked))
        if "errors" in answer:
            raise SystemExit(f"{answer['errors'][0]['message']}: {described(asked)}")
        data: dict[str, Any] = answer["data"]
        return data

    async def measure(self, asked: Asked) -> Cost:
        """What a request takes whose document was never sent before."""
        document, variables = asked
        with longest_step() as step:
            began = time.thread_time()
            body = await self._called((f"{document} # {next(_numbers)}", variables))
            own = time.thread_time() - began
        told = [code for code in WRONG if f'"{code}"'.encode() in body[:2_000]]
        if told or b'"userErrors":[{' in body:
            raise SystemExit(f"{body[:300].decode()}: {described(asked)}")
        accepted = not any(f'"{code}"'.encode() in body[:2_000] for code in REFUSED)
        return Cost(step.seconds * 1_000, own * 1_000, len(body), accepted)

    async def _called(self, asked: Asked) -> bytes:
        sent = json.dumps({"query": asked[0], "variables": asked[1]}, ensure_ascii=False).encode()
        answer: list[bytes] = []
        bodies = iter([sent])

        async def receive() -> dict[str, Any]:
            for body in bodies:
                return {"type": "http.request", "body": body, "more_body": False}
            return await asyncio.Future()  # nobody goes away before the last part

        async def send(message: Any) -> None:
            answer.append(message.get("body", b""))

        headers = [
            (b"content-type", b"application/json"),
            (b"accept", b"multipart/mixed, application/json"),
            (b"host", b"127.0.0.1:8000"),
        ]
        await self.app(
            {
                "type": "http",
                "asgi": {"version": "3.0"},
                "http_version": "1.1",
                "method": "POST",
                "scheme": "http",
                "path": "/graphql",
                "raw_path": b"/graphql",
                "root_path": "",
                "query_string": b"",
                "headers": headers,
                "client": ("127.0.0.1", 1),
                "server": ("127.0.0.1", 8000),
            },
            receive,
            send,
        )
        return b"".join(answer)


@dataclass
class Step:
    """The processor time of the longest step that the loop has taken."""

    seconds: float = 0.0


@contextmanager
def longest_step() -> Iterator[Step]:
    """What the loop does at a stretch: nothing else is let run before a step has ended.

    A task that wakes up each millisecond would see it, too, and take a tenth of the time itself.
    """
    longest = Step()
    run = asyncio.Handle._run  # noqa: SLF001 - asyncio has no public name for it

    def timed(handle: asyncio.Handle) -> None:
        began = time.thread_time()
        run(handle)
        longest.seconds = max(longest.seconds, time.thread_time() - began)

    with patch.object(asyncio.Handle, "_run", timed):
        yield longest


@asynccontextmanager
async def serving(url: str) -> AsyncIterator[Served]:
    """The application on a database, in this process."""
    from graph.server.app import create_app
    from tests.support.serving import settings

    # On a machine that does other things as well, what waits long is no failure of the document.
    patient = {"run_seconds": 60.0, "database_wait_seconds": 60.0}
    chosen: Settings = settings(database_url=url, log_level="error", **patient)
    app = create_app(chosen)
    logging.getLogger().setLevel(logging.ERROR)
    async with app.router.lifespan_context(app):
        yield Served(app)


def company_of(orders: int) -> tuple[str, ...]:
    """The command that fills a database: it has as many products as an order has lines."""
    return ("demo", "--orders", str(orders), "--products", str(LINES), "--warehouses", "4")


@contextmanager
def filled(wish: str, orders: int, folder: Path) -> Iterator[str]:
    """The URL of a database to search on: the one that is wished for by its URL, as it is.

    Of a server a private one with a demo company of so many orders, or with the
    company that queries are measured on, where it is large and on PostgreSQL; else a SQLite file
    with a demo company, which stays.
    """
    if "://" in wish:
        yield wish
    elif wish in {"", "sqlite"}:
        yield made(orders, folder)
    else:
        with stores.serving(wish, folder) as server:
            store = stores.fresh(server, "ordergraph_worst", folder)
            if store.engine == "postgres" and orders >= FEWEST_ORDERS:
                asyncio.run(fill(store.url, orders))  # the demo places each of them
            else:
                stores.ordergraph(store, folder, *company_of(orders))
            yield store.url


def made(orders: int, folder: Path) -> str:
    """The URL of a SQLite database with a demo company of so many orders; an older one stays."""
    file = folder / f"worst-{orders}.sqlite3"
    url = f"sqlite://{file.absolute()}"
    if file.exists():
        subprocess.run([ORDERGRAPH, "migrate"], env=surroundings(url), check=True)
    else:
        for command in (("migrate",), company_of(orders)):
            subprocess.run(
                [ORDERGRAPH, *command], env=surroundings(url), check=True, stdout=sys.stderr
            )
    return url


PRODUCTS: Final = """query($after: Cursor) {
  products(first: 100, after: $after, where: {discontinued: false}) {
    nodes { id sku tracking } pageInfo { hasNextPage endCursor } }
}"""
STOCK: Final = """{
  customers(first: 100) { nodes { id code } }
  orders(first: 100) { nodes { id number } } warehouses { id }
}"""


CUSTOMER: Final = 'mutation { customerSave(input: {name: "Worst"}) { customer { id } } }'
WAREHOUSE: Final = """mutation($i: WarehouseInput!) {
  warehouseSave(input: $i) { warehouse { id } } }"""


async def stock_of(served: Served, lines: int) -> Stock:
    """What there is to be asked for. A customer is made who may owe anything, and a long order."""
    found = await served.ask((STOCK, {}))
    products = await _products(served)
    ids = {
        "Product": [each["id"] for each in products[:100]],
        "Customer": [each["id"] for each in found["customers"]["nodes"]],
        "Order": [each["id"] for each in found["orders"]["nodes"]],
        "Warehouse": [each["id"] for each in found["warehouses"]],
    }
    skus = [each["sku"] for each in products if each["tracking"] == "NONE"]
    texts = {
        "number": [each["number"] for each in found["orders"]["nodes"]],
        "code": [each["code"] for each in found["customers"]["nodes"]],
        "sku": skus,
        "search": ["a"],
    }
    customer = (await served.ask((CUSTOMER, {})))["customerSave"]["customer"]["id"]
    empty = {"code": uuid4().hex, "name": "Worst"}
    other = (await served.ask((WAREHOUSE, {"i": empty})))["warehouseSave"]["warehouse"]["id"]
    shop = Shop(skus, customer, ids["Warehouse"][0], other)
    drafted = await served.ask(shop.draft(lines))
    return Stock(shop, skus, ids, texts, drafted["orderDraft"]["order"]["id"])


async def _products(served: Served) -> list[dict[str, Any]]:
    """All products that are sold."""
    found: list[dict[str, Any]] = []
    after = None
    while True:
        page = (await served.ask((PRODUCTS, {"after": after})))["products"]
        found += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return found


async def climb(served: Served, family: Family, stock: Stock, tries: int) -> Finding | None:
    """The worst document of a family that some tries find: turned up or down from the worst yet."""
    dice = random.Random(family.name)
    worst: Finding | None = None
    numbers: dict[str, int] = {}
    for turn in range(tries):
        if turn == 0:
            tried = {name: min(1, most) for name, most in family.ranges.items()}
        elif worst is None or turn % 4 == 0:
            tried = {name: dice.randint(0, most) for name, most in family.ranges.items()}
        else:
            tried = dict(numbers)
            name = dice.choice(list(family.ranges))
            most = family.ranges[name]
            tried[name] = min(max(0, tried[name] + dice.choice((-1, 1)) * (most // 6 or 1)), most)
        found = Finding(family.name, family.make(stock, tried), Cost(0, 0, 0, accepted=False))
        found.cost = await served.measure(found.asked)
        if found.cost.accepted and (worst is None or found.share > worst.share):
            worst = await surely(served, found) if found.share > 1 else found
            numbers = tried
    return worst


async def surely(served: Served, found: Finding) -> Finding:
    """The finding with the least that its document takes in several runs."""
    costs = [found.cost, *[await served.measure(found.asked) for _ in range(SURE - 1)]]
    found.cost = min(costs, key=lambda cost: cost.share(found.own_most))
    return found


async def search(url: str, tries: int) -> list[Finding]:
    """The worst of each family, and each step of orders at the line limit; the worst first."""
    async with serving(url) as served:
        lines = LINES if tries > 1 else FEW_LINES
        stock = await stock_of(served, lines)
        climbed = [await climb(served, family, stock, tries) for family in FAMILIES]
        found = [each for each in climbed if each]
        for done in (steps, changes):
            async for name, asked in done(served.ask, stock.shop, lines):
                cost = await served.measure(asked)
                own_most = QUERY_MS if asked[0].startswith("query") else MUTATION_MS
                found.append(Finding(name, asked, cost, own_most))
    return sorted(found, key=lambda each: each.share, reverse=True)


def table(found: list[Finding]) -> Iterator[str]:
    """What was found, a line each, then the worst documents themselves."""
    yield f"{'family':24} {'holds the loop':>15} {'own time':>10} {'answer':>14}  of the mark"
    for each in found:
        cost = each.cost
        yield (
            f"{each.family:24} {cost.hold_ms:12.0f} ms {cost.own_ms:7.0f} ms"
            f" {cost.answer_bytes:12,} B  {each.share:11.0%}"
        )
    for each in found[:5]:
        yield f"\n{each.family}: {described(each.asked)}"
