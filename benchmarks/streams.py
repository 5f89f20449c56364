"""What it costs the server to send an event to many watchers, over real sockets.

Notes are written to orders at a steady rate, first with nobody watching and then with watchers: the
difference of the server's processor time is the cost of sending. Every watcher checks that it has
each event once and in order.
"""

import asyncio
import json
import os
import statistics
import struct
import sys
import time
from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from benchmarks import contestants, processes
from benchmarks.postgres import Database

NOTE: Final = 'mutation($id: ID!) { orderNote(id: $id, text: "noted") { userErrors { code } } }'
ORDERS: Final = "{ orders(first: 50) { nodes { id } } }"
WATCH: Final = """subscription($id: ID, $where: OrderWhere, $after: Cursor) {
  orderUpdates(id: $id, where: $where, after: $after) {
    __typename
    ... on OrderUpdate { cursor matches event { id kind at }
      order { number status version total { gross { amount } } %s } }
    ... on Heartbeat { cursor }
  }
}"""
SHAPES: Final = 50
AT_ONCE: Final = 50
WAIT_SECONDS: Final = 120
MASK: Final = bytes(4)
"""A client's frames are masked; this mask changes nothing."""


@dataclass(frozen=True)
class Load:
    """So many watchers, and so many events a second. `kind` is one of KINDS."""

    kind: str
    watchers: int
    rate: float
    seconds: float

    @property
    def events(self) -> int:
        return round(self.rate * self.seconds)


KINDS: Final = ("equal", "shapes", "orders")
"""All watch everything alike; 50 documents and filters; one order each."""


@dataclass(frozen=True)
class Cost:
    """What was measured of a load. Times are in milliseconds from sending a note to its message."""

    load: Load
    messages: int
    own_seconds: float
    p50: float
    p99: float
    socket_kib: float

    @property
    def microseconds(self) -> float:
        """Own processor time of the server, a message."""
        return self.own_seconds * 1e6 / self.messages


