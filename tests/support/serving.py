"""The application under test: called in this process, or served on a port of this machine."""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx
import uvicorn
from pydantic_settings import SettingsConfigDict
from starlette.applications import Starlette
from strawberry import Schema
from websockets.asyncio.client import ClientConnection, connect

from graph.server.app import create_app
from graph.server.settings import Settings
from graph.server.transports.http_protocol import HttpProtocol
from graph.server.transports.websocket_protocol import WebSocketProtocol
from tests.support import sample_schema

SECRET = "a secret that only tests know, 0123456789"
CORRELATION = "test-0123456789"


class Alone(Settings):
    """Settings that no file of this machine has a say in."""

    model_config = SettingsConfigDict(env_file=None)


def settings(**changed: Any) -> Settings:
    """Settings for tests, changed as named."""
    usual = {"secret": SECRET, "log_format": "json", "allowed_hosts": "testserver"}
    return Alone(**{**usual, **changed})


@contextmanager
def application(schema: Schema = sample_schema.schema, **changed: Any) -> Iterator[Starlette]:
    """The application, with a stand-in's schema; logging is as it was when it is done."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        yield create_app(settings(**changed), schema=schema)
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


@asynccontextmanager
async def client(
    schema: Schema = sample_schema.schema, **changed: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application, without a network between them."""
    with application(schema, **changed) as app:
        transport = httpx.ASGITransport(app=app)
        headers = {"x-correlation-id": CORRELATION}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://testserver", headers=headers
        ) as made:
            yield made


def error(code: str, message: str, *, retryable: bool = False, **more: Any) -> dict[str, Any]:
    """An error as a client reads it."""
    extensions = {"code": code, "retryable": retryable, "correlationId": CORRELATION}
    return {"message": message, **more, "extensions": extensions}


@asynccontextmanager
async def served(app: Starlette, **options: Any) -> AsyncIterator[str]:
    """Within the block uvicorn serves the application, without its lifespan, at `host:port`."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app,
        log_config=None,
        lifespan="off",
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=2,
        **{"http": HttpProtocol, "ws": WebSocketProtocol, **options},
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield f"127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


class Talk:
    """One WebSocket, spoken to in messages of graphql-transport-ws."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def say(self, **message: Any) -> None:
        await self.connection.send(json.dumps(message))

    async def hear(self) -> dict[str, Any]:
        async with asyncio.timeout(10):
            text = await self.connection.recv()
        assert isinstance(text, str)  # never a binary frame
        heard: dict[str, Any] = json.loads(text)
        return heard

    async def begin(self) -> None:
        await self.say(type="connection_init")
        assert await self.hear() == {"type": "connection_ack"}

    async def subscribe(self, key: str, query: str, **variables: Any) -> None:
        payload = {"query": query, "variables": variables}
        await self.say(type="subscribe", id=key, payload=payload)

    async def closed(self) -> tuple[int | None, str | None]:
        """The code and reason that the server closes with."""
        async with asyncio.timeout(15):
            await self.connection.wait_closed()
        return self.connection.close_code, self.connection.close_reason


@asynccontextmanager
async def talking(address: str, **options: Any) -> AsyncIterator[Talk]:
    """A WebSocket to the address, with nothing said yet."""
    chosen = {"subprotocols": ["graphql-transport-ws"], **options}
    async with connect(f"ws://{address}/graphql", **chosen) as connection:
        yield Talk(connection)
