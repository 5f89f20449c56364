"""uvicorn's HTTP protocol with limits on a client's bytes and deadlines for each wait."""

import asyncio
from collections import deque
from functools import partial
from typing import Any, Final

import httptools
import structlog
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from graph.execution.failures import Code, Rejected
from graph.execution.sizing import encode
from graph.server.correlation import correlation_id_of

ARRIVAL_SECONDS = 10.0
"""From the connection, or a request's first byte, to the end of its headers."""

STALL_SECONDS = 10.0
"""The longest time in which a client reads nothing of a waiting answer."""

LINGER_SECONDS = 2.0
"""The longest time for which a refused client may send on, so that it reads the refusal."""

MAX_HEADER_BYTES: Final = 64 * 1024
MAX_HEADERS: Final = 100

PIECE: Final = 16 * 1024
"""Bytes that are parsed at once. The parser keeps an unfinished line out of sight, so a line can be
longer than allowed by this much before it is refused."""

REFUSAL_HEADERS: Final = b"content-type: application/json; charset=utf-8\r\nconnection: close\r\n"

log = structlog.get_logger("ordergraph.connection")


class TooManyHeaders(Exception):
    """A request has more headers, or longer ones, than are accepted."""


class HttpProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which limits neither headers nor pipelined requests nor waits."""

    def __init__(
        self,
        *arguments: Any,
        max_header_bytes: int = MAX_HEADER_BYTES,
        max_headers: int = MAX_HEADERS,
        **named: Any,
    ) -> None:
        super().__init__(*arguments, **named)
        self.max_header_bytes = max_header_bytes
        self.max_headers = max_headers
        self.header_bytes = 0
        self.header_count = 0
        self.silent_bytes = 0
        self.headers_complete = False
        self.unparsed: deque[bytes] = deque()
        self.answering: RequestResponseCycle | None = None
        self.refused = False
        self.arrival: asyncio.TimerHandle | None = None
        self.stall: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Starts the deadline for the headers."""
        super().connection_made(transport)
        self._expect_headers()

    def data_received(self, data: bytes) -> None:
        """Parses the bytes, or keeps them until earlier requests are answered."""
        if self.refused:
            return
        if self.timeout_keep_alive_task:
            self._unset_keepalive_if_required()
            self._expect_headers()
        self.unparsed.extend(data[at : at + PIECE] for at in range(0, len(data), PIECE))
        self._parse()

    def on_message_begin(self) -> None:
        """Starts the count and the deadline of this request's headers."""
        super().on_message_begin()
        self.header_bytes = self.header_count = self.silent_bytes = 0
        self.headers_complete = False
        self._expect_headers()

    def on_url(self, url: bytes) -> None:
        """Counts a part of the request line."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Counts a header; a trailer is dropped, because the request may be answered by then."""
        self.header_count += 1
        self._count(len(name) + len(value) + 4)
        if not self.headers_complete:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Ends the headers' deadline; the application has its own for the body."""
        self.headers_complete = True
        self._cancel_arrival()
        if not self.url.startswith(b"/"):
            self._name_host()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Passes the body on; the application limits it."""
        self.silent_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Starts the idle timeout if the answer was sent before the end of the body."""
        super().on_message_complete()
        if self.arrival and self.cycle.response_complete:
            self._cancel_arrival()
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def on_response_complete(self) -> None:
        """Parses the bytes that came in the meantime."""
        super().on_response_complete()
        if self.unparsed:
            self._unset_keepalive_if_required()
            self._parse()
        if self.pipeline:
            self.flow.pause_reading()

    def pause_writing(self) -> None:
        """Starts the deadline for a client that reads too slowly."""
        super().pause_writing()
        self._expect_reading()

    def resume_writing(self) -> None:
        """Ends that deadline: the client has read nearly everything."""
        super().resume_writing()
        self._cancel_stall()

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends all deadlines and notifies the running request."""
        self._cancel_arrival()
        self._cancel_stall()
        self.unparsed.clear()
        if self.answering:
            self._disconnect(self.answering)
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        """Accepts an upgrade only if no earlier answer is still being sent."""
        self._cancel_arrival()
        if self._is_answering():
            self._refuse(400, Rejected(Code.BAD_REQUEST, "A WebSocket has its own connection."))
        else:
            super().handle_websocket_upgrade()

    def _name_host(self) -> None:
        """Takes the host from an absolute URL, which overrides the header (RFC 9112, 3.2.2)."""
        authority = self.url.partition(b"://")[2].partition(b"/")[0].partition(b"?")[0]
        if authority:
            self.headers[:] = [each for each in self.headers if each[0] != b"host"]
            self.headers.append((b"host", authority))

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self.answering = cycle
        super()._start_asgi_task(cycle, partial(self._run, cycle, app))

    async def _run(
        self, cycle: RequestResponseCycle, app: Any, scope: Any, receive: Any, send: Any
    ) -> None:
        """Runs the application; uvicorn cancels unfinished requests when the server stops."""
        try:
            await app(scope, receive, send)
        except asyncio.CancelledError:
            log.warning("request given up", reason="The server stops.")
            self._disconnect(cycle)
            self.transport.abort()

    def _parse(self) -> None:
        """Parses while no request waits for earlier answers."""
        try:
            while self.unparsed and not self.pipeline and not self.transport.is_closing():
                piece = self.unparsed.popleft()
                self.silent_bytes += len(piece)
                self.parser.feed_data(piece)
                self._count(0)
        except httptools.HttpParserUpgrade:
            self.unparsed.clear()
            if self._should_upgrade():
                self.handle_websocket_upgrade()
            else:
                log.warning("upgrade ignored")
        except TooManyHeaders:
            self._refuse_headers()
        except httptools.HttpParserError as error:
            if isinstance(error.__context__, TooManyHeaders):
                self._refuse_headers()
            else:
                self._refuse(400, Rejected(Code.BAD_REQUEST, "This is no request of HTTP/1.1."))
        if self.unparsed or self.pipeline:
            self.flow.pause_reading()

    def _count(self, size: int) -> None:
        """Counts parsed bytes of headers, those of unfinished lines too.

        Raises:
            TooManyHeaders: more bytes or headers than accepted.
        """
        self.header_bytes += size
        if size:
            self.silent_bytes = 0
        if (
            self.header_bytes + self.silent_bytes > self.max_header_bytes
            or self.header_count > self.max_headers
        ):
            raise TooManyHeaders

    def _refuse_headers(self) -> None:
        most = f"{self.max_headers} headers of {self.max_header_bytes} bytes in all"
        self._refuse(431, Rejected(Code.LIMIT_EXCEEDED, f"A request has at most {most}."))

    def _refuse(self, status: int, rejected: Rejected) -> None:
        """Answers once more and ends the connection; later bytes are dropped.

        Closing at once would lose the answer if the client is still sending.
        """
        correlation_id = correlation_id_of({})
        log.info(
            "request refused",
            status=status,
            code=rejected.code,
            reason=rejected.message,
            correlation_id=correlation_id,
        )
        self.refused = True
        self.unparsed.clear()
        self._cancel_arrival()
        if self._is_answering() and not self._is_unanswered():
            self.transport.close()
            return
        if self.answering:
            self._disconnect(self.answering)
        body = encode({"errors": rejected.written(correlation_id)})
        head = b"content-type: application/json; charset=utf-8\r\ncontent-length: %d\r\n" % len(
            body
        )
        self.transport.write(STATUS_LINE[status] + head + b"connection: close\r\n\r\n" + body)
        if self.transport.can_write_eof():
            self.transport.write_eof()  # a client that reads to the end has it
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    def _is_unanswered(self) -> bool:
        """Whether the request that is being read still waits for its answer."""
        waiting = self.answering
        return waiting is not None and waiting.more_body and not waiting.response_started

    def _disconnect(self, cycle: RequestResponseCycle) -> None:
        """Notifies the application that the client has gone."""
        if not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()

    def _is_answering(self) -> bool:
        return self.answering is not None and not self.answering.response_complete

    def _expect_headers(self) -> None:
        self._cancel_arrival()
        self.arrival = self.loop.call_later(ARRIVAL_SECONDS, self.transport.abort)

    def _cancel_arrival(self) -> None:
        if self.arrival:
            self.arrival.cancel()
            self.arrival = None

    def _expect_reading(self) -> None:
        waiting = self.transport.get_write_buffer_size()
        self.stall = self.loop.call_later(STALL_SECONDS, self._has_read, waiting)

    def _cancel_stall(self) -> None:
        if self.stall:
            self.stall.cancel()
            self.stall = None

    def _has_read(self, waiting: int) -> None:
        if self.transport.get_write_buffer_size() < waiting:
            self._expect_reading()
        else:
            self.transport.abort()
