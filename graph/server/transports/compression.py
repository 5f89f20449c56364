"""Compressed responses for clients that accept gzip."""

from typing import Final

from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp

from graph.server import media

# The level of zlib's nine that saves most for its time; ADR 12 has the figures.
LEVEL: Final = 3


class Compression:
    """Compresses responses of `min_bytes` or more; None compresses none.

    A response in parts is compressed part by part, and no part waits for the next one.
    """

    def __init__(self, min_bytes: int | None) -> None:
        self.min_bytes = min_bytes

    def of(self, response: Response, accept_encoding: str | None) -> ASGIApp:
        """The application that sends the response in a coding that the client accepts."""
        body = getattr(response, "body", None)  # a response in parts has none
        if self.min_bytes is None or (body is not None and len(body) < self.min_bytes):
            return response
        if media.reads_gzip(accept_encoding):
            return GZipMiddleware(response, self.min_bytes, LEVEL)
        response.headers.add_vary_header("Accept-Encoding")
        return response
