"""Clients that send a mutation until they know what became of it, whatever breaks meanwhile."""

import asyncio
import re
import time
from collections import Counter
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
ANSWER_SECONDS: Final = 60
AGAIN_SECONDS: Final = 0.05
PATIENCE_SECONDS: Final = 120
RETRYABLE: Final = frozenset({"IN_PROGRESS"})
"""Refusals that ask to be asked again."""


class Lost(Exception):
    """The connection broke before the answer was there: nobody knows what was done."""


class Wire:
    """One connection that JSON is posted over, at a tenth of what client libraries cost."""

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
                assert found, headers
                return orjson.loads(await reader.readexactly(int(found[1])))
        except (OSError, EOFError) as error:
            self.close()
            raise Lost from error

    def close(self) -> None:
        """End the connection; the next post opens another."""
        if self._streams:
            self._streams[1].close()
        self._streams = None


class Failed(Exception):
    """An answer that no client should ever get, or none at all for two minutes."""


class Insistent:
    """A client with a connection of its own. `lost` and `told` count why it asked again."""

    def __init__(self, url: str) -> None:
        self.wire = Wire(url)
        self.lost = 0
        self.told: Counter[str] = Counter()

    async def change(self, document: str, **variables: Any) -> dict[str, Any]:
        """The payload of the document's one mutation, refused or not, once it is known.

        The mutation has a key, so that sending it again does nothing twice.

        Raises:
            Failed: an error that is not worth sending it again, or no answer after two minutes.
        """
        body = orjson.dumps({"query": document, "variables": variables})
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                answer = await self.wire.post(body)
            except Lost:
                self.lost += 1
            else:
                payload = self._final(answer)
                if payload is not None:
                    return payload
            await asyncio.sleep(AGAIN_SECONDS)
        raise Failed(f"no answer to {variables}")

    def close(self) -> None:
        """End the connection; the next change opens another."""
        self.wire.close()

    def _final(self, answer: dict[str, Any]) -> dict[str, Any] | None:
        """The payload; None where the answer asks to be asked again."""
        errors = [each["extensions"] for each in answer.get("errors", ())]
        if not all(each["retryable"] for each in errors):
            raise Failed(answer)
        payload: dict[str, Any] = {}
        codes = [each["code"] for each in errors]
        if not errors:
            (payload,) = answer["data"].values()
            codes = [each["code"] for each in payload["userErrors"] if each["code"] in RETRYABLE]
        self.told.update(codes)
        return None if codes else payload
