"""Reads inputs without nested inputs in one step; Strawberry takes a step for each field."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING
from typing import Any

from graphql import GraphQLInputObjectType, GraphQLSchema, get_nullable_type, is_leaf_type
from strawberry.schema.name_converter import NameConverter
from strawberry.types.arguments import InputContext
from strawberry.types.base import StrawberryObjectDefinition

from graph.fields import DEFINITION


def read_flat_inputs_at_once(schema: GraphQLSchema, names: NameConverter) -> None:
    """Builds inputs of scalars and enums only in one step each.

    Strawberry resolves the type of each field of each value again: 2,000 lines of an order hold
    the event loop for 70 ms.
    """
    for declared in schema.type_map.values():
        if isinstance(declared, GraphQLInputObjectType) and all(
            is_leaf_type(get_nullable_type(each.type)) for each in declared.fields.values()
        ):
            definition: StrawberryObjectDefinition = declared.extensions[DEFINITION]
            definition.from_input = _reader(definition, names)


def _reader(definition: StrawberryObjectDefinition, names: NameConverter) -> Callable[..., Any]:
    by_name = {names.from_field(each): each.python_name for each in definition.fields}
    absent = {
        each.python_name: None
        for each in definition.fields
        if each.default_value is MISSING and each.default_factory is MISSING
    }

    def read(made: type, given: Mapping[str, Any], _context: InputContext) -> Any:
        return made(**absent | {by_name[name]: value for name, value in given.items()})

    return read
