"""Plans: what a document asks of the objects of one type, worked out once and used again.

A plan is made of levels. A level is a concrete type with the fields that are asked of its objects;
a field knows how its values are found for all objects at once, and the levels below it.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Final, cast

from graphql import (
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLObjectType,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    VariableNode,
)
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetails
from strawberry.types.field import StrawberryField

from graph.binding import PERMISSION, RELATION
from models.rules.access import Permission
from resolvers.loaders.relation import Relation

DEFINITION: Final = "strawberry-definition"


class Way(Enum):
    """How a field's values are found."""

    ATTRIBUTE = auto()
    """Each object has it."""
    TYPE_NAME = auto()
    """It is the type's name."""
    RELATION = auto()
    """One call of a relation finds it for all objects."""
    FUNCTION = auto()
    """A plain function of the object gives it."""
    RESOLVER = auto()
    """A resolver is asked for each object; those that wait, wait together."""


@dataclass(slots=True)
class Field:
    """One field of a level, under the name that it has in the answer."""

    name: str
    details: list[FieldDetails]
    declared: GraphQLField
    parent: GraphQLObjectType
    way: Way
    attribute: str = ""
    relation: Relation | None = None
    needs: Permission | None = None
    function: Callable[[Any], Any] | None = None
    below: dict[str, "Level"] = field(default_factory=dict)

    @property
    def node(self) -> FieldNode:
        return self.details[0].node

    @property
    def nodes(self) -> list[FieldNode]:
        return [details.node for details in self.details]


@dataclass(slots=True)
class Level:
    """The fields that are asked of the objects of one concrete type."""

    type: GraphQLObjectType
    fields: list[Field]

    @property
    def names(self) -> list[str]:
        return [each.name for each in self.fields]


def plan_level(
    executor: Executor[Any], of_type: GraphQLObjectType, grouped: Mapping[str, list[FieldDetails]]
) -> Level:
    """The level for fields that graphql-core has collected."""
    found = (_plan_field(executor, of_type, name, each) for name, each in grouped.items())
    return Level(of_type, [each for each in found if each is not None])


def level_below(executor: Executor[Any], above: Field, of_type: GraphQLObjectType) -> Level:
    """The level for objects of one type that a field gives."""
    level = above.below.get(of_type.name)
    if level is None:
        collected = executor.collect_subfields(of_type, above.details)
        level = plan_level(executor, of_type, collected.grouped_field_set)
        above.below[of_type.name] = level
    return level


def _plan_field(
    executor: Executor[Any], parent: GraphQLObjectType, name: str, details: list[FieldDetails]
) -> Field | None:
    declared = executor.schema.get_field(parent, details[0].node.name.value)
    if declared is None:
        return None
    planned = Field(name, details, declared, parent, Way.RESOLVER)
    if details[0].node.name.value == "__typename":
        planned.way = Way.TYPE_NAME
        return planned
    definition = (declared.extensions or {}).get(DEFINITION)
    if isinstance(definition, StrawberryField):
        _find_way(planned, definition)
    return planned


def _find_way(planned: Field, definition: StrawberryField) -> None:
    """Recognize the ways that are quicker than asking the resolver for each object."""
    if definition.extensions:
        return
    resolver = definition.base_resolver
    if definition.is_basic_field:
        planned.way, planned.attribute = Way.ATTRIBUTE, definition.python_name
    elif relation := definition.metadata.get(RELATION):
        planned.way, planned.relation = Way.RELATION, relation
        planned.needs = definition.metadata.get(PERMISSION)
    elif (
        resolver is not None
        and resolver.self_parameter
        and not resolver.is_async
        and not resolver.arguments
        and not resolver.info_parameter
    ):
        planned.way = Way.FUNCTION
        planned.function = cast("Callable[[Any], Any]", resolver.wrapped_func)


class Plans:
    """The plans of the documents that were run last, at most `size`.

    A plan depends on the variables that @skip and @include ask, and on no others.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._kept: OrderedDict[tuple[Any, ...], tuple[OperationDefinitionNode, Level]] = (
            OrderedDict()
        )

    def root(
        self,
        executor: Executor[Any],
        of_type: GraphQLObjectType,
        grouped: Mapping[str, list[FieldDetails]],
    ) -> Level:
        """The plan's first level."""
        operation = executor.operation
        asked = conditions(operation, executor.fragment_definitions)
        values = executor.variable_values.coerced
        key = (id(operation), tuple(values.get(name) for name in asked))
        kept = self._kept.get(key)
        if kept is None:
            # The operation is kept with its plan, so that no other one gets its id.
            kept = self._kept[key] = operation, plan_level(executor, of_type, grouped)
            if len(self._kept) > self.size:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        return kept[1]


def conditions(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> list[str]:
    """The variables that decide which fields are asked for."""
    names: dict[str, None] = {}
    seen: set[str] = set()
    waiting: list[SelectionNode] = list(operation.selection_set.selections)
    while waiting:
        node = waiting.pop()
        names.update(dict.fromkeys(_variables(node.directives or ())))
        if isinstance(node, FragmentSpreadNode):
            name = node.name.value
            if name not in seen and name in fragments:
                seen.add(name)
                waiting += fragments[name].selection_set.selections
        elif isinstance(node, FieldNode | InlineFragmentNode) and node.selection_set:
            waiting += node.selection_set.selections
    return list(names)


def _variables(directives: "tuple[DirectiveNode, ...]") -> Iterator[str]:
    for directive in directives:
        for argument in directive.arguments or ():
            if isinstance(argument.value, VariableNode):
                yield argument.value.name.value
