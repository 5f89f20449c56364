"""Answers in fewer bytes, for clients that say they can read them."""

from typing import Final

from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp

from graph.server import media

# Of zlib's nine levels the one that takes the least time for what it saves; ADR 12 has the figures.
LEVEL: Final = 3


class Compression:
    """What compresses answers of `min_bytes` or more; None: it leaves all of them as they are.

    What is sent in parts is compressed part by part, and none of them waits for the next.
    """

    def __init__(self, min_bytes: int | None) -> None:
        self.min_bytes = min_bytes

    def of(self, response: Response, accept_encoding: str | None) -> ASGIApp:
        """What sends the response so that the client reads it."""
        body = getattr(response, "body", None)  # what is sent in parts has none
        if self.min_bytes is None or (body is not None and len(body) < self.min_bytes):
            return response
        if media.reads_gzip(accept_encoding):
            return GZipMiddleware(response, self.min_bytes, LEVEL)
        response.headers.add_vary_header("Accept-Encoding")
        return response
