"""The interface of all objects with a global id."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final, TypeVar, cast

import strawberry
from graphql import GraphQLObjectType
from tortoise.models import Model

from graph.fields import DEFINITION, computed_by
from resolvers.identifiers import to_global

T = TypeVar("T", bound=type)

GLOBAL_ID: Final = "The global id: opaque, stable and unique over all types."


@strawberry.interface(description="An object with a global id, by which `node` finds it again.")
class Node:
    id: strawberry.ID = strawberry.field(description=GLOBAL_ID)


def stands_for(table: type[Model], description: str) -> Callable[[T], T]:
    """Makes a class the GraphQL type of a table's rows, which resolvers return as they are."""
    return gives(table, description)


def gives(record: type, description: str) -> Callable[[T], T]:
    """Makes a class the GraphQL type of our own records, which resolvers and streams return."""

    def decorate(declared: T) -> T:
        def is_type_of(cls: type, value: Any, info: Any) -> bool:  # noqa: ARG001 - Strawberry's
            return isinstance(value, record)

        cast(Any, declared).is_type_of = classmethod(is_type_of)
        cast(Any, declared).stands_for = record
        made: T = strawberry.type(declared, description=description)
        return made

    return decorate


def table_of(declared: GraphQLObjectType) -> type[Model] | None:
    """The table of a type of the schema, or None."""
    definition = (declared.extensions or {}).get(DEFINITION)
    record = getattr(getattr(definition, "origin", None), "stands_for", None)
    return record if isinstance(record, type) and issubclass(record, Model) else None


def identified(type_name: str) -> Any:
    """The opaque global id of an object, from its key."""
    return computed_by(partial(to_global, type_name), "id", description=GLOBAL_ID)
