"""Clients that break a WebSocket's rules: each is let go, with one line in the log."""

import asyncio
import json
import os
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from benchmarks.processes import peak_mib
from tests.support.databases import Database
from tests.support.processes import started
from tests.support.serving import application, served

CONTINUED, TEXT, PING = 0, 1, 9
INIT: Final = b'{"type":"connection_init"}'


def handshake(*more: bytes) -> bytes:
    lines = [
        b"GET /graphql HTTP/1.1",
        b"host: 127.0.0.1",
        b"connection: upgrade",
        b"upgrade: websocket",
        b"sec-websocket-version: 13",
        b"sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==",
        b"sec-websocket-protocol: graphql-transport-ws",
        *more,
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def frame(kind: int, content: bytes, *, final: bool = True) -> bytes:
    """A frame as a client sends it, masked by zeros."""
    begin = bytes([kind | (0x80 if final else 0)])
    if len(content) < 126:
        return begin + bytes([0x80 | len(content)]) + bytes(4) + content
    return begin + b"\xfe" + struct.pack("!H", len(content)) + bytes(4) + content


class Raw:
    """A connection that is spoken to in bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def closed(self) -> tuple[int, str]:
        """The code and reason of the close frame, after frames of any other kind."""
        while True:
            kind, length = await self.reader.readexactly(2)
            content = await self.reader.readexactly(length)
            if kind == 0x88:
                return int.from_bytes(content[:2]), content[2:].decode()


@asynccontextmanager
async def upgraded(address: str) -> AsyncIterator[Raw]:
    host, _, port = address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=4_096)
    try:
        async with asyncio.timeout(20):
            writer.write(handshake())
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
            yield Raw(reader, writer)
    finally:
        writer.transport.abort()


@pytest.fixture
async def address(capsys: pytest.CaptureFixture[str]) -> AsyncIterator[str]:
    """A server whose log is captured: uvicorn's own lines go where standard error is by now."""
    with application() as app:
        async with served(app) as where:
            yield where


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


FAULTS: Final = {
    "no UTF-8": (frame(TEXT, b'{"type":"\xff"}'), 1007, "A message is UTF-8."),
    "no UTF-8 in two frames": (
        frame(TEXT, b'{"type":"', final=False) + frame(CONTINUED, b"\xc3"),
        1007,
        "A message is UTF-8.",
    ),
    "frames without end": (
        frame(TEXT, b"", final=False) + frame(CONTINUED, b"", final=False) * 1_000,
        1009,
        "A message has at most 1000 frames.",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_ends_the_socket_and_leaves_one_line(
    address: str, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sent, code, reason = FAULTS[fault]
    async with upgraded(address) as raw:
        raw.writer.write(sent)
        assert await raw.closed() == (code, reason)
        assert await raw.reader.read() == b""
    (line,) = logged(capsys)
    assert (line["event"], line["code"], line["reason"]) == ("socket closed", code, reason)


async def test_a_message_may_come_in_many_frames(address: str) -> None:
    async with upgraded(address) as raw:
        raw.writer.write(frame(TEXT, INIT, final=False) + frame(CONTINUED, b"", final=False) * 990)
        raw.writer.write(frame(CONTINUED, b""))
        kind, length = await raw.reader.readexactly(2)
        assert kind == 0x81
        assert await raw.reader.readexactly(length) == b'{"type":"connection_ack"}'


async def test_a_character_may_be_cut_by_a_frame(address: str) -> None:
    message = '{"type":"connection_init","payload":{"name":"ü"}}'.encode()
    at = message.index(b"\xc3") + 1
    async with upgraded(address) as raw:
        raw.writer.write(frame(TEXT, message[:at], final=False) + frame(CONTINUED, message[at:]))
        assert (await raw.reader.readexactly(2))[0] == 0x81


@pytest.mark.parametrize("times", [1, 40])
async def test_a_client_that_leaves_before_its_ack_leaves_no_traceback(
    address: str, times: int, capsys: pytest.CaptureFixture[str]
) -> None:
    host, _, port = address.partition(":")
    for _ in range(times):
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(handshake())
        await writer.drain()
        writer.transport.abort()
    for _ in range(times):
        async with upgraded(address) as raw:
            raw.writer.write(frame(TEXT, INIT) + frame(8, struct.pack("!H", 1_000)))
            await raw.writer.drain()
            raw.writer.transport.abort()
    async with upgraded(address) as raw:  # by now the server has seen all of them
        raw.writer.write(frame(TEXT, INIT))
        await raw.reader.readexactly(2)
    assert [line for line in logged(capsys) if line["level"] != "info"] == []


async def test_a_fault_that_overtakes_the_ack_leaves_one_line(
    address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    # In one packet: the socket is closed before the application sends the ack.
    async with upgraded(address) as raw:
        raw.writer.write(frame(TEXT, INIT) + frame(TEXT, b"\xff"))
        assert await raw.closed() == (1007, "A message is UTF-8.")
        assert await raw.reader.read() == b""
    (line,) = logged(capsys)
    assert (line["event"], line["code"]) == ("socket closed", 1007)


@pytest.mark.parametrize(
    ("more", "status"),
    [
        (b"cookie: " + b"a" * 9_000, 431),
        (b"sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==", 400),
        (b"sec-websocket-version: 8", 400),
    ],
    ids=["a long line", "two keys", "two versions"],
)
async def test_a_handshake_that_cannot_be_read_is_answered(
    address: str, more: bytes, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    host, _, port = address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(handshake(more))
    async with asyncio.timeout(5):
        answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert not any("exception" in line for line in logged(capsys))


async def test_a_flood_of_frames_costs_no_memory(sqlite_database: Database, tmp_path: Path) -> None:
    pieces = {
        "pings": frame(PING, os.urandom(125)) * 400,
        "empty frames": frame(TEXT, b"", final=False) + frame(CONTINUED, b"", final=False) * 9_000,
    }
    async with started(sqlite_database, tmp_path) as server:
        address = server.url.removeprefix("http://").removesuffix("/graphql")
        before = peak_mib(server.process.pid)
        for piece in pieces.values():
            async with upgraded(address) as raw:
                sent = 0
                try:
                    while sent < 128 * 1024 * 1024:
                        raw.writer.write(piece)
                        await raw.writer.drain()
                        sent += len(piece)
                except ConnectionError:
                    pass
                assert sent < 128 * 1024 * 1024
        assert peak_mib(server.process.pid) - before < 16
    assert "Traceback" not in (tmp_path / "server.log").read_text()
