"""What every object with an id of its own has in common."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import strawberry
from tortoise.models import Model

from resolvers.identifiers import to_global

T = TypeVar("T", bound=type)


@strawberry.interface(description="An object that can be fetched again by its id.")
class Node:
    id: strawberry.ID = strawberry.field(description="Opaque and stable.")


def stands_for(table: type[Model], description: str) -> Callable[[T], T]:
    """Make a class the GraphQL type of a table's rows, which resolvers return as they are."""
    return gives(table, description)


def gives(record: type, description: str) -> Callable[[T], T]:
    """Make a class the GraphQL type of what resolvers and streams return as records of ours."""

    def decorate(declared: T) -> T:
        def is_type_of(cls: type, value: Any, info: Any) -> bool:  # noqa: ARG001 - Strawberry's
            return isinstance(value, record)

        cast(Any, declared).is_type_of = classmethod(is_type_of)
        made: T = strawberry.type(declared, description=description)
        return made

    return decorate


def identified(type_name: str) -> Any:
    """The opaque id of an object, from its key."""

    def resolve(parent: strawberry.Parent[Any]) -> strawberry.ID:
        return strawberry.ID(to_global(type_name, parent.pk))

    return strawberry.field(resolver=resolve, description="Opaque and stable.")
