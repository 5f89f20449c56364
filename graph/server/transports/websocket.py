"""GraphQL over WebSocket by the protocol graphql-transport-ws only."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from secrets import token_hex
from time import perf_counter
from typing import Any, Final

import structlog
from graphql import OperationType
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from graph.execution.engine import Answer, Engine
from graph.execution.executor import Executor
from graph.execution.failures import Code, Rejected, forget_frames
from graph.execution.groups import Answers
from graph.execution.incremental.parts import Part
from graph.execution.sizing import encode
from graph.server.contexts import Contexts, asks_for_cost
from graph.server.origins import Refused, refusal
from graph.server.settings import Settings
from graph.server.transports import bodies
from graph.server.transports.outlet import Backlog, Frames, frames_of, messages_of
from graph.server.transports.websocket_protocol import FRAMES
from resolvers.context import Context

PROTOCOL: Final = "graphql-transport-ws"
MAX_ID_LENGTH: Final = 128
CLOSE_SECONDS: Final = 1.0
MAX_BACKLOG_BYTES: Final = 8 * 1024 * 1024
"""What may wait for a client that does not keep up."""

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
    """Closes the socket with this code and reason."""

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
        headers = websocket.headers
        # Browsers allow WebSockets to any origin; programs send no Origin.
        if not self.settings.origins.allow_or_own(headers.get("origin"), headers.get("host")):
            await websocket.receive()
            await websocket.send_denial_response(refusal(Refused(), headers))
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


class Socket:
    """A client's connection, from its acceptance to its close."""

    def __init__(
        self, websocket: WebSocket, engine: Engine, contexts: Contexts, settings: Settings
    ) -> None:
        self.websocket = websocket
        self.engine = engine
        self.contexts = contexts
        self.settings = settings
        self.initialised = False
        self.shows_cost = False
        self.running: dict[str, asyncio.Task[None]] = {}
        self.tasks = asyncio.TaskGroup()
        self.sending = asyncio.Lock()
        self.frames: Frames | None = websocket.scope.get("extensions", {}).get(FRAMES)
        self.backlog = Backlog(MAX_BACKLOG_BYTES)
        self.draining: asyncio.Task[None] | None = None

    async def serve(self) -> None:
        """Answers until the client leaves, breaks the protocol or stops reading."""
        try:
            async with self.tasks:
                await self._listen()
        except ExceptionGroup as ended:
            if unforeseen := ended.split((Close, WebSocketDisconnect))[1]:
                raise unforeseen from None
            for each in (ended, *ended.exceptions):
                forget_frames(each)
            closes = [each for each in ended.exceptions if isinstance(each, Close)]
            if closes:
                await self._close(closes[0])
            # Otherwise the client has left, or the server stops.
        finally:
            self.running.clear()  # the tasks refer to this socket
            self.draining = None

    async def _close(self, close: Close) -> None:
        log.info("socket closed", code=close.code, reason=close.reason)
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.websocket.close(close.code, close.reason)
        except (TimeoutError, WebSocketDisconnect, RuntimeError):
            pass  # a client that does not read gets no close message either

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
            # The payload may be as deep as over HTTP, and is one level down in the message.
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
        payload = message.get("payload")
        if not isinstance(payload, dict | None):
            raise Close(INVALID_MESSAGE, "The payload of connection_init is an object.")
        # A browser's WebSocket cannot send headers of a page.
        self.shows_cost = asks_for_cost(payload or {})
        self.initialised = True
        await self._send({"type": "connection_ack"})

    async def _subscribe(self, message: dict[str, Any]) -> None:
        if not self.initialised:
            raise Close(NOT_INITIALISED, "Unauthorized")
        key = _id_of(message)
        if key in self.running:
            raise Close(ID_IN_USE, f"Subscriber for {key[:40]} already exists")
        context = self.contexts.make(token_hex(8), shows_cost=self.shows_cost)
        if len(self.running) >= self.settings.max_socket_operations:
            most = self.settings.max_socket_operations
            refusal = Rejected(Code.LIMIT_EXCEEDED, f"At most {most} operations run on a socket.")
            await self._refuse(key, refusal, context)
            return
        operating = self._operate(key, message.get("payload"), context)
        self.running[key] = self.tasks.create_task(operating)

    async def _operate(self, key: str, payload: Any, context: Context) -> None:
        began = perf_counter()
        name, answers, code = None, 0, None
        outlet = SocketOutlet(self, key)
        try:
            ask = bodies.to_ask(payload)
            executor = self.engine.prepare(ask, context, in_parts=True)
            name = executor.operation.name.value if executor.operation.name else None
            async with aclosing(self._answers(executor, outlet)) as stream:
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
                answers=answers + outlet.count,
                milliseconds=round((perf_counter() - began) * 1000, 1),
                correlation_id=context.correlation_id,
            )

    def _answers(
        self, executor: Executor, outlet: "SocketOutlet"
    ) -> AsyncGenerator[Answer | Part, None]:
        if executor.in_parts:
            return self.engine.in_parts(executor)
        if executor.operation.operation is OperationType.SUBSCRIPTION:
            return self.engine.subscribe(executor, outlet)
        return self._answer(executor)

    async def _answer(self, executor: Executor) -> AsyncGenerator[Answer, None]:
        yield await self.engine.execute(executor)

    async def _refuse(self, key: str, rejected: Rejected, context: Context) -> None:
        errors = rejected.written(context.correlation_id)
        await self._end(key, {"type": "error", "payload": errors})

    async def _end(self, key: str, message: dict[str, Any]) -> None:
        """Sends the operation's last message; its id is free before the client reads that."""
        if self.running.get(key) is asyncio.current_task():
            del self.running[key]
        await self._send({**message, "id": key})

    def write(self, answers: Answers, head: bytes) -> bool:
        """Sends answers to an operation without waiting; those of a client that is behind wait.

        False if too much waits. Then the socket is closed.
        """
        if self.draining is None:
            if self.frames and self.frames.write_frames(frames_of(answers, head)):
                return True
            self.draining = self._begin(self._drain())
        if self.backlog.add(messages_of(answers, head)):
            return True
        self.backlog.clear()
        self._begin(self._give_up())
        return False

    def _begin(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None] | None:
        try:
            return self.tasks.create_task(coroutine)
        except RuntimeError:  # the socket is about to end, and its operations with it
            coroutine.close()
            return None

    async def _drain(self) -> None:
        while self.backlog.waiting:
            for message in self.backlog.take():
                await self._send_text(message.decode())
        self.draining = None

    async def _give_up(self) -> None:
        raise Close(TOO_SLOW, "The client reads too slowly.")

    async def _send(self, message: dict[str, Any]) -> None:
        if self.draining:  # an operation's end comes behind its answers
            await asyncio.wait((self.draining,))
        await self._send_text(encode(message).decode())

    async def _send_text(self, text: str) -> None:
        try:
            async with asyncio.timeout(self.settings.socket_send_seconds), self.sending:
                await self.websocket.send_text(text)
        except TimeoutError:
            raise Close(TOO_SLOW, "The client reads too slowly.") from None


class SocketOutlet:
    """Sends the answers that an operation shares with those of other sockets."""

    __slots__ = ("count", "head", "socket")

    def __init__(self, socket: Socket, key: str) -> None:
        self.socket = socket
        self.count = 0
        self.head = b'{"type":"next","id":%b,"payload":' % encode(key)

    def write(self, answers: Answers) -> bool:
        """Sends answers without waiting; False if too much waits for the client already."""
        self.count += len(answers.answers)
        return self.socket.write(answers, self.head)


def _id_of(message: dict[str, Any]) -> str:
    key = message.get("id")
    if not isinstance(key, str) or not 0 < len(key) <= MAX_ID_LENGTH:
        raise Close(INVALID_MESSAGE, f"An id is text of at most {MAX_ID_LENGTH} characters.")
    return key
