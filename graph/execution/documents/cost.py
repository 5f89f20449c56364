"""The cost of an operation, computed from its text and variables before it runs.

An object costs 1 point, ten scalars cost 1, a mutation costs 10 more. A connection costs its
`first` or `last` times the cost of one of its objects, any other list its declared size times that.
Fields of one name are one field, as in the answer, so overlapping fragments cost nothing extra. For
objects of several types the most expensive type counts.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, cast

from graphql import (
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    Undefined,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
)
from strawberry.types.field import StrawberryField

from graph.execution.failures import Code, Rejected
from graph.fields import DEFINITION, SIZE
from resolvers.context import Context
from resolvers.listing import DEFAULT_SIZE, MAX_SIZE
from resolvers.metering import OBJECT, POINT, SCALAR

MUTATION: Final = 10 * POINT

USUAL_SIZE: Final = 3
"""The size of a list without a declared one, such as addresses, parcels or tags."""

PAGE_ARGUMENTS: Final = ("first", "last")
PAGE_LISTS: Final = frozenset({"nodes", "edges"})
"""The lists of a connection, as long as its page."""

MAX_INT: Final = 2**31 - 1
"""The highest cost shown: the maximum of GraphQL's Int. Products of pages go far beyond."""

MAX_CACHED: Final = 100
"""Cached costs of an operation, each for other values of its variables."""

Variables = Mapping[str, Any]


class TooCostly(Rejected):
    """An operation that costs more than allowed."""

    def __init__(self, requested: int, allowed: int) -> None:
        super().__init__(
            Code.COST_EXCEEDED,
            f"This costs {requested} points; at most {allowed} are allowed. Ask for less at once.",
            extensions={"requested": requested, "allowed": allowed},
        )


def cost_extensions(context: Context) -> dict[str, Any] | None:
    """The `extensions` with the cost, if the client asked for them; otherwise None.

    It is called after the operation, or one event of it: the actual cost is known then.
    """
    estimate = context.meter.estimate
    if not context.shows_cost or estimate is None:
        return None
    points = {"requested": estimate.requested, "actual": min(context.meter.points, MAX_INT)}
    return {"cost": {**points, "allowed": estimate.allowed}}


