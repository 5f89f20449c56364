"""Answers are compressed for clients that ask for it, where that saves anything."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.responses import StreamingResponse
from starlette.types import Message

from graph.server.transports.compression import Compression
from tests.support.serving import application, client, served, talking

HELLO = b'{"data":{"greet":"Hello world"}}'
LARGE = '{"query":"{ greet(times: 10000) }"}'


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with client() as made:
        yield made


async def post(
    http: httpx.AsyncClient, body: str, accept_encoding: str
) -> tuple[httpx.Headers, bytes]:
    """The headers and the body as it went over the wire."""
    headers = {"content-type": "application/json", "accept-encoding": accept_encoding}
    async with http.stream("POST", "/graphql", content=body, headers=headers) as answer:
        return answer.headers, b"".join([part async for part in answer.aiter_raw()])


@pytest.mark.parametrize(
    "accept_encoding", ["gzip", "gzip, deflate, br, zstd", "br;q=1.0, gzip;q=0.2", "*;q=0, gzip"]
)
async def test_a_large_answer_is_compressed_for_whoever_reads_gzip(
    http: httpx.AsyncClient, accept_encoding: str
) -> None:
    headers, body = await post(http, LARGE, accept_encoding)
    assert headers["content-encoding"] == "gzip"
    assert headers["content-length"] == str(len(body))
    assert headers["vary"] == "Accept-Encoding"
    assert headers["content-type"] == "application/json; charset=utf-8"
    assert headers["cache-control"] == "no-store"
    assert len(body) < 1_000
    plain_headers, plain = await post(http, LARGE, "identity")
    assert gzip.decompress(body) == plain
    assert plain_headers["vary"] == "Accept-Encoding"
    assert len(plain) > 100_000


@pytest.mark.parametrize(
    "accept_encoding",
    ["", "identity", "br", "gzip;q=0", "gzip; q=0.0, identity", "gzip;q=x", "*", "notgzip"],
)
async def test_nobody_gets_gzip_who_does_not_name_it(
    http: httpx.AsyncClient, accept_encoding: str
) -> None:
    headers, body = await post(http, LARGE, accept_encoding)
    assert "content-encoding" not in headers
    assert body.startswith(b'{"data":{"greet":"Hello worldHello world')


@pytest.mark.parametrize(("least", "coding"), [(len(HELLO), "gzip"), (len(HELLO) + 1, None)])
async def test_the_smallest_answer_that_is_compressed_can_be_set(
    least: int, coding: str | None
) -> None:
    async with client(compression_min_bytes=least) as http:
        headers, _ = await post(http, '{"query":"{ greet }"}', "gzip")
    assert headers.get("content-encoding") == coding


async def test_what_fits_into_a_packet_is_left_as_it_is(http: httpx.AsyncClient) -> None:
    headers, body = await post(http, '{"query":"{ greet }"}', "gzip")
    assert "content-encoding" not in headers
    assert body == HELLO


async def test_errors_are_compressed_as_data_are(http: httpx.AsyncClient) -> None:
    wrong = " ".join("a" * 190 + str(number) for number in range(5))
    headers, body = await post(http, f'{{"query":"{{ {wrong} }}"}}', "gzip")
    assert headers["content-encoding"] == "gzip"
    assert gzip.decompress(body).startswith(b'{"errors":[{"message":"Cannot query field')


async def test_it_can_be_switched_off() -> None:
    async with client(compression=False) as http:
        headers, _ = await post(http, LARGE, "gzip")
    assert "content-encoding" not in headers
    assert "vary" not in headers


async def test_no_part_of_an_answer_waits_for_the_next() -> None:
    """Each part can be read when it is sent: the second is made only after the first arrived."""
    arrived: asyncio.Queue[bytes] = asyncio.Queue()
    first_was_read = asyncio.Event()

    async def parts() -> AsyncIterator[bytes]:
        yield b"first part"
        await first_was_read.wait()
        yield b"second part"

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError("nobody sets this event")

    async def send(message: Message) -> None:
        arrived.put_nowait(message.get("body", b""))

    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"spec_version": "2.4"},
        "headers": [(b"accept-encoding", b"gzip")],
    }
    in_parts = StreamingResponse(parts(), media_type="multipart/mixed")
    compressed = Compression(1_400).of(in_parts, "gzip")
    answering = asyncio.ensure_future(compressed(scope, receive, send))
    reader = zlib.decompressobj(wbits=31)
    heard = b""
    async with asyncio.timeout(5):
        while heard != b"first part":
            heard += reader.decompress(await arrived.get())
        first_was_read.set()
        await answering
    while not arrived.empty():
        heard += reader.decompress(arrived.get_nowait())
    assert heard == b"first partsecond part"
    assert reader.eof


async def test_sockets_are_left_alone() -> None:
    with application(compression_min_bytes=0) as app:
        async with (
            served(app) as address,
            talking(address, additional_headers={"accept-encoding": "gzip"}) as talk,
        ):
            await talk.begin()
            await talk.subscribe("g", "{ greet(times: 1000) }")
            heard = await talk.hear()
            assert heard["payload"] == {"data": {"greet": "Hello world" * 1_000}}
