"""HTTP as load needs it: posts JSON over one connection, at a tenth of a client library's cost."""

import asyncio
import re
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
ANSWER_SECONDS: Final = 60


class Lost(Exception):
    """The connection broke before the answer was there: nobody knows what was done."""


class Wire:
    """One connection to a server, opened when it is needed."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "", parts.port or 80
        self._head = (
            f"POST {parts.path} HTTP/1.1\r\nhost: {parts.netloc}\r\n"
            "content-type: application/json\r\naccept: application/json\r\ncontent-length: "
        ).encode()
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, body: bytes) -> Any:
        """What the server answers, read as JSON.

        Raises:
            Lost: the connection broke, or there was no answer within a minute.
        """
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                if self._streams is None:
                    self._streams = await asyncio.open_connection(self.host, self.port)
                reader, writer = self._streams
                writer.write(b"%s%d\r\n\r\n%s" % (self._head, len(body), body))
                headers = await reader.readuntil(b"\r\n\r\n")
                found = LENGTH.search(headers)
                if found is None:
                    raise SystemExit(f"An answer of unknown length:\n{headers.decode()}")
                return orjson.loads(await reader.readexactly(int(found[1])))
        except (OSError, EOFError) as error:
            self.close()
            raise Lost from error

    def close(self) -> None:
        """End the connection; the next post opens another."""
        if self._streams:
            self._streams[1].close()
        self._streams = None
