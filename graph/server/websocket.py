"""GraphQL over WebSocket, by the protocol graphql-transport-ws and no other."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from secrets import token_hex
from time import perf_counter
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from graphql import OperationType
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from graph.execution.engine import Answer, Ask, Engine, Executor
from graph.execution.failures import Code, Malformed, Rejected
from graph.execution.parts import Part
from graph.server import bodies
from graph.server.contexts import Contexts
from graph.server.settings import Settings
from resolvers.context import Context

PROTOCOL: Final = "graphql-transport-ws"
MAX_ID_LENGTH: Final = 128
CLOSE_SECONDS: Final = 1.0

# Codes of graphql-transport-ws, and of WebSocket itself.
INVALID_MESSAGE: Final = 4400
NOT_INITIALISED: Final = 4401
NO_SUCH_PROTOCOL: Final = 4406
TOO_SLOW: Final = 4408
ID_IN_USE: Final = 4409
INITIALISED_TWICE: Final = 4429
TRY_LATER: Final = 1013

log = structlog.get_logger("ordergraph.request")


class Close(Exception):
    """The socket ends with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Sockets:
    """The ASGI application behind `/graphql` for WebSockets."""

    def __init__(self, engine: Engine, contexts: Contexts, settings: Settings) -> None:
        self.engine = engine
        self.contexts = contexts
        self.settings = settings
        self.open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        websocket = WebSocket(scope, receive, send)
        if not may_connect(websocket.headers, self.settings.allowed_origins):
            await websocket.close()  # before it is accepted: HTTP status 403
            return
        if PROTOCOL not in scope["subprotocols"]:
            await websocket.accept()
            await websocket.close(NO_SUCH_PROTOCOL, f"The protocol is {PROTOCOL}.")
            return
        await websocket.accept(PROTOCOL)
        if self.open >= self.settings.max_sockets:
            await websocket.close(TRY_LATER, "Too many sockets are open.")
            return
        self.open += 1
        try:
            await Socket(websocket, self.engine, self.contexts, self.settings).serve()
        finally:
            self.open -= 1


def may_connect(headers: Headers, allowed: tuple[str, ...]) -> bool:
    """Whether a page of this origin may open sockets: ours, and those of the settings.

    Browsers do not hold WebSockets to the same origin; programs send no Origin at all.
    """
    origin = headers.get("origin")
    if origin is None or origin in allowed:
        return True
    return urlsplit(origin).netloc == headers.get("host")