class Costs:
    """The costs of a document's operations, cached by the values of the variables that decide."""

    def __init__(
        self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode]
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._cache: dict[str | None, tuple[list[str], OrderedDict[Any, int]]] = {}

    def of(self, operation: OperationDefinitionNode, variables: Variables) -> int:
        """The points of an operation of the document with these coerced variables."""
        name = operation.name.value if operation.name else None
        cached = self._cache.get(name)
        if cached is None:
            deciding = list(dict.fromkeys(_deciding(operation, self._fragments.values())))
            cached = self._cache[name] = deciding, OrderedDict()
        deciding, costs = cached
        values = tuple([_value(variables.get(each)) for each in deciding])
        cost = costs.get(values)
        if cost is None:
            cost = costs[values] = self._estimate(operation, variables)
            if len(costs) > MAX_CACHED:
                costs.popitem(last=False)
        return cost

    def _estimate(self, operation: OperationDefinitionNode, variables: Variables) -> int:
        estimate = _Estimate(self._schema, self._fragments, variables)
        root = cast("GraphQLObjectType", self._schema.get_root_type(operation.operation))
        fields = estimate.collect(root, [operation.selection_set])
        tenths = estimate.object(root, fields)
        if operation.operation is OperationType.MUTATION:
            tenths += MUTATION * len(fields)
        return min(-(-tenths // POINT), MAX_INT)


_Fields = dict[str, list[FieldNode]]


class _Estimate:
    """One operation with its variables. The cost of a repeated selection is computed once."""

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: Variables,
    ) -> None:
        self.schema = schema
        self.fragments = fragments
        self.variables = variables
        self.known: dict[Any, int] = {}

    def object(self, of_type: GraphQLObjectType, fields: _Fields, page: int = USUAL_SIZE) -> int:
        """The cost of one object's fields, in tenths of a point, without the object itself."""
        nodes = frozenset(id(node) for each in fields.values() for node in each)
        key = of_type.name, page, nodes
        cost = self.known.get(key)
        if cost is None:
            cost = self.known[key] = sum(
                self.field(of_type, each, page) for each in fields.values()
            )
        return cost

    def field(self, parent: GraphQLObjectType, nodes: list[FieldNode], page: int) -> int:
        """The cost of a field of one object, with all below it."""
        declared = self.schema.get_field(parent, nodes[0].name.value)
        if declared is None:
            return 0
        own_page = self.page(declared, nodes[0])
        named = get_named_type(declared.type)
        cost = SCALAR
        if not is_leaf_type(named):
            selected = [node.selection_set for node in nodes if node.selection_set]
            cost = OBJECT + self.below(
                named, selected, USUAL_SIZE if own_page is None else own_page
            )
        if not is_list_type(get_nullable_type(declared.type)):
            return cost
        if own_page is not None:
            return own_page * cost
        is_of_page = nodes[0].name.value in PAGE_LISTS and parent.fields.get("pageInfo")
        return (page if is_of_page else self.size(declared, nodes[0])) * cost

    def below(self, named: Any, selected: list[SelectionSetNode], page: int) -> int:
        """The cost of a field's object; the most expensive of several types."""
        if not is_abstract_type(named):
            return self.object(named, self.collect(named, selected), page)
        return max(
            (
                self.object(each, self.collect(each, selected), page)
                for each in self.schema.get_possible_types(named)
            ),
            default=0,
        )

    def page(self, declared: GraphQLField, node: FieldNode) -> int | None:
        """The most objects of a page, or None for a field without pages."""
        given = [
            self.count(declared.args[name], node, name)
            for name in PAGE_ARGUMENTS
            if name in declared.args
        ]
        if not given:
            return None
        asked = [each for each in given if each is not None]
        return min(max(asked, default=DEFAULT_SIZE), MAX_SIZE)

    def count(self, argument: GraphQLArgument, node: FieldNode, name: str) -> int | None:
        """The number of objects that an argument asks for, or None."""
        value = next((each.value for each in node.arguments or () if each.name.value == name), None)
        asked: Any = None
        match value:
            case IntValueNode():
                asked = int(value.value)
            case VariableNode():
                asked = self.variables.get(value.name.value)
        if asked is None and not isinstance(value, NullValueNode):
            asked = argument.default_value
        # The field itself refuses numbers below zero.
        return max(asked, 0) if type(asked) is int else None

    def size(self, declared: GraphQLField, node: FieldNode) -> int:
        """The length of a list without pages: that of its list argument, or as declared."""
        for each in node.arguments or ():
            argument = declared.args.get(each.name.value)
            if argument and is_list_type(get_nullable_type(argument.type)):
                return self.length(each.value)
        definition = (declared.extensions or {}).get(DEFINITION)
        if isinstance(definition, StrawberryField):
            size: int = definition.metadata.get(SIZE, USUAL_SIZE)
            return size
        return USUAL_SIZE

    def length(self, value: ValueNode) -> int:
        """The number of elements of a list argument; a single value is a list of one."""
        if isinstance(value, ListValueNode):
            return len(value.values)
        given = self.variables.get(value.name.value) if isinstance(value, VariableNode) else None
        return len(given) if isinstance(given, list) else 1

    def collect(self, of_type: GraphQLObjectType, selected: Iterable[SelectionSetNode]) -> _Fields:
        """The selected fields of a type, by their names in the answer."""
        fields: _Fields = {}
        spread: set[str] = set()
        waiting: list[SelectionNode] = [node for each in selected for node in each.selections]
        while waiting:
            node = waiting.pop()
            if self.is_left_out(node.directives or ()):
                continue
            match node:
                case FieldNode():
                    name = (node.alias or node.name).value
                    fields.setdefault(name, []).append(node)
                case InlineFragmentNode():
                    if self.is_of(of_type, node.type_condition):
                        waiting += node.selection_set.selections
                case FragmentSpreadNode() if node.name.value not in spread:
                    spread.add(node.name.value)
                    fragment = self.fragments[node.name.value]
                    if self.is_of(of_type, fragment.type_condition):
                        waiting += fragment.selection_set.selections
        return fields

    def is_left_out(self, directives: Iterable[DirectiveNode]) -> bool:
        """Whether @skip or @include omits the selection."""
        for each in directives:
            name = each.name.value
            if name in {"skip", "include"} and each.arguments:
                value: Any = each.arguments[0].value
                asked = (
                    self.variables.get(value.name.value)
                    if isinstance(value, VariableNode)
                    else getattr(value, "value", None)
                )
                if asked is (name == "skip"):
                    return True
        return False

    def is_of(self, of_type: GraphQLObjectType, condition: Any) -> bool:
        """Whether a fragment's condition holds for objects of the type."""
        if condition is None or condition.name.value == of_type.name:
            return True
        named = self.schema.get_type(condition.name.value)
        return isinstance(named, GraphQLInterfaceType | GraphQLUnionType) and (
            self.schema.is_sub_type(named, of_type)
        )


def _deciding(
    operation: OperationDefinitionNode, fragments: Iterable[FragmentDefinitionNode]
) -> Iterator[str]:
    """The variables that the cost depends on: of conditions, of pages and of lists of inputs.

    Those of fragments of other operations are included; they do no harm.
    """
    waiting: list[SelectionNode] = list(operation.selection_set.selections)
    for fragment in fragments:
        waiting += fragment.selection_set.selections
    while waiting:
        node = waiting.pop()
        arguments = [each for given in node.directives or () for each in given.arguments or ()]
        if isinstance(node, FieldNode):
            arguments += node.arguments or ()
        for argument in arguments:
            if isinstance(argument.value, VariableNode):
                yield argument.value.name.value
        inside = getattr(node, "selection_set", None)
        if inside:
            waiting += inside.selections


def _value(value: Any) -> Any:
    """The part of a variable's value that a cost can depend on."""
    if isinstance(value, list):
        return len(value)
    return value if value is None or isinstance(value, int) else Undefined
