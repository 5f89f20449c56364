"""Who did something."""

import strawberry

import resolvers.enums  # noqa: F401 - describes the enums before a type names one
from models.rules.access import ActorKind


@strawberry.type(description="Who did something, as it stood at that time.")
class Actor:
    kind: ActorKind = strawberry.field(description="What kind of somebody.")
    id: strawberry.ID = strawberry.field(description="Their key among those of their kind.")
    name: str | None = strawberry.field(description="What they were called.")
