"""Who did something."""

from typing import Any

import strawberry

import resolvers.enums  # noqa: F401 - describes the enums before a type names one
from graph.fields import computed_by
from models.rules.access import ActorKind
from resolvers.events import ActorName


@strawberry.type(description="Who did something, as it stood at that time.")
class Actor:
    kind: ActorKind = strawberry.field(description="What kind of somebody.")
    id: strawberry.ID = strawberry.field(description="Their key among those of their kind.")
    name: str | None = strawberry.field(description="What they were called.")


def actor(description: str) -> Any:
    """A field with the actor whose kind, key and name a row has kept."""
    return computed_by(ActorName, "actor_kind", "actor_id", "actor_name", description=description)
