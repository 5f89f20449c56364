"""What happened, and how it reaches those who watch."""

from datetime import datetime

import strawberry

from graph.binding import computed_by
from graph.types.access import Actor
from graph.types.node import Node, identified, stands_for
from models import events as tables
from models.rules.events import EventKind
from resolvers import events
from resolvers.scalars import JSON, Cursor


@stands_for(tables.Event, "One thing that happened. Never changed, never taken back.")
class Event(Node):
    id: strawberry.ID = identified("Event")
    cursor: Cursor | None = computed_by(
        events.cursor,
        "Its place in the feed: for `after` of `events` and of every stream. "
        "Null for a moment, until the feed has numbered it.",
    )
    at: datetime = strawberry.field(description="When.")
    kind: EventKind = strawberry.field(description="What kind of thing.")
    actor: Actor = computed_by(events.actor, "Who did it.")
    subject: Node | None = computed_by(events.subject, "What it happened to, as it is now.")
    subject_version: int = strawberry.field(description="The object's version after it.")
    data: JSON = strawberry.field(
        description="Ids, numbers and field names that tell more; never personal data."
    )