class Watcher(asyncio.Protocol):
    """A client of graphql-transport-ws, as small as it can be."""

    def __init__(self, number: int, document: str, variables: dict[str, Any]) -> None:
        self.payload = {"query": document, "variables": variables}
        self.order: str | None = variables.get("id")
        self.key = f"watch-{number}"
        self.events: list[str] = []
        self.heard: list[float] = []
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting = b""
        self._upgraded = False
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for a WebSocket."""
        self._transport = transport
        nonce = b64encode(os.urandom(16)).decode()
        self._transport.write(
            "GET /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\nupgrade: websocket\r\n"
            f"connection: Upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: {nonce}\r\n"
            "sec-websocket-protocol: graphql-transport-ws\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        """Take every whole frame."""
        self._waiting += data
        if not self._upgraded:
            head, found, rest = self._waiting.partition(b"\r\n\r\n")
            if not found:
                return
            if b" 101 " not in head:
                raise SystemExit(f"No WebSocket: {head.decode(errors='replace')}")
            self._upgraded, self._waiting = True, rest
            self._say({"type": "connection_init"})
        while frame := self._frame():
            self._take(*frame)

    def leave(self) -> None:
        """End the connection."""
        self._transport.abort()

    def _frame(self) -> tuple[int, bytes] | None:
        held = self._waiting
        if len(held) < 2:
            return None
        size, start = held[1] & 127, 2
        if size == 126:
            if len(held) < 4:
                return None
            (size,), start = struct.unpack_from("!H", held, 2), 4
        if len(held) < start + size:
            return None
        self._waiting = held[start + size :]
        return held[0] & 15, held[start : start + size]

    def _take(self, kind: int, content: bytes) -> None:
        if kind == 9:
            self._transport.write(bytes((0x8A, 0x80 | len(content))) + MASK + content)
            return
        message: Any = json.loads(content) if kind == 1 else {"type": "closed"}
        if message["type"] == "connection_ack":
            self._say({"type": "subscribe", "id": self.key, "payload": self.payload})
            return
        if message["type"] != "next" or message["id"] != self.key or "errors" in message["payload"]:
            raise SystemExit(f"BROKEN: {content!r}")
        item = message["payload"]["data"]["orderUpdates"]
        event = item.get("event")
        if event and event["kind"] == "NOTE_ADDED":  # an order may become late meanwhile
            self.heard.append(time.perf_counter())
            self.events.append(event["id"])
        elif not self.opened.done():
            self.opened.set_result(None)

    def _say(self, message: dict[str, Any]) -> None:
        content = json.dumps(message).encode()
        size = len(content)
        short = size < 126
        head = bytes((0x81, 0x80 | size)) if short else struct.pack("!BBH", 0x81, 0xFE, size)
        self._transport.write(head + MASK + content)


@dataclass
class Writer:
    """Writes notes at a steady rate; `sent` says when, of each order and of all under None."""

    client: httpx.AsyncClient
    url: str
    orders: list[str]
    sent: dict[str | None, list[float]] = field(default_factory=lambda: defaultdict(list))

    async def write(self, load: Load) -> None:
        """Write the notes of a load, one after another."""
        begun = time.perf_counter()
        for number in range(load.events):
            order = self.orders[number % len(self.orders)]
            now = time.perf_counter()
            body = {"query": NOTE, "variables": {"id": order}}
            answer = (await self.client.post(self.url, json=body)).json()
            if answer["data"]["orderNote"]["userErrors"]:
                raise SystemExit(f"BROKEN: {answer}")
            self.sent[order].append(now)
            self.sent[None].append(now)
            await asyncio.sleep(max(0.0, begun + (number + 1) / load.rate - time.perf_counter()))


async def measure(url: str, folder: Path, loads: Sequence[Load]) -> list[Cost]:
    """The cost of each load, on a server of its own."""
    return [await _cost(url, folder, load) for load in loads]


async def _cost(url: str, folder: Path, load: Load) -> Cost:
    server = contestants.Contestant(
        "ordergraph-streams", contestants.ordergraph(ORDERGRAPH_MAX_SOCKETS="20000")
    )
    with contestants.serving(server, Database(url), folder) as running:
        async with httpx.AsyncClient(timeout=WAIT_SECONDS) as client:
            body = {"query": ORDERS}
            found = (await client.post(running.url, json=body)).json()["data"]["orders"]["nodes"]
            writer = Writer(client, running.url, [each["id"] for each in found])
            alone = await _spent(running.process, writer, load, [])
            before = processes.memory_mib(running.process)
            watchers = await _opened(running.url, writer.orders, load)
            held = (processes.memory_mib(running.process) - before) * 1_024 / load.watchers
            writer.sent.clear()
            spent = await _spent(running.process, writer, load, watchers)
            for watcher in watchers:
                watcher.leave()
    late = [
        (heard - sent) * 1_000
        for watcher in watchers
        for sent, heard in zip(writer.sent[watcher.order], watcher.heard, strict=True)
    ]
    points = statistics.quantiles(late, n=100)
    cost = Cost(load, len(late), spent - alone, points[49], points[98], held)
    print(line(cost), file=sys.stderr)
    return cost


async def _opened(url: str, orders: list[str], load: Load) -> list[Watcher]:
    address = httpx.URL(url)
    watchers: list[Watcher] = []
    for number in range(load.watchers):
        shape = number % SHAPES if load.kind == "shapes" else 0
        aliases = (f"{'ab'[shape // 25]}{each}: number" for each in range(shape % 25))
        document = WATCH % " ".join(aliases)
        variables: dict[str, Any] = {"where": {}}
        if load.kind == "orders":
            variables = {"id": orders[number % len(orders)]}
        elif shape:
            variables = {"where": {"not": {"number": {"startsWith": f"{shape}-"}}}}
        _, watcher = await asyncio.get_running_loop().create_connection(
            lambda number=number, document=document, variables=variables: Watcher(  # type: ignore[misc]
                number, document, variables
            ),
            address.host,
            address.port or 80,
        )
        watchers.append(watcher)
        if number % AT_ONCE == AT_ONCE - 1:
            await asyncio.gather(*(each.opened for each in watchers[-AT_ONCE:]))
    await asyncio.gather(*(each.opened for each in watchers))
    return watchers


async def _spent(process: int, writer: Writer, load: Load, watchers: list[Watcher]) -> float:
    """The server's processor seconds from the first note until every watcher has all it should."""
    before = processes.cpu_seconds(process)
    await writer.write(load)
    deadline = time.monotonic() + WAIT_SECONDS
    first: dict[str | None, list[str]] = {}
    for watcher in watchers:
        wanted = len(writer.sent[watcher.order])
        while len(watcher.events) < wanted and time.monotonic() < deadline:  # noqa: ASYNC110 - as many may come as are asked for
            await asyncio.sleep(0.05)
        same = first.setdefault(watcher.order, watcher.events)
        if watcher.events != same or len(set(same)) != wanted:
            raise SystemExit(f"BROKEN: {watcher.key} has {len(watcher.events)} of {wanted} events.")
    return processes.cpu_seconds(process) - before


def table(found: Sequence[Cost]) -> Iterator[str]:
    """What was found, a line each."""
    yield (
        f"{'watchers':>8} {'kind':8} {'events/s':>8} {'messages':>9} {'us/message':>10}"
        f" {'ms/event':>9} {'p50 ms':>7} {'p99 ms':>7} {'KiB/socket':>10}"
    )
    yield from map(line, found)


def line(cost: Cost) -> str:
    """A line of the table."""
    load = cost.load
    return (
        f"{load.watchers:8} {load.kind:8} {load.rate:8.0f} {cost.messages:9,}"
        f" {cost.microseconds:10.1f} {cost.own_seconds * 1e3 / load.events:9.2f}"
        f" {cost.p50:7.1f} {cost.p99:7.1f} {cost.socket_kib:10.1f}"
    )
