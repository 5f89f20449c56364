"""Events and the items of streams."""

from datetime import datetime
from typing import Annotated

import strawberry

from graph.fields import Given, computed_by, resolved_for_each
from graph.types.access import Actor, actor
from graph.types.node import Node, gives, identified, stands_for
from graph.types.orders import Order
from models import events as tables
from models.rules.events import EventKind, StreamResetReason
from resolvers import events
from resolvers.scalars import JSON, Cursor
from subscriptions.streams import items


@stands_for(
    tables.Event, "An event: one recorded change. Events never change and are never deleted."
)
class Event(Node):
    id: strawberry.ID = identified("Event")
    cursor: Cursor | None = computed_by(
        events.cursor,
        Given.CONTEXT,
        "position",
        description="The event's place in the feed, for `after` of `events` and of each stream. "
        "Null for a moment, until the feed numbers the event.",
    )
    at: datetime = strawberry.field(description="The instant of the change.")
    kind: EventKind = strawberry.field(description="The kind of event.")
    actor: Actor = actor("The actor of the change.")
    subject: Node | None = resolved_for_each(
        events.subject,
        "The changed object as it is now. Null where the caller may not read it.",
        "subject_kind",
        "subject_id",
    )
    subject_version: int = strawberry.field(
        description="The version of the changed object after the event."
    )
    data: JSON = strawberry.field(
        description="An object of details: ids, numbers and names of changed fields. It holds "
        "no personal data."
    )


@gives(items.OrderUpdate, "An order, with the event that changed it.")
class OrderUpdate:
    cursor: Cursor = strawberry.field(
        description="The cursor to resume the stream from, as `after`."
    )
    event: Event | None = strawberry.field(
        description="The event. Null in the first update, which shows the order's present state."
    )
    order: Order = strawberry.field(description="The order, at least as new as the event.")
    matches: bool = strawberry.field(
        description="True: the order matches `where` after the event. False: it matched only "
        "before."
    )


@gives(
    items.Heartbeat,
    "A sign that the stream is alive. All matching events up to its cursor have been sent.",
)
class Heartbeat:
    cursor: Cursor = strawberry.field(
        description="The cursor to resume the stream from, as `after`."
    )
    at: datetime = strawberry.field(description="The instant at which the heartbeat was sent.")


@gives(
    items.StreamReset,
    "The stream cannot resume from the client's cursor. Clients read their objects again.",
)
class StreamReset:
    reason: StreamResetReason = strawberry.field(description="The reason.")
    cursor: Cursor = strawberry.field(description="The cursor from which the stream goes on.")


OrderStreamItem = Annotated[
    OrderUpdate | Heartbeat | StreamReset,
    strawberry.union("OrderStreamItem", description="An item of a stream of orders."),
]
