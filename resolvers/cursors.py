"""Sealed texts that clients send back: paging cursors, feed cursors, tracking tokens.

Each has a MAC over its content and purpose: a text that was changed or belongs to another list is
refused, and cannot select wrong rows.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from models.rules.errors import BadRequest

MAC_BYTES: Final = 12
FEED: Final = "feed"
TRACKING: Final = "tracking"


@dataclass(frozen=True)
class Sealer:
    """Seals and opens texts with the server's secret."""

    secret: bytes

    def seal(self, purpose: str, values: Sequence[Any]) -> str:
        """A URL-safe text of `values` (text, numbers, instants, ids) for one purpose."""
        body = json.dumps([_plain(value) for value in values], separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._mac(purpose, body) + body).rstrip(b"=").decode()

    def open(self, purpose: str, text: str) -> list[Any]:
        """The sealed values.

        Raises:
            BadRequest: the text was changed, cut, or sealed for another purpose.
        """
        try:
            sealed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise BadRequest("This cursor is not one of ours.") from None
        mac, body = sealed[:MAC_BYTES], sealed[MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(purpose, body)):
            raise BadRequest("This cursor was changed, or belongs to another list.")
        return [_rich(value) for value in json.loads(body)]

    def feed_cursor(self, position: int) -> str:
        """The cursor of a feed position, the same for events, timelines and streams."""
        return self.seal(FEED, [position])

    def feed_position(self, cursor: str) -> int:
        """The position in a feed cursor."""
        position: int = self.open(FEED, cursor)[0]
        return position

    def _mac(self, purpose: str, body: bytes) -> bytes:
        message = purpose.encode() + b"\0" + body
        return hmac.new(self.secret, message, hashlib.sha256).digest()[:MAC_BYTES]


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return {"t": value.isoformat()}
        case UUID():
            return {"u": value.hex}
        case _:
            return value


def _rich(value: Any) -> Any:
    match value:
        case {"t": text}:
            return datetime.fromisoformat(text)
        case {"u": text}:
            return UUID(text)
        case _:
            return value
