"""uvicorn's WebSocket protocol, which a client that reads nothing cannot keep open."""

from typing import Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

LINGER_SECONDS: Final = 2.0


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
