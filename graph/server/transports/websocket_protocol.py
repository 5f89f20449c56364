"""uvicorn's WebSocket, with a bound on what a client can send, and one line for a fault of its."""

from typing import Any, Final

import structlog
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

LINGER_SECONDS = 2.0
"""For how long a socket may be there after the application is done with it."""

MAX_FRAGMENTS: Final = 1_000
"""Frames that one message may come in. Empty ones have no size to be bounded by."""

log = structlog.get_logger("ordergraph.connection")


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """As uvicorn's, which lets clients fill its memory, and tells of their faults by tracebacks."""

    def data_received(self, data: bytes) -> None:
        """Parse what came; a handshake that cannot be read is answered and ends the connection."""
        super().data_received(data)
        if self.conn.handshake_exc and not self.handshake_initiated:
            log.info("handshake refused", reason=str(self.conn.handshake_exc))
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.transport.close()

    def handle_parser_exception(self) -> None:
        """End a socket on which something came that is no frame, or no message."""
        if self.conn.close_sent:
            log.info(
                "socket closed", code=self.conn.close_sent.code, reason=self.conn.close_sent.reason
            )
        super().handle_parser_exception()

    def handle_cont(self, event: Any) -> None:
        """Take one more frame of a message."""
        if len(self.frames) < MAX_FRAGMENTS:
            super().handle_cont(event)
        else:
            self._fail(1009, f"A message has at most {MAX_FRAGMENTS} frames.")

    def handle_ping(self) -> None:
        """Answer, unless answers already wait for a client that does not read them."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            log.info("socket closed", code=1008, reason="Pings are sent and no answer is read.")
            self.transport.abort()

    def send_receive_event_to_app(self) -> None:
        """Hand a message over, if it is one."""
        if self.curr_msg_data_type == "text" and not _is_utf8(b"".join(self.frames)):
            self._fail(1007, "A message is UTF-8.")
        else:
            super().send_receive_event_to_app()

    async def send(self, message: Any) -> None:
        """As uvicorn's, which takes an application for faulty when a client leaves meanwhile.

        Raises:
            ClientDisconnected: the connection has ended, or is about to.
        """
        await self.writable.wait()
        if self.close_sent or self.transport.is_closing():
            raise ClientDisconnected
        await super().send(message)

    async def run_asgi(self) -> None:
        """As uvicorn's; soon after the application is done with a socket it is gone.

        uvicorn waits until the client has read all that was written, which one that stalls never
        does: its buffer and its place among the open connections would stay.
        """
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
