"""Headers have an end: what a connection sends before a request is there costs no memory."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
from starlette.applications import Starlette

from benchmarks.processes import peak_mib
from graph.server.transports import http_protocol
from graph.server.transports.http_protocol import HttpProtocol
from tests.support.databases import Database
from tests.support.processes import started
from tests.support.serving import application, served

HOST: Final = b"host: 127.0.0.1\r\n"
GET: Final = b"GET /healthz HTTP/1.1\r\n" + HOST
POST: Final = b"POST /graphql HTTP/1.1\r\n" + HOST + b"content-type: application/json\r\n"
CHUNKED: Final = POST + b"transfer-encoding: chunked\r\n\r\n"
UPGRADE: Final = (
    b"GET /graphql HTTP/1.1\r\n" + HOST + b"connection: upgrade\r\nupgrade: websocket\r\n"
    b"sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    b"sec-websocket-protocol: graphql-transport-ws\r\n"
)
QUERY: Final = b'{"query":"{greet}"}'
TOO_MANY: Final = "A request has at most 100 headers of 65536 bytes in all."
NO_REQUEST: Final = "This is no request of HTTP/1.1."

# What is sent first, and then without end; the status of the answer, None where one is under way.
ENDLESS: Final[dict[str, tuple[bytes, bytes, int | None]]] = {
    "one header": (GET + b"x: ", b"a" * 50_000, 431),
    "one name": (GET, b"a" * 50_000, 431),
    "headers": (GET, b"x: a\r\n" * 8_000, 431),
    "headers of a WebSocket": (UPGRADE, b"x: a\r\n" * 8_000, 431),
    "request line": (b"GET /healthz?", b"a" * 50_000, 431),
    "folded header": (GET + b"x: a\r\n", b" a\r\n" * 8_000, 400),
    "blank lines": (b"", b"\r\n" * 25_000, 431),
    "method": (b"", b"A" * 50_000, 400),
    "trailers": (CHUNKED + b"1\r\n{\r\n0\r\n", b"x: a\r\n" * 8_000, 431),
    "one trailer": (CHUNKED + b"1\r\n{\r\n0\r\nx: ", b"a" * 50_000, 431),
    "extension of a chunk": (CHUNKED + b"1;", b"a" * 50_000, 431),
}


@asynccontextmanager
async def connected(
    address: str, **options: Any
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    host, _, port = address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port), **options)
    try:
        async with asyncio.timeout(60):
            yield reader, writer
    finally:
        writer.close()


async def answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the next answer."""
    line, *rest = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[:-2]
    headers = dict(each.lower().split(": ", 1) for each in rest)
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return int(line.split(" ")[1]), headers, body


async def flood(address: str, first: bytes, more: bytes, most: int) -> tuple[int, int]:
    """How many bytes were sent until the connection broke, and the status of the answer."""
    async with connected(address) as (reader, writer):
        writer.write(first)
        told = asyncio.create_task(answer(reader))
        sent = 0
        try:
            while sent < most and not told.done():
                writer.write(more)
                await writer.drain()
                # Where the server reads as fast as this writes, nothing above waits for the answer.
                await asyncio.sleep(0)
                sent += len(more)
        except ConnectionError:
            pass
        return sent, (await told)[0]


@pytest.fixture
def app() -> Iterator[Starlette]:
    with application() as made:
        yield made


@pytest.mark.parametrize("kind", ENDLESS)
async def test_what_has_no_end_is_refused_and_the_connection_ends(
    app: Starlette,
    kind: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http_protocol, "LINGER_SECONDS", 0.1)
    first, more, status = ENDLESS[kind]
    async with served(app) as address, connected(address) as (reader, writer):
        writer.write(first + more * 3)
        told, headers, body = await answer(reader)
        assert (told, headers["connection"]) == (status, "close")
        assert await reader.read() == b""
    code = "LIMIT_EXCEEDED" if status == 431 else "BAD_REQUEST"
    message = TOO_MANY if status == 431 else NO_REQUEST
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    (line,) = [each for each in lines if each["event"] == "request refused"]
    assert (line["status"], line["reason"]) == (status, message)
    extensions = {"code": code, "retryable": False, "correlationId": line["correlation_id"]}
    assert json.loads(body) == {"errors": [{"message": message, "extensions": extensions}]}
    assert not any("exception" in each for each in lines)


