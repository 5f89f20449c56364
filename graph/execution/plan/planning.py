"""Plans: the fields that a document selects of objects, analyzed once and reused.

A plan consists of levels. A level is a concrete type with the selected fields of its objects; a
field knows how its values are found for all objects at once, the columns to read for that, and the
levels below it.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from graphql import (
    GraphQLError,
    GraphQLObjectType,
    OperationDefinitionNode,
    get_named_type,
    is_leaf_type,
)
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetails
from strawberry.types.field import StrawberryField

from graph.execution.documents.conditions import conditions
from graph.execution.plan.levels import Field, Level, Way
from graph.fields import (
    COLUMNS,
    DEFINITION,
    FUNCTION,
    INPUTS,
    PAGED,
    PERMISSION,
    RELATION,
    Input,
)
from graph.types.node import table_of
from resolvers.loaders.relation import Relation


def plan_level(
    executor: Executor[Any], of_type: GraphQLObjectType, grouped: Mapping[str, list[FieldDetails]]
) -> Level:
    """The level of fields that graphql-core has collected, with the levels below it."""
    found = (_plan_field(executor, of_type, name, each) for name, each in grouped.items())
    return Level(of_type, [each for each in found if each is not None])


def level_below(executor: Executor[Any], above: Field, of_type: GraphQLObjectType) -> Level:
    """The level of a field's objects of one type."""
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
    planned = Field(name, details, declared, parent)
    definition = (declared.extensions or {}).get(DEFINITION)
    if details[0].node.name.value == "__typename":
        planned.way, planned.needed = Way.TYPE_NAME, ()
    elif isinstance(definition, StrawberryField) and not definition.extensions:
        _find_way(planned, definition)
    planned.waits = planned.reads = _waits(planned)
    named = get_named_type(declared.type)
    if isinstance(named, GraphQLObjectType):
        _plan_below(executor, planned, named)
    elif not is_leaf_type(named):
        planned.reads = True  # the types below an interface or a union are not known yet
    return planned


def _plan_below(executor: Executor[Any], planned: Field, of_type: GraphQLObjectType) -> None:
    try:
        level = level_below(executor, planned, of_type)
    except GraphQLError:
        # An unreadable condition is an error of each object in which it stands.
        planned.reads = True
        return
    planned.reads |= any(each.reads for each in level.fields)
    _read_columns(planned, level)


def _find_way(planned: Field, definition: StrawberryField) -> None:
    """Finds the ways that are faster than a call of the resolver for each object."""
    described = definition.metadata
    planned.needs = described.get(PERMISSION)
    if definition.is_basic_field:
        planned.way, planned.inputs = Way.ATTRIBUTE, (definition.python_name,)
        planned.needed = (definition.python_name,)
    elif relation := described.get(RELATION):
        planned.way, planned.relation, planned.needed = Way.RELATION, relation, (relation.key,)
    elif function := described.get(FUNCTION):
        planned.way, planned.function = Way.COMPUTED, function
        planned.inputs = described[INPUTS]
        planned.needed = tuple(_columns_of(planned.inputs))
    elif PAGED in described and not planned.needs:
        planned.way, planned.needed = Way.PAGED, ("id",)
    else:
        planned.needed = described.get(COLUMNS)


def _columns_of(inputs: Iterable[Input]) -> Iterator[str]:
    for each in inputs:
        if isinstance(each, str):
            yield each
        elif isinstance(each, Relation):
            yield each.key


def _waits(planned: Field) -> bool:
    """Whether finding the field's own values may wait for the database."""
    match planned.way:
        case Way.TYPE_NAME | Way.ATTRIBUTE:
            return False
        case Way.COMPUTED:
            return any(isinstance(each, Relation) for each in planned.inputs)
        case _:
            return True


def _read_columns(planned: Field, level: Level) -> None:
    """Sets the columns to read of the field's rows."""
    levels = [level]
    if planned.way is Way.RELATION and planned.relation:
        planned.table = planned.relation.table
    elif planned.way in {Way.PAGED, Way.RESOLVER}:
        levels = list(_levels_of_nodes(level)) or levels
        planned.table = table_of(levels[0].type)
    if planned.table is None:
        return
    known = planned.table._meta.fields_db_projection
    needed: dict[str, None] = {}
    for each in (each for level in levels for each in level.fields):
        if each.needed is None or not known.keys() >= set(each.needed):
            return
        needed.update(dict.fromkeys(each.needed))
    planned.columns = tuple(needed)
    for each_level in levels:
        each_level.columns = planned.columns


def _levels_of_nodes(connection: Level) -> Iterator[Level]:
    """The levels of a page's objects: below `nodes`, and below `node` of `edges`."""
    for each in connection.fields:
        match each.node.name.value:
            case "nodes":
                yield from each.below.values()
            case "edges":
                for level in each.below.values():
                    for edge in level.fields:
                        if edge.node.name.value == "node":
                            yield from edge.below.values()


MAX_PLANS_OF_ONE: Final = 16
"""Plans of one operation: one for each set of values of its @skip and @include."""

_ByValues = OrderedDict[tuple[Any, ...], Level]


class Plans:
    """The plans of the last operations, at most `size`.

    A plan depends only on the variables of @skip and @include.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        # The operation is stored with its plans, so that its id is not reused.
        self._cache: OrderedDict[int, tuple[OperationDefinitionNode, list[str], _ByValues]] = (
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
        cached = self._cache.get(id(operation))
        if cached is None:
            asked = conditions(operation, executor.fragment_definitions)
            cached = self._cache[id(operation)] = operation, asked, OrderedDict()
            _drop_oldest(self._cache, self.size)
        else:
            self._cache.move_to_end(id(operation))
        _, asked, plans = cached
        coerced = executor.variable_values.coerced
        values = tuple(coerced.get(name) for name in asked)
        level = plans.get(values)
        if level is None:
            level = plans[values] = plan_level(executor, of_type, grouped)
            _drop_oldest(plans, MAX_PLANS_OF_ONE)
        return level


def _drop_oldest(cached: OrderedDict[Any, Any], size: int) -> None:
    if len(cached) > size:
        cached.popitem(last=False)
