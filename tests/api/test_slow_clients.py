"""Clients that connect and send nothing, or ask and read nothing, are let go."""

import asyncio
import json

import pytest

from graph.server.transports import http_protocol
from tests.support.serving import application, served

HEADERS = b"POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
LARGE = json.dumps({"query": "{ greet(times: 6000000) }"}).encode()


async def connected(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, _, port = address.partition(":")
    return await asyncio.open_connection(host, int(port), limit=4_096)


async def is_dropped(reader: asyncio.StreamReader) -> bool:
    """Whether the server ends the connection before it has said anything."""
    try:
        async with asyncio.timeout(5):
            return await reader.read(1) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize(
    "sent", [b"", b"POST /graphql HT", HEADERS], ids=["nothing", "line", "headers"]
)
async def test_headers_arrive_in_time_or_not_at_all(
    monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(http_protocol, "ARRIVAL_SECONDS", 0.1)
    with application() as app:
        async with served(app) as address:
            reader, writer = await connected(address)
            writer.write(sent)
            assert await is_dropped(reader)
            writer.close()


async def test_the_headers_of_a_second_request_are_waited_for_as_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http_protocol, "ARRIVAL_SECONDS", 0.3)
    with application() as app:
        async with served(app, timeout_keep_alive=60) as address:
            reader, writer = await connected(address)
            writer.write(HEADERS + b"content-length: 19\r\n\r\n" + b'{"query":"{greet}"}')
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")
            await reader.readuntil(b'"Hello world"}}')
            writer.write(b"POST /graphql HT")
            assert await is_dropped(reader)
            writer.close()


async def test_a_client_that_reads_nothing_of_its_answer_is_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http_protocol, "STALL_SECONDS", 0.1)
    gone = asyncio.Event()
    lost = http_protocol.HttpProtocol.connection_lost

    def noticed(self: http_protocol.HttpProtocol, error: Exception | None) -> None:
        lost(self, error)
        gone.set()

    monkeypatch.setattr(http_protocol.HttpProtocol, "connection_lost", noticed)
    with application(max_answer_bytes=2**27) as app:
        async with served(app) as address:
            reader, writer = await connected(address)
            writer.write(HEADERS + b"content-length: %d\r\n\r\n" % len(LARGE) + LARGE)
            # What is not taken from the reader stays in its small buffer, then in the network's.
            async with asyncio.timeout(5):
                await gone.wait()
            assert not reader.at_eof()
            writer.close()


async def test_a_client_that_reads_slowly_gets_its_whole_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http_protocol, "STALL_SECONDS", 0.1)
    with application(max_answer_bytes=2**27) as app:
        async with served(app) as address:
            reader, writer = await connected(address)
            writer.write(HEADERS + b"content-length: %d\r\n\r\n" % len(LARGE) + LARGE)
            head = await reader.readuntil(b"\r\n\r\n")
            size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
            received = 0
            async with asyncio.timeout(30):
                while received < size and (part := await reader.read(4_096)):
                    received += len(part)
            assert received == size > 60_000_000
            writer.close()
