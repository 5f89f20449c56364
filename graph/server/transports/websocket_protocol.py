"""uvicorn's WebSocket protocol with limits, and one log line for each fault of a client."""

from typing import Any, Final, cast

import structlog
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

LINGER_SECONDS = 2.0
"""The longest time for which a socket stays open after the application has ended."""

MAX_FRAGMENTS: Final = 1_000
"""Frames of one message. Empty frames are not limited by the message's size."""

FRAMES: Final = "ordergraph.frames"
"""The extension by which an application writes frames that it has made itself."""

log = structlog.get_logger("ordergraph.connection")


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol, which lets clients fill memory and logs their faults as tracebacks."""

    def data_received(self, data: bytes) -> None:
        """Parses the bytes; an unreadable handshake is answered and closed."""
        super().data_received(data)
        if self.conn.handshake_exc and not self.handshake_initiated:
            log.info("handshake refused", reason=str(self.conn.handshake_exc))
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.transport.close()

    def handle_parser_exception(self) -> None:
        """Logs and closes a socket that sent no frame or no valid message."""
        if self.conn.close_sent:
            log.info(
                "socket closed", code=self.conn.close_sent.code, reason=self.conn.close_sent.reason
            )
        super().handle_parser_exception()

    def handle_cont(self, event: Any) -> None:
        """Adds a frame to the message, up to the limit."""
        if len(self.frames) < MAX_FRAGMENTS:
            super().handle_cont(event)
        else:
            self._fail(1009, f"A message has at most {MAX_FRAGMENTS} frames.")

    def handle_ping(self) -> None:
        """Answers, unless earlier answers wait for a client that does not read them."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            log.info("socket closed", code=1008, reason="Pings are sent and no answer is read.")
            self.transport.abort()

    def send_receive_event_to_app(self) -> None:
        """Passes a message on, if its text is UTF-8."""
        if self.curr_msg_data_type == "text" and not _is_utf8(b"".join(self.frames)):
            self._fail(1007, "A message is UTF-8.")
        else:
            super().send_receive_event_to_app()

    async def send(self, message: Any) -> None:
        """As uvicorn's, which logs a client that leaves during `send` as an application error.

        Raises:
            ClientDisconnected: the connection has ended, or is ending.
        """
        await self.writable.wait()
        if self.close_sent or self.transport.is_closing():
            raise ClientDisconnected
        await super().send(message)

    def write_frames(self, frames: bytes) -> bool:
        """Writes whole frames, unless the client is behind or the socket has ended."""
        if not self.writable.is_set() or self.close_sent or self.transport.is_closing():
            return False
        self.transport.write(frames)
        return True

    async def run_asgi(self) -> None:
        """As uvicorn's, but closes the socket soon after the application has ended.

        uvicorn waits until the client has read all bytes. A stalled client never does, and would
        keep its buffer and its place among the open connections.
        """
        if not self.conn.extensions:
            cast("dict[str, Any]", self.scope["extensions"])[FRAMES] = self
        try:
            await super().run_asgi()
        finally:
            self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    def _fail(self, code: int, reason: str) -> None:
        if self.close_sent:
            return
        self.frames = []
        self.conn.fail(code, reason)
        self.handle_parser_exception()


def _is_utf8(message: bytes) -> bool:
    try:
        message.decode()
    except UnicodeDecodeError:
        return False
    return True