class Socket:
    """One client's connection, from when it was accepted until it is closed."""

    def __init__(
        self, websocket: WebSocket, engine: Engine, contexts: Contexts, settings: Settings
    ) -> None:
        self.websocket = websocket
        self.engine = engine
        self.contexts = contexts
        self.settings = settings
        self.initialised = False
        self.running: dict[str, asyncio.Task[None]] = {}
        self.tasks = asyncio.TaskGroup()
        self.sending = asyncio.Lock()

    async def serve(self) -> None:
        """Answer until the client leaves, breaks the protocol or stops reading."""
        try:
            async with self.tasks:
                await self._listen()
        except* Close as closes:
            await self._close(closes.exceptions[0])
        except* WebSocketDisconnect:
            pass  # the client has left, or the server is about to stop

    async def _close(self, close: BaseException) -> None:
        if not isinstance(close, Close):  # pragma: no cover - `except*` lets nothing else through
            raise close
        log.info("socket closed", code=close.code, reason=close.reason)
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.websocket.close(close.code, close.reason)
        except (TimeoutError, WebSocketDisconnect, RuntimeError):
            pass  # whoever does not read is not told either

    async def _listen(self) -> None:
        try:
            async with asyncio.timeout(self.settings.socket_init_seconds) as deadline:
                while True:
                    await self._take(await self._message())
                    if self.initialised:
                        deadline.reschedule(None)
        except TimeoutError:
            raise Close(TOO_SLOW, "Connection initialisation timeout") from None

    async def _message(self) -> dict[str, Any]:
        received = await self.websocket.receive()
        if received["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(received.get("code", 1005))
        text = received.get("text")
        if text is None:
            raise Close(INVALID_MESSAGE, "A message is text.")
        try:
            # A request may be as deep as over HTTP, and stands one level down.
            message = bodies.parse_json(text, self.settings.max_json_depth + 1)
        except Rejected as rejected:
            raise Close(INVALID_MESSAGE, rejected.message) from None
        if not isinstance(message, dict):
            raise Close(INVALID_MESSAGE, "A message is a JSON object.")
        return message

    async def _take(self, message: dict[str, Any]) -> None:
        match message.get("type"):
            case "connection_init":
                await self._init(message)
            case "ping":
                await self._send({"type": "pong"})
            case "pong":
                pass
            case "subscribe":
                await self._subscribe(message)
            case "complete":
                task = self.running.pop(_id_of(message), None)
                if task:
                    task.cancel()
            case _:
                raise Close(INVALID_MESSAGE, "There is no message of this type.")

    async def _init(self, message: dict[str, Any]) -> None:
        if self.initialised:
            raise Close(INITIALISED_TWICE, "Too many initialisation requests")
        if not isinstance(message.get("payload"), dict | None):
            raise Close(INVALID_MESSAGE, "The payload of connection_init is an object.")
        self.initialised = True
        await self._send({"type": "connection_ack"})

    async def _subscribe(self, message: dict[str, Any]) -> None:
        if not self.initialised:
            raise Close(NOT_INITIALISED, "Unauthorized")
        key = _id_of(message)
        if key in self.running:
            raise Close(ID_IN_USE, f"Subscriber for {key[:40]} already exists")
        context = self.contexts.make(token_hex(8))
        try:
            ask = bodies.to_ask(message.get("payload"))
        except Malformed as malformed:
            raise Close(INVALID_MESSAGE, malformed.message) from None
        if len(self.running) >= self.settings.max_socket_operations:
            most = self.settings.max_socket_operations
            refusal = Rejected(Code.LIMIT_EXCEEDED, f"At most {most} operations run on a socket.")
            await self._refuse(key, refusal, context)
            return
        self.running[key] = self.tasks.create_task(self._operate(key, ask, context))

    async def _operate(self, key: str, ask: Ask, context: Context) -> None:
        began = perf_counter()
        name, answers, code = None, 0, None
        try:
            executor = self.engine.prepare(ask, context, in_parts=True)
            name = executor.operation.name.value if executor.operation.name else None
            async with aclosing(self._answers(executor)) as stream:
                async for answer in stream:
                    if not answer.executed:
                        code = answer.code
                        await self._end(key, {"type": "error", "payload": answer.errors})
                        return
                    answers += 1
                    code = answer.code or code
                    await self._send({"type": "next", "id": key, "payload": answer.body()})
            await self._end(key, {"type": "complete"})
        except Rejected as rejected:
            code = rejected.code
            await self._refuse(key, rejected, context)
        finally:
            log.info(
                "operation",
                operation=name,
                code=code,
                answers=answers,
                milliseconds=round((perf_counter() - began) * 1000, 1),
                correlation_id=context.correlation_id,
            )

    def _answers(self, executor: Executor) -> AsyncGenerator[Answer | Part, None]:
        if executor.in_parts:
            return self.engine.in_parts(executor)
        if executor.operation.operation is OperationType.SUBSCRIPTION:
            return self.engine.subscribe(executor)
        return self._answer(executor)

    async def _answer(self, executor: Executor) -> AsyncGenerator[Answer, None]:
        yield await self.engine.execute(executor)

    async def _refuse(self, key: str, rejected: Rejected, context: Context) -> None:
        errors = rejected.written(context.correlation_id)
        await self._end(key, {"type": "error", "payload": errors})

    async def _end(self, key: str, message: dict[str, Any]) -> None:
        """The operation's last message. Its id is free before the client reads that."""
        if self.running.get(key) is asyncio.current_task():
            del self.running[key]
        await self._send({**message, "id": key})

    async def _send(self, message: dict[str, Any]) -> None:
        text = bodies.encode(message).decode()
        try:
            async with asyncio.timeout(self.settings.socket_send_seconds), self.sending:
                await self.websocket.send_text(text)
        except TimeoutError:
            raise Close(TOO_SLOW, "The client reads too slowly.") from None


def _id_of(message: dict[str, Any]) -> str:
    key = message.get("id")
    if not isinstance(key, str) or not 0 < len(key) <= MAX_ID_LENGTH:
        raise Close(INVALID_MESSAGE, f"An id is text of at most {MAX_ID_LENGTH} characters.")
    return key
