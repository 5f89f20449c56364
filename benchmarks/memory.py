"""How much memory the server takes for the heaviest documents that it accepts.

The server runs in a process of its own, as a user runs it, and anew for each document. Linux tells
the most memory that a process ever held.
"""

import asyncio
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from benchmarks import contestants, processes
from benchmarks.postgres import Database
from benchmarks.worst import LINES, REFUSED, WRONG, serving, stock_of
from benchmarks.worst_documents import Stock
from benchmarks.worst_orders import Asked

MOST_MIB: Final = 300.0
"""What one request may add to what the server holds when it has nothing to do."""
DRAFTS: Final = 30
"""Orders at the line limit that there are to be read together."""
ANSWER_SECONDS: Final = 120

LINE: Final = """id sku name quantity priceQuantity unit discountRate taxRate reserved backordered
  shipped delivered returned cancelled unitPrice { amount }
  total { gross { amount } net { amount } tax { amount } }"""
STOCK: Final = """product { id sku name stock { id onHand reserved available isLow
  warehouse { name } } }"""
PAGE: Final = f"""{{ customers(first: 20) {{ nodes {{ code name orders(first: 10) {{ nodes {{
  number status total {{ gross {{ amount }} }} lines {{ sku name quantity unitPrice {{ amount }}
  {STOCK} }} }} }} }} }} }}"""


@dataclass(frozen=True)
class Held:
    """What a server held with nothing to do, and at most while it answered; both in MiB."""

    name: str
    at_once: int
    idle: float
    peak: float
    answer_bytes: int
    said: str
    """`answered`, or the code of the refusal."""

    @property
    def added(self) -> float:
        """What the requests took beside what the server held anyway."""
        return self.peak - self.idle


def _of_orders(ids: list[str], inside: str, defer: str = "") -> Asked:
    document = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Order { number %s } } }"
    return document % (f"... {defer} {{ {inside} }}" if defer else inside), {"ids": ids}


def documents(stock: Stock, drafts: list[str]) -> Iterator[tuple[str, Asked]]:
    """The heaviest documents that are accepted, and what is refused only while it runs."""
    one = f"lines {{ {LINE} {STOCK} }} shipments {{ id parcels {{ id }} lines {{ quantity }} }}"
    wide = " ".join(
        f"r{place}: nodes(ids: $ids) {{ ... on Order {{ lines {{ {inside} }} }} }}"
        for place, inside in enumerate(("id", "sku", "name", "id sku"))
    )
    yield "one order, its products and stock", _of_orders([stock.great_order], one)
    yield "20 customers, their orders and stock", (PAGE, {})
    yield "3 orders, all of their lines", _of_orders(drafts[:3], f"lines {{ {LINE} }}")
    yield "8 orders in parts", _of_orders(drafts[:8], f"lines {{ {LINE} }}", "@defer")
    yield "16 orders, a value of each line", _of_orders(drafts[:16], "lines { sku }")
    yield "30 orders four times", (f"query($ids: [ID!]!) {{ {wide} }}", {"ids": drafts})
    yield "16 orders, all of their lines", _of_orders(drafts[:16], f"lines {{ {LINE} {STOCK} }}")
    placed = "mutation($i: OrderInput!) { orderPlace(input: $i) { order { lines { id } } } }"
    yield "an order of 2,000 lines is placed", (placed, {"i": stock.shop.ordered(LINES)})


async def measure(url: str, folder: Path, at_once: Sequence[int], only: str) -> list[Held]:
    """What each document whose name has this text takes, so many times at once."""
    async with serving(url) as served:
        stock = await stock_of(served, LINES)
        drafts = [
            (await served.ask(stock.shop.draft(LINES)))["orderDraft"]["order"]["id"]
            for _ in range(DRAFTS)
        ]
    asked = [*documents(stock, drafts)]
    return [
        await _held(url, folder, name, [document] * count)
        for name, document in asked
        if only in name
        for count in at_once
    ]


async def _held(url: str, folder: Path, name: str, asked: list[Asked]) -> Held:
    """What a new server takes for these documents, sent together."""
    with contestants.serving(contestants.ORDERGRAPH, Database(url), folder) as running:
        async with httpx.AsyncClient(timeout=ANSWER_SECONDS) as client:

            async def answered(one: Asked) -> tuple[int, str]:
                sent = {"query": one[0], "variables": one[1]}
                headers = {"accept": "multipart/mixed, application/json"}
                async with client.stream("POST", running.url, json=sent, headers=headers) as answer:
                    size, start = 0, b""
                    async for piece in answer.aiter_bytes():
                        size += len(piece)
                        start = (start + piece)[:5_000]
                return size, _said(start, name)

            await answered(("{ orders(first: 1) { nodes { id } } }", {}))
            idle = processes.memory_mib(running.process)
            answers = await asyncio.gather(*map(answered, asked))
            peak = processes.peak_mib(running.process)
    said = ", ".join(sorted({each[1] for each in answers}))
    found = Held(name, len(asked), idle, peak, max(each[0] for each in answers), said)
    print(line(found), file=sys.stderr)
    return found


def _said(start: bytes, name: str) -> str:
    for code in (*REFUSED, "DEADLINE", "OVERLOADED"):
        if f'"{code}"'.encode() in start:
            return code
    if any(f'"{code}"'.encode() in start for code in WRONG) or b'"userErrors":[{' in start:
        raise SystemExit(f"{name}: {start.decode(errors='replace')}")
    return "answered"


def table(found: Sequence[Held]) -> Iterator[str]:
    """What was found, a line each."""
    yield f"{'document':36} {'at once':>7} {'idle':>6} {'peak':>6} {'added':>10} {'answer':>14}"
    yield from map(line, found)


def line(held: Held) -> str:
    """A line of the table."""
    return (
        f"{held.name:36} {held.at_once:7} {held.idle:6.0f} {held.peak:6.0f} {held.added:6.0f} MiB"
        f" {held.answer_bytes:12,} B  {held.said}"
    )
