"""What happened, and how it reaches those who watch."""

from datetime import datetime
from typing import Annotated

import strawberry

from graph.fields import Given, asked_of, computed_by
from graph.types.access import Actor, actor
from graph.types.node import Node, gives, identified, stands_for
from graph.types.orders import Order
from models import events as tables
from models.rules.events import EventKind, StreamResetReason
from resolvers import events
from resolvers.scalars import JSON, Cursor
from subscriptions.streams import items


@stands_for(tables.Event, "One thing that happened. Never changed, never taken back.")
class Event(Node):
    id: strawberry.ID = identified("Event")
    cursor: Cursor | None = computed_by(
        events.cursor,
        Given.CONTEXT,
        "position",
        description="Its place in the feed: for `after` of `events` and of every stream. "
        "Null for a moment, until the feed has numbered it.",
    )
    at: datetime = strawberry.field(description="When.")
    kind: EventKind = strawberry.field(description="What kind of thing.")
    actor: Actor = actor("Who did it.")
    subject: Node | None = asked_of(
        events.subject, "What it happened to, as it is now.", "subject_kind", "subject_id"
    )
    subject_version: int = strawberry.field(description="The object's version after it.")
    data: JSON = strawberry.field(
        description="Ids, numbers and field names that tell more; never personal data."
    )


@gives(items.OrderUpdate, "An order as it is now, and what happened to it.")
class OrderUpdate:
    cursor: Cursor = strawberry.field(description="Go on after this one after a break.")
    event: Event | None = strawberry.field(
        description="What happened. Null in the first one, which says how the order is."
    )
    order: Order = strawberry.field(description="The order, never older than the event.")
    matches: bool = strawberry.field(
        description="Whether it is what `where` asks for; false: it was until this event."
    )


@gives(items.Heartbeat, "The stream is up, and nothing until this cursor was held back.")
class Heartbeat:
    cursor: Cursor = strawberry.field(description="Go on after this one after a break.")
    at: datetime = strawberry.field(description="When it was sent.")


@gives(items.StreamReset, "The stream cannot go on from the client's cursor: read anew.")
class StreamReset:
    reason: StreamResetReason = strawberry.field(description="Why.")
    cursor: Cursor = strawberry.field(description="The stream goes on after this one.")


OrderStreamItem = Annotated[
    OrderUpdate | Heartbeat | StreamReset,
    strawberry.union("OrderStreamItem", description="What a stream of orders consists of."),
]
