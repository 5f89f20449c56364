"""Answers in parts over HTTP: each part is sent as soon as it is ready."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from graph.execution.engine import Answer
from graph.execution.incremental.parts import Part
from graph.execution.sizing import encode
from graph.server import media

BOUNDARY: Final = "graphql"
"""JSON has no line breaks, so no part can contain the delimiter."""
MEDIA_TYPE: Final = f'{media.PARTS}; boundary="{BOUNDARY}"; {media.PARTS_LAYOUT}'

DELIMITER: Final = f"\r\n--{BOUNDARY}".encode()
HEAD: Final = f"\r\ncontent-type: {media.JSON}; charset=utf-8\r\n\r\n".encode()
END: Final = b"--\r\n"


class Multipart(StreamingResponse):
    """A response in parts. When the client leaves, the operation stops."""

    def __init__(self, parts: AsyncGenerator[Answer | Part, None], headers: dict[str, str]) -> None:
        # Proxies that buffer answers, as nginx does, would delay the parts.
        super().__init__(
            _chunks(parts), headers={**headers, "x-accel-buffering": "no"}, media_type=MEDIA_TYPE
        )
        self.parts = parts

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self.parts):
            sending = asyncio.create_task(self.stream_response(send))
            leaving = asyncio.create_task(self.listen_for_disconnect(receive))
            both = (sending, leaving)
            try:
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for each in both:
                    each.cancel()
                await asyncio.gather(*both, return_exceptions=True)
        if not sending.cancelled():
            sending.result()


async def _chunks(parts: AsyncGenerator[Answer | Part, None]) -> AsyncGenerator[bytes, None]:
    """Each part with the delimiter after it, by which clients see that the part is complete."""
    before = DELIMITER
    async for part in parts:
        body = part.body()
        end = b"" if body.get("hasNext") else END
        yield before + HEAD + encode(body) + DELIMITER + end
        before = b""
