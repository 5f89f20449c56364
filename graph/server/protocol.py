"""uvicorn's protocols, which no client keeps open by sending nothing or by reading nothing."""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

ARRIVAL_SECONDS = 10.0
"""From a connection, or a request's first byte, until its headers are there."""

STALL_SECONDS = 10.0
"""For how long a client may read nothing of an answer that waits for it."""

LINGER_SECONDS: Final = 2.0
"""For how long a WebSocket may be there after the application is done with it."""


class HttpProtocol(HttpToolsProtocol):
    """As uvicorn's, which waits for headers and for readers without end."""

    arrival: asyncio.TimerHandle | None = None
    stall: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for headers."""
        super().connection_made(transport)
        self._expect_headers()

    def on_message_begin(self) -> None:
        """Begin to wait for the headers of this request."""
        super().on_message_begin()
        self._expect_headers()

    def on_headers_complete(self) -> None:
        """The headers are there; the application has a deadline for the body."""
        self._cancel()
        super().on_headers_complete()

    def pause_writing(self) -> None:
        """The client does not keep up: see to it that it reads at all."""
        super().pause_writing()
        self._expect_reading()

    def resume_writing(self) -> None:
        """The client has read nearly everything."""
        super().resume_writing()
        self._cancel()

    def connection_lost(self, exc: Exception | None) -> None:
        """There is nothing left to wait for."""
        self._cancel()
        super().connection_lost(exc)

    def _expect_headers(self) -> None:
        self._cancel()
        self.arrival = self.loop.call_later(ARRIVAL_SECONDS, self.transport.abort)

    def _expect_reading(self) -> None:
        waiting = self.transport.get_write_buffer_size()
        self.stall = self.loop.call_later(STALL_SECONDS, self._has_read, waiting)

    def _has_read(self, waiting: int) -> None:
        if self.transport.get_write_buffer_size() < waiting:
            self._expect_reading()
        else:
            self.transport.abort()

    def _cancel(self) -> None:
        for timer in (self.arrival, self.stall):
            if timer:
                timer.cancel()
        self.arrival = self.stall = None


class WebSocketProtocol(WebSocketsSansIOProtocol):
    async def run_asgi(self) -> None:
        """As uvicorn's; soon after the application is done with a socket it is gone.

        uvicorn waits until the client has read all that was written, which one that stalls never
        does: its buffer and its place among the open connections would stay.
        """
        try:
            await super().run_asgi()
        finally:
            self.loop.call_later(LINGER_SECONDS, self.transport.abort)
