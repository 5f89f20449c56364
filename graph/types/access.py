"""Actors of changes."""

from typing import Any

import strawberry

import resolvers.enums  # noqa: F401 - describes the enums before a type uses one
from graph.fields import computed_by, resolved_for_each
from graph.types.node import Node
from models.rules.access import ActorKind
from resolvers import events
from resolvers.loaders import customers


@strawberry.type(
    description="The actor of a change: the kind, key and name that were recorded with it."
)
class Actor:
    kind: ActorKind = strawberry.field(description="The kind of actor.")
    id: strawberry.ID = strawberry.field(
        description="Kind and key in one, such as `STAFF:7`. Unique over all kinds, so client "
        "caches can use it."
    )
    key: str = strawberry.field(description="The actor's key, unique among actors of its kind.")
    name: str | None = computed_by(
        events.actor_name,
        "name",
        customers.customer,
        description="The name at the time of the change; else the customer's present name. Null "
        "where neither is known.",
    )
    subject: Node | None = resolved_for_each(
        events.acting,
        "The customer behind an actor of kind CUSTOMER, as it is now. Null for "
        "other kinds, and where the caller may not read customers.",
        "customer_id",
    )


def actor(description: str) -> Any:
    """A field with the actor whose kind, key and name a row stores."""
    return computed_by(
        events.ActorName, "actor_kind", "actor_id", "actor_name", description=description
    )
