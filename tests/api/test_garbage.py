"""What a request leaves behind: nothing that only the garbage collector would find.

A collector that has much to find stops the server for tens of milliseconds.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, redirect_stderr
from io import StringIO
from typing import Any, Final

import pytest
from graphql import OperationType
from starlette.applications import Starlette
from strawberry import Schema

from graph.execution.documents.limits import Limits
from graph.execution.engine import Ask, Engine
from graph.execution.failures import Rejected
from graph.schema import schema
from models.rules.access import OPEN
from resolvers.context import Context
from tests.support import sample_schema
from tests.support.api import SEALER
from tests.support.databases import Database
from tests.support.garbage import left_by
from tests.support.serving import application
from tests.support.shop import open_shop

ENGINES: Final = pytest.mark.parametrize("reference", [False, True], ids=["ours", "reference"])


async def run(engine: Engine, text: str, *, in_parts: bool = False, **variables: Any) -> None:
    """Ask, and drop whatever is answered."""
    try:
        executor = engine.prepare(Ask(text, variables), Context(OPEN, SEALER), in_parts=in_parts)
    except Rejected as rejected:
        rejected.written(None)
        return
    if executor.in_parts:
        async for _ in engine.in_parts(executor):
            pass
    elif executor.operation.operation is OperationType.SUBSCRIPTION:
        async for _ in engine.subscribe(executor):
            pass
    else:
        await engine.execute(executor)


OF_THE_API: Final = {
    "a query": """{ customers { nodes { code orders(first: 5) { nodes {
        number customer { name } lines { sku product { name stock { onHand } } } } } } } }""",
    "a mutation": """mutation { supplierSave(input: {code: "S", name: "S"}) {
        supplier { name } userErrors { code } } }""",
    "a mutation that is refused": """mutation { supplierSave(input: {name: " "}) {
        supplier { name } userErrors { code } } }""",
    "a field that is refused": '{ order(number: "A", id: "B") { number } }',
}
OF_THE_STANDIN: Final = {
    "a query": "{ nodes(count: 3) { name child { name } } }",
    "a mutation": "mutation { make { name } }",
    "no document": "{ greet",
    "an unknown field": "{ unknown }",
    "too many aliases": "{ node { " + " ".join(f"a{n}: name" for n in range(31)) + " } }",
    "too costly": "{ nodes(count: 1) { " + "child { " * 12 + "name" + " }" * 12 + " } }",
    "an unexpected error": "{ broken }",
    "an unexpected error that nulls everything": "{ needed }",
    "unexpected errors of several objects": "{ nodes(count: 3) { broken } }",
    "a value that cannot be written": "{ tooLarge }",
    "a refusal": "{ refused }",
    "a missing permission": "{ forbidden }",
    "events": "subscription { ticks(to: 3) { number } }",
    "a stream that breaks": "subscription { breaking { number } }",
    "a stream that the server ends": "subscription { ending { number } }",
}
PARTS: Final = {
    "a fragment": "{ node { name ... @defer { child { name } } } }",
    "the rest of a list": "{ nodes(count: 3) @stream(initialCount: 1) { name } }",
    "an unexpected error": "{ node { name ... @defer { broken } } }",
    "an error that takes the fragment": "{ node { name ... @defer { needed } } }",
    "errors in a list": "{ nodes(count: 3) @stream(initialCount: 1) { broken } }",
    "an error that ends a list": "{ nodes(count: 3) @stream(initialCount: 1) { needed } }",
}


@pytest.fixture(autouse=True)
def _silent() -> Iterator[None]:
    """Unexpected errors are logged, and written to nowhere."""
    with application(log_level="error"), redirect_stderr(StringIO()):
        yield


@pytest.mark.parametrize("kind", OF_THE_API)
async def test_requests_leave_nothing(sqlite_database: Database, kind: str) -> None:
    shop = await open_shop()
    await shop.place()
    engine = Engine(schema, Limits())
    assert await left_by(lambda: run(engine, OF_THE_API[kind])) == 0


@ENGINES
@pytest.mark.parametrize("kind", OF_THE_STANDIN)
async def test_operations_leave_nothing_whatever_becomes_of_them(
    kind: str, reference: bool
) -> None:
    engine = Engine(sample_schema.schema, Limits(cost=13), reference=reference)
    assert await left_by(lambda: run(engine, OF_THE_STANDIN[kind])) == 0


@ENGINES
async def test_an_unexpected_error_of_a_variable_leaves_nothing(reference: bool) -> None:
    engine = Engine(sample_schema.schema, Limits(), reference=reference)
    text = "query($code: Cracked!) { crack(code: $code) }"
    assert await left_by(lambda: run(engine, text, code="a")) == 0


async def test_events_of_one_stream_leave_nothing() -> None:
    engine = Engine(sample_schema.schema, Limits())
    text = "subscription { flow { name broken child { name } } }"
    executor = engine.prepare(Ask(text), Context(OPEN, SEALER))
    async with aclosing(engine.subscribe(executor)) as answers:

        async def hear() -> None:
            await anext(answers)

        assert await left_by(hear) == 0


@pytest.mark.parametrize("kind", PARTS)
async def test_parts_leave_nothing(kind: str) -> None:
    engine = Engine(sample_schema.schema, Limits())
    assert await left_by(lambda: run(engine, PARTS[kind], in_parts=True)) == 0


@asynccontextmanager
async def posting(of: Schema) -> AsyncIterator[Callable[[bytes], Awaitable[None]]]:
    """Requests to the application as a server passes them on, without a client's own objects."""
    with application(of, log_level="error") as app:
        yield lambda body: _post(app, body)


