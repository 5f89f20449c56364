"""The items of streams: the members of the schema's unions, as plain records."""

from dataclasses import dataclass
from datetime import datetime

from models.events import Event
from models.orders import Order
from models.rules.events import StreamResetReason


@dataclass(frozen=True, slots=True)
class OrderUpdate:
    """An order's present state with the event that caused the update; None in a snapshot."""

    cursor: str
    event: Event | None
    order: Order
    matches: bool


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A sign of life: the stream has sent every update up to this cursor."""

    cursor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class StreamReset:
    """The feed cannot be replayed from the client's cursor: reload, then resume from `cursor`."""

    reason: StreamResetReason
    cursor: str