async def test_a_server_keeps_nothing_of_it(sqlite_database: Database, tmp_path: Path) -> None:
    async with started(sqlite_database, tmp_path) as server:
        address = server.url.removeprefix("http://").removesuffix("/graphql")
        await server.ask("{ orders(first: 1) { nodes { id } } }")
        before = peak_mib(server.process.pid)
        for first, more, status in ENDLESS.values():
            sent, told = await flood(address, first, more, 64 * 1024 * 1024)
            assert told == status
            assert sent < 64 * 1024 * 1024
        async with connected(address) as (reader, writer):
            # One that asks on and on, and reads nothing.
            try:
                async with asyncio.timeout(1):
                    while True:
                        writer.write((GET + b"\r\n") * 1_000)
                        await writer.drain()
            except TimeoutError:
                pass
            assert (await answer(reader))[0] == 200
        assert peak_mib(server.process.pid) - before < 16
    assert "Traceback" not in (tmp_path / "server.log").read_text()


def padded(size: int) -> bytes:
    """A request whose line and headers have so many bytes, as they are counted."""
    headers = b"host: 127.0.0.1\r\nx: "
    counted = len(b"/healthz") + len(headers) + len(b"\r\n")
    return b"GET /healthz HTTP/1.1\r\n" + headers + b"a" * (size - counted) + b"\r\n\r\n"


async def test_as_many_bytes_as_are_allowed_pass_and_not_one_more(app: Starlette) -> None:
    async with served(app) as address:
        for size, status in ((65_536, 200), (65_537, 431)):
            async with connected(address) as (reader, writer):
                writer.write(padded(size))
                assert (await answer(reader))[0] == status


async def test_as_many_headers_as_are_allowed_pass_and_not_one_more(app: Starlette) -> None:
    async with served(app) as address:
        for count, status in ((100, 200), (101, 431)):
            async with connected(address) as (reader, writer):
                writer.write(GET + b"x: a\r\n" * (count - 1) + b"\r\n")
                assert (await answer(reader))[0] == status


async def test_every_request_of_a_connection_is_counted_anew(app: Starlette) -> None:
    async with served(app) as address, connected(address) as (reader, writer):
        for _ in range(3):
            writer.write(padded(60_000))
            assert (await answer(reader))[0] == 200


async def test_a_body_counts_as_no_header(app: Starlette) -> None:
    body = json.dumps({"query": "{ greet }", "extensions": {"x": "a" * 900_000}}).encode()
    async with served(app) as address, connected(address) as (reader, writer):
        writer.write(POST + b"content-length: %d\r\n\r\n" % len(body) + body)
        assert (await answer(reader))[0] == 200
        writer.write(CHUNKED)
        for at in range(0, len(body), 1_000):
            piece = body[at : at + 1_000]
            writer.write(b"%x\r\n" % len(piece) + piece + b"\r\n")
        writer.write(b"0\r\nx: a\r\n\r\n")
        assert (await answer(reader))[0] == 200


async def test_pipelined_requests_are_all_answered_in_their_order(app: Starlette) -> None:
    count = 1_000
    async with served(app) as address, connected(address) as (reader, writer):

        async def ask() -> None:
            for number in range(count):
                body = b'{"query":"{greet(name:\\"%d\\")}"}' % number
                writer.write(POST + b"content-length: %d\r\n\r\n" % len(body) + body)
                if number % 500 == 0:
                    await writer.drain()

        asking = asyncio.create_task(ask())
        for number in range(count):
            _, _, body = await answer(reader)
            assert body == b'{"data":{"greet":"Hello %d"}}' % number
        await asking


async def test_a_refusal_behind_a_request_under_way_does_not_take_its_place(
    app: Starlette,
) -> None:
    async with served(app) as address, connected(address) as (reader, writer):
        request = POST + b"content-length: %d\r\n\r\n" % len(QUERY) + QUERY
        writer.write(request + b"nonsense\r\n\r\n")
        rest = await reader.read()
        assert re.findall(rb"HTTP/1\.1 (\d+)", rest) in ([], [b"200"])


async def test_a_trailer_is_no_header(app: Starlette) -> None:
    async with served(app) as address, connected(address) as (reader, writer):
        writer.write(CHUNKED + b"%x\r\n" % len(QUERY) + QUERY + b"\r\n0\r\n")
        writer.write(b"x-correlation-id: from-a-trailer\r\n\r\n")
        status, headers, body = await answer(reader)
    assert (status, body) == (200, b'{"data":{"greet":"Hello world"}}')
    assert headers["x-correlation-id"] != "from-a-trailer"


async def test_the_bounds_are_settings(app: Starlette) -> None:
    bounded = partial(HttpProtocol, max_header_bytes=2_000, max_headers=10)
    async with served(app, http=bounded) as address:
        for request, status in (
            (padded(2_000), 200),
            (padded(2_001), 431),
            (GET + b"x: a\r\n" * 10 + b"\r\n", 431),
        ):
            async with connected(address) as (reader, writer):
                writer.write(request)
                assert (await answer(reader))[0] == status
