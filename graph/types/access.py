"""Who did something."""

from typing import Any

import strawberry

import resolvers.enums  # noqa: F401 - describes the enums before a type names one
from graph.fields import asked_of, computed_by
from graph.types.node import Node
from models.rules.access import ActorKind
from resolvers import events
from resolvers.loaders import customers


@strawberry.type(description="Who did something, as it stood at that time.")
class Actor:
    kind: ActorKind = strawberry.field(description="What kind of actor.")
    id: strawberry.ID = strawberry.field(
        description="Kind and key, as `STAFF:7`: unique over all kinds, so caches may go by it."
    )
    key: str = strawberry.field(description="Their key among those of their kind.")
    name: str | None = computed_by(
        events.actor_name,
        "name",
        customers.customer,
        description="What they were called; where that was not kept, what they are called now.",
    )
    subject: Node | None = asked_of(
        events.acting,
        "The object that they are, as it is now: the customer of a `CUSTOMER`. Null for actors "
        "that are no object here, and where you see none.",
        "customer_id",
    )


def actor(description: str) -> Any:
    """A field with the actor whose kind, key and name a row has kept."""
    return computed_by(
        events.ActorName, "actor_kind", "actor_id", "actor_name", description=description
    )
