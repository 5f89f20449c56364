"""What streams give: the members of the schema's unions, as plain records."""

from dataclasses import dataclass
from datetime import datetime

from models.events import Event
from models.orders import Order
from models.rules.events import StreamResetReason


@dataclass(frozen=True, slots=True)
class OrderUpdate:
    """An order as it is now, and the event that it is told for; at the beginning there is none."""

    cursor: str
    event: Event | None
    order: Order
    matches: bool


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The stream lives, and nothing up to this cursor has been held back."""

    cursor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class StreamReset:
    """The stream could not go on from the client's cursor: read anew, then go on from this one."""

    reason: StreamResetReason
    cursor: str
