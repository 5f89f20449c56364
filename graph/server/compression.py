"""Answers in fewer bytes, for clients that say they can read them."""

from typing import Final

from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware, IdentityResponder
from starlette.types import ASGIApp, Receive, Scope, Send

from graph.server import media

# Of zlib's nine levels the one that takes the least time for what it saves; ADR 12 has the figures.
LEVEL: Final = 3


class Compression(GZipMiddleware):
    """An application whose bodies of `min_bytes` or more are compressed.

    What is sent in parts is compressed part by part, and none of them waits for the next.
    """

    def __init__(self, app: ASGIApp, min_bytes: int) -> None:
        super().__init__(app, minimum_size=min_bytes, compresslevel=LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As Starlette's, which would take `gzip;q=0` for a wish."""
        if media.reads_gzip(Headers(scope=scope).get("accept-encoding")):
            await super().__call__(scope, receive, send)
        else:
            await IdentityResponder(self.app, self.minimum_size)(scope, receive, send)
