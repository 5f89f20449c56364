"""Clients of an answer in parts: each part comes promptly, and ends with whoever stops reading."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from graph.server.transports import http_protocol
from tests.support import sample_schema
from tests.support.parts import DELIMITER, LAYOUT
from tests.support.serving import application, served

GATED = "{ node { name ... @defer { gated } } }"


@pytest.fixture(autouse=True)
def _closed_gate() -> None:
    sample_schema.gate = asyncio.Event()
    sample_schema.closed = asyncio.Queue()


async def end() -> str:
    async with asyncio.timeout(5):
        return await sample_schema.closed.get()


@asynccontextmanager
async def streamed(address: str, query: str) -> AsyncIterator[AsyncIterator[str]]:
    """The texts of an answer as they come from a server."""
    async with (
        httpx.AsyncClient(base_url=f"http://{address}", timeout=10) as http,
        http.stream(
            "POST", "/graphql", json={"query": query}, headers={"accept": LAYOUT}
        ) as answer,
    ):
        yield answer.aiter_text()


async def until(texts: AsyncIterator[str], count: int) -> str:
    """What has come when there are so many delimiters."""
    text = ""
    while text.count(DELIMITER) < count:
        text += await anext(texts)
    return text


async def test_a_part_is_complete_before_the_next_is_there() -> None:
    with application() as app:
        async with served(app) as address, streamed(address, GATED) as texts:
            assert (await until(texts, 2)).endswith('"hasNext":true}' + DELIMITER)
            sample_schema.gate.set()
            assert (await until(texts, 1)).endswith('"hasNext":false}' + DELIMITER + "--\r\n")


async def test_a_client_that_leaves_ends_its_answer() -> None:
    with application() as app:
        async with served(app) as address:
            async with streamed(address, GATED) as texts:
                await until(texts, 2)
            assert await end() == "gated"


async def test_an_answer_counts_as_running_until_its_last_part() -> None:
    with application(max_requests=1) as app:
        async with (
            served(app) as address,
            httpx.AsyncClient(base_url=f"http://{address}") as http,
        ):
            async with streamed(address, GATED) as texts:
                await until(texts, 2)
                refused = await http.post("/graphql", json={"query": "{ greet }"})
                assert refused.status_code == 503
                sample_schema.gate.set()
                async for _ in texts:
                    pass
            answer = await http.post("/graphql", json={"query": "{ greet }"})
            assert answer.status_code == 200


async def asked(address: str, query: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection over which a query was sent, and which takes little unread."""
    host, _, port = address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=4_096)
    body = json.dumps({"query": query})
    head = f"POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: {LAYOUT}\r\n"
    head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    writer.write((head + body).encode())
    return reader, writer


async def test_a_client_that_reads_nothing_more_ends_its_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http_protocol, "STALL_SECONDS", 0.1)
    query = "{ node { ... @defer { long(times: 6000000) } ... @defer { gated } } }"
    with application() as app:
        async with served(app) as address:
            reader, writer = await asked(address, query)
            assert await end() == "gated"
            assert not reader.at_eof()
            writer.close()


async def test_a_server_that_stops_ends_its_answers() -> None:
    with application() as app:
        async with served(app) as address:
            reader, writer = await asked(address, GATED)
            await reader.readuntil(b'"hasNext":true}')
        assert await end() == "gated"
        writer.close()