async def _post(app: Starlette, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"host", b"localhost")]
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": "POST",
        "path": "/graphql",
        "raw_path": b"/graphql",
        "root_path": "",
        "query_string": b"",
        "headers": headers,
        "server": ("localhost", 80),
        "client": ("localhost", 1),
    }
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    assert sent[0]["type"] == "http.response.start"


@pytest.mark.parametrize("text", ["{ greet }", "{ greet", "mutation { change }", "{ needed }"])
async def test_http_leaves_nothing(text: str) -> None:
    async with posting(sample_schema.schema) as post:
        body = json.dumps({"query": text}).encode()
        assert await left_by(lambda: post(body)) == 0


class Socket:
    """A WebSocket as a server passes it on, without a client's own objects."""

    def __init__(self, app: Starlette) -> None:
        scope: dict[str, Any] = {
            "type": "websocket",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "scheme": "ws",
            "path": "/graphql",
            "raw_path": b"/graphql",
            "root_path": "",
            "query_string": b"",
            "headers": [(b"host", b"localhost")],
            "server": ("localhost", 80),
            "client": ("localhost", 1),
            "subprotocols": ["graphql-transport-ws"],
        }
        self.said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.heard: asyncio.Queue[Any] = asyncio.Queue()
        self.said.put_nowait({"type": "websocket.connect"})
        self.serving = asyncio.ensure_future(app(scope, self.said.get, self.heard.put))

    def say(self, **message: Any) -> None:
        self.said.put_nowait({"type": "websocket.receive", "text": json.dumps(message)})

    async def until(self, *types: str) -> None:
        """Pass once a message of one of these types has come."""
        while json.loads((await self.heard.get()).get("text", "{}")).get("type") not in types:
            pass

    async def begin(self) -> None:
        self.say(type="connection_init")
        await self.until("connection_ack")

    async def leave(self) -> None:
        self.said.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await self.serving


OVER_A_SOCKET: Final = (
    "{ greet }",
    "{ greet",
    "mutation { change }",
    "{ needed }",
    "subscription { ticks(to: 3) { number } }",
    "subscription { breaking { number } }",
    "{ node { name ... @defer { child { name } } } }",
)


@pytest.mark.parametrize("text", OVER_A_SOCKET)
async def test_operations_over_a_socket_leave_nothing(text: str) -> None:
    with application() as app:
        socket = Socket(app)
        await socket.begin()

        async def operate() -> None:
            socket.say(type="subscribe", id="a", payload={"query": text})
            await socket.until("complete", "error")

        assert await left_by(operate) == 0
        await socket.leave()


@pytest.mark.parametrize("end", ["the client leaves", "the client breaks the protocol"])
@pytest.mark.parametrize("streams", [0, 1])
async def test_a_socket_leaves_nothing(end: str, streams: int) -> None:
    with application(log_level="error") as app:

        async def whole() -> None:
            socket = Socket(app)
            await socket.begin()
            for number in range(streams):
                text = "subscription { silence { number } }"
                socket.say(type="subscribe", id=str(number), payload={"query": text})
            socket.say(type="ping")
            await socket.until("pong")
            if end == "the client leaves":
                await socket.leave()
            else:
                socket.say(type="nonsense")
                await socket.serving

        assert await left_by(whole) == 0
