"""uvicorn's HTTP, with a bound on what a client can send and on every wait for it."""

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
"""From a connection, or a request's first byte, until its headers are there."""

STALL_SECONDS = 10.0
"""For how long a client may read nothing of an answer that waits for it."""

LINGER_SECONDS = 2.0
"""For how long a client that was refused may go on sending, so that it reads the answer."""

MAX_HEADER_BYTES: Final = 64 * 1024
MAX_HEADERS: Final = 100

PIECE: Final = 16 * 1024
"""Bytes that are parsed at a time. The parser keeps an unfinished line where nothing else sees it,
so a line may be longer than allowed by as much until it is refused."""

REFUSAL_HEADERS: Final = b"content-type: application/json; charset=utf-8\r\nconnection: close\r\n"

log = structlog.get_logger("ordergraph.connection")


class TooManyHeaders(Exception):
    """A request has more headers, or longer ones, than are accepted."""


class HttpProtocol(HttpToolsProtocol):
    """As uvicorn's, which bounds neither headers nor what is pipelined, nor any wait."""

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
        """Begin to wait for headers."""
        super().connection_made(transport)
        self._expect_headers()

    def data_received(self, data: bytes) -> None:
        """Parse what came, or keep it until the requests before it are answered."""
        if self.refused:
            return
        if self.timeout_keep_alive_task:
            self._unset_keepalive_if_required()
            self._expect_headers()
        self.unparsed.extend(data[at : at + PIECE] for at in range(0, len(data), PIECE))
        self._parse()

    def on_message_begin(self) -> None:
        """Begin to count, and to wait for, the headers of this request."""
        super().on_message_begin()
        self.header_bytes = self.header_count = self.silent_bytes = 0
        self.headers_complete = False
        self._expect_headers()

    def on_url(self, url: bytes) -> None:
        """Count a part of the request line."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header; one behind the body is dropped, as the request is answered by then."""
        self.header_count += 1
        self._count(len(name) + len(value) + 4)
        if not self.headers_complete:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The headers are there; the application has a deadline for the body."""
        self.headers_complete = True
        self._cancel_arrival()
        if not self.url.startswith(b"/"):
            self._name_host()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """The body is bounded by the application, which reads it or answers without."""
        self.silent_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A request whose answer went before its body leaves an idle connection."""
        super().on_message_complete()
        if self.arrival and self.cycle.response_complete:
            self._cancel_arrival()
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def on_response_complete(self) -> None:
        """Go on with what came meanwhile."""
        super().on_response_complete()
        if self.unparsed:
            self._unset_keepalive_if_required()
            self._parse()
        if self.pipeline:
            self.flow.pause_reading()

    def pause_writing(self) -> None:
        """The client does not keep up: see to it that it reads at all."""
        super().pause_writing()
        self._expect_reading()

    def resume_writing(self) -> None:
        """The client has read nearly everything."""
        super().resume_writing()
        self._cancel_stall()

    def connection_lost(self, exc: Exception | None) -> None:
        """There is nothing left to wait for; the request under way learns it."""
        self._cancel_arrival()
        self._cancel_stall()
        self.unparsed.clear()
        if self.answering:
            self._disconnect(self.answering)
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        """A connection becomes a WebSocket only when its answers are sent."""
        self._cancel_arrival()
        if self._is_answering():
            self._refuse(400, Rejected(Code.BAD_REQUEST, "A WebSocket has its own connection."))
        else:
            super().handle_websocket_upgrade()

    def _name_host(self) -> None:
        """A URL in the request line names the host, whatever the header says (RFC 9112, 3.2.2)."""
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
        """Run the application; uvicorn cancels what is not done in time when the server stops."""
        try:
            await app(scope, receive, send)
        except asyncio.CancelledError:
            log.warning("request given up", reason="The server stops.")
            self._disconnect(cycle)
            self.transport.abort()

    def _parse(self) -> None:
        """Parse as long as no request waits for the answers before it."""
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
        """Count bytes of headers that were parsed; those that nothing was made of count as well.

        Raises:
            TooManyHeaders: they are more than are accepted.
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
        """Answer once more and end the connection; what still comes is thrown away.

        Closing it at once would take away the answer, if the client is still sending.
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
        """Whether the request that is being read is the one that waits for an answer."""
        waiting = self.answering
        return waiting is not None and waiting.more_body and not waiting.response_started

    def _disconnect(self, cycle: RequestResponseCycle) -> None:
        """Tell the application that nobody waits for its answer."""
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
