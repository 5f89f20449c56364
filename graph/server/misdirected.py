"""Refuses requests that are meant for another host.

A page of another origin can resolve its own name to our address (DNS rebinding). The browser takes
us for the page's server, and only the `Host` header shows the name that was meant.
"""

from collections.abc import Iterable
from typing import Final

import structlog
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from graph.execution.failures import Code, Rejected
from graph.execution.sizing import encode
from graph.server import media
from graph.server.correlation import HEADER, correlation_id_of
from graph.server.hosts import SETTING, host_of

EXEMPT: Final = frozenset({"/healthz", "/readyz"})
"""Paths that orchestrators ask by a process's address. They show nothing of the company."""

MAX_SHOWN: Final = 100

log = structlog.get_logger("ordergraph.connection")


class Hosts:
    """ASGI middleware that answers 421 to requests for any other host."""

    def __init__(self, app: ASGIApp, allowed: Iterable[str]) -> None:
        self.app = app
        self.allowed = frozenset(host_of(each) for each in allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or scope["path"] in EXEMPT:
            await self.app(scope, receive, send)
            return
        sent = [value for name, value in scope["headers"] if name == b"host"]
        if len(sent) == 1 and host_of(sent[0].decode("latin-1")) in self.allowed:
            await self.app(scope, receive, send)
            return
        response = _refusal(sent, correlation_id_of({}))
        if scope["type"] == "websocket":
            websocket = WebSocket(scope, receive, send)
            await websocket.receive()
            await websocket.send_denial_response(response)
        else:
            await response(scope, receive, send)


def _refusal(sent: list[bytes], correlation_id: str) -> Response:
    if len(sent) == 1:
        status = 421
        message = f"This server does not answer as this host; {SETTING} lists those that it does."
    else:
        status, message = 400, "A request has one Host header."
    shown = ", ".join(each.decode("latin-1")[:MAX_SHOWN] for each in sent[:3])
    log.warning(
        "host refused", host=shown, status=status, setting=SETTING, correlation_id=correlation_id
    )
    rejected = Rejected(Code.BAD_REQUEST, message)
    return Response(
        encode({"errors": rejected.written(correlation_id)}),
        status,
        headers={HEADER: correlation_id, "cache-control": "no-store"},
        media_type=media.JSON,
    )
