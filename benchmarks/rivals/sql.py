"""Hand-written SQL: one statement a query, by which PostgreSQL writes the whole answer.

Nothing reads the document: its operation's name says which statement is meant.
"""

import base64
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson

from benchmarks.rivals.statements import STATEMENTS

CONNECTIONS: Final = 16
READY: Final = b'{"data":{"__typename":"Query"}}'

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]


class App:
    """An ASGI application with nothing around it but a pool of connections."""

    def __init__(self) -> None:
        self.pool: Any = None

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        body = b""
        message = {"more_body": True}
        while message.get("more_body"):
            message = await receive()
            body += message["body"]
        answer = await self._answer(orjson.loads(body))
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(answer)),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self.pool = await asyncpg.create_pool(
            os.environ["BENCH_DATABASE_URL"],
            min_size=CONNECTIONS,
            max_size=CONNECTIONS,
            reset=_keep_as_is,
        )
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.pool.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, request: Mapping[str, Any]) -> bytes:
        name = request.get("operationName")
        if name is None:
            return READY
        arguments = _arguments(name, request["variables"])
        async with self.pool.acquire() as connection:
            text: str = await connection.fetchval(STATEMENTS[name], *arguments)
        return b'{"data":%b}' % text.encode()


def _arguments(name: str, variables: Mapping[str, Any]) -> list[Any]:
    """The variables as the statement takes them: ids as keys, a cursor as its time and its key."""
    match name:
        case "one_order":
            return [_key_of(variables["id"])]
        case "walk" | "deep_page":
            after = variables.get("after")
            return [_key_of(variables["customer"]), *(after.split("|") if after else (None, None))]
        case _:
            return []


def _key_of(text: str) -> UUID:
    plain = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    return UUID(hex=plain.partition(":")[2])


async def _keep_as_is(_connection: Any) -> None:
    """Nothing: no statement leaves anything behind to reset."""


app = App()
