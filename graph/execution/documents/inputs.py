"""Counts the inputs of an operation before they are coerced: lists, texts and filters.

Coercing and compiling inputs takes time by their amount. They are therefore counted as they were
sent: literals when their document is prepared, raw variables with each request.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import (
    ArgumentNode,
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
)

from graph.execution.documents.limits import Limits
from graph.execution.failures import Code, Rejected
from graph.sizes import Sizes

MAX_NAME: Final = 200
MAX_DEPTH: Final = 64
WORDED: Final = frozenset({"words", "search"})
"""Inputs in which each word is a condition of its own."""
LONG: Final = 50
"""Characters of such an input that count as one condition: U+FDFA becomes 18 letters."""
COMBINING: Final = frozenset({"and", "or", "not"})

_WORD: Final = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Amount:
    """The amount of inputs: elements of lists and conditions of filters."""

    elements: int = 0
    conditions: int = 0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.elements + other.elements, self.conditions + other.conditions)

    def __mul__(self, times: int) -> "Amount":
        return Amount(self.elements * times, self.conditions * times)


NOTHING: Final = Amount()


class Place:
    """An argument or an input field, with the sizes that it allows."""

    def __init__(self, owner: str, name: str, of_type: GraphQLNamedType, sizes: Sizes) -> None:
        self.name = name
        self.type = of_type
        self.texts = sizes.of_text(owner, name, of_type.name)
        self.items = sizes.of_list(owner, name)
        self.is_json = of_type.name == "JSON"
        self.is_worded = name in WORDED
        self.inside: GraphQLInputObjectType | None = None
        if isinstance(of_type, GraphQLInputObjectType):
            self.inside = of_type
        self.is_filter = self.inside is not None and "not" in self.inside.fields
        self.is_operation = self.inside is not None and of_type.name.endswith("Op")


@dataclass(slots=True)
class OperationInputs:
    """The inputs in an operation's document: its literals, and the places of its variables.

    A fragment counts at each spread. `uses` has the number of uses at each place.
    """

    literals: Amount = NOTHING
    uses: Counter[tuple[Place, str]] = field(default_factory=Counter)
    defaults: dict[tuple[Place, str], Amount] = field(default_factory=dict)

    def add(self, other: "OperationInputs") -> None:
        self.literals += other.literals
        self.uses += other.uses


class Inputs:
    """Counts the inputs of one schema's operations, and refuses those that are too large.

    An amount counts each use: a variable in twenty fields is coerced twenty times.
    """

    def __init__(self, schema: GraphQLSchema, limits: Limits, sizes: Sizes | None = None) -> None:
        self._schema = schema
        self._limits = limits
        self._sizes = sizes or Sizes()
        self._places: dict[tuple[str, str], Place | None] = {}

    def operation_inputs(self, document: DocumentNode) -> dict[str | None, OperationInputs]:
        """The inputs of each operation of a document, by its name; checks the sizes of literals.

        Raises:
            Rejected: LIMIT_EXCEEDED, with the name of the input that is too large.
        """
        return {
            definition.name.value if definition.name else None: _Reader(self, document).operation(
                definition
            )
            for definition in document.definitions
            if isinstance(definition, OperationDefinitionNode)
        }

    def amount(self, operation_inputs: OperationInputs, variables: Mapping[str, Any]) -> Amount:
        """The amount of an operation's inputs with these raw variables.

        The operation's cost includes `elements` as 1 point each: each element of a given list, once
        for each field or directive that takes it.

        Raises:
            Rejected: LIMIT_EXCEEDED, with the name of the input that is too large.
        """
        found = operation_inputs.literals
        for (place, name), times in operation_inputs.uses.items():
            if name not in variables:
                found += operation_inputs.defaults.get((place, name), NOTHING) * times
            else:
                found += _Raw(self, name).amount(place, variables[name]) * times
            self.check(found)
        return found

    def check(self, found: Amount) -> None:
        """Passes if the amount is within the limits of an operation.

        Raises:
            Rejected: LIMIT_EXCEEDED.
        """
        limits = self._limits
        if found.elements > limits.input_elements:
            raise _too_many(f"An operation has at most {limits.input_elements} values in its lists")
        if found.conditions > limits.filter_conditions:
            raise _too_many(
                f"The filters of an operation have at most {limits.filter_conditions} conditions"
                " together"
            )

    def place(
        self, owner: str, name: str, declared: GraphQLArgument | GraphQLInputField | None
    ) -> Place | None:
        """The argument or input field; None for an unknown one, which validation refuses."""
        key = (owner, name)
        if declared is None:
            return None
        if key not in self._places:
            self._places[key] = Place(owner, name, get_named_type(declared.type), self._sizes)
        return self._places[key]

    def argument(self, owner: str, field_name: str, argument: str) -> Place | None:
        """The argument of a field, or of a directive if `owner` is empty."""
        if not owner:
            directive = self._schema.get_directive(field_name)
            arguments = directive.args if directive else {}
        else:
            of_type = self._schema.get_type(owner)
            known = isinstance(of_type, GraphQLObjectType | GraphQLInterfaceType)
            declared = of_type.fields.get(field_name) if known else None  # type: ignore[union-attr]
            arguments = declared.args if declared else {}
        return self.place(f"{owner}.{field_name}", argument, arguments.get(argument))

    def given(self, place: Place, name: str) -> Place | None:
        """The input field of an object at a place; inside JSON it is JSON again."""
        if place.inside is None:
            return place if place.is_json else None
        return self.place(place.inside.name, name, place.inside.fields.get(name))


class _Counting:
    """Counts values at a place, for literals and raw variables alike."""

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs

    def text(self, place: Place, text: str, path: str) -> Amount:
        if len(text) > place.texts:
            raise _too_many(f"`{path}` has at most {place.texts} characters")
        if place.is_worded:
            return Amount(0, max(len(_WORD.findall(text)), -(-len(text) // LONG)))
        return NOTHING

    def items(self, place: Place, count: int, path: str) -> Amount:
        if not place.is_json and count > place.items:
            raise _too_many(f"`{path}` has at most {place.items} values")
        found = Amount(count)
        self.inputs.check(found)
        return found

    def object(self, place: Place, names: list[str], path: str) -> Amount:
        if any(len(name) > MAX_NAME for name in names):
            raise _too_many(f"A name in `{path}` has at most {MAX_NAME} characters")
        if place.inside is None:
            return Amount(len(names))
        if len(names) > len(place.inside.fields):
            raise Rejected(Code.BAD_REQUEST, f"`{path}` has fields that there are not.")
        if place.is_filter:
            return Amount(0, self._conditions(place, names))
        if place.is_operation:
            return Amount(0, max(1, len(names)))
        return NOTHING

    def _conditions(self, place: Place, names: list[str]) -> int:
        """A filter's own conditions; operations on a column count their own."""
        own = [name for name in names if name not in COMBINING]
        given = [self.inputs.given(place, name) for name in own]
        return max(0 if own else 1, sum(not (each and each.is_operation) for each in given))

    def depth(self, depth: int, path: str) -> None:
        if depth > MAX_DEPTH:
            raise _too_many(f"`{path.partition('.')[0]}` is nested at most {MAX_DEPTH} deep")


class _Raw(_Counting):
    """Counts the value of a variable as it came from JSON."""

    def __init__(self, inputs: Inputs, name: str) -> None:
        super().__init__(inputs)
        self.name = name

    def amount(self, place: Place, value: Any) -> Amount:
        return self.value(place, value, f"${self.name}", 0)

    def value(self, place: Place, value: Any, path: str, depth: int) -> Amount:
        if isinstance(value, str):
            return self.text(place, value, path)
        if not isinstance(value, list | dict):
            return NOTHING
        self.depth(depth, path)
        if isinstance(value, list):
            found = self.items(place, len(value), path)
            parts = [(place, f"{path}.{at}", each) for at, each in enumerate(value)]
        else:
            found = self.object(place, list(value), path)
            fields = ((self.inputs.given(place, name), name) for name in value)
            parts = [(each, f"{path}.{name}", value[name]) for each, name in fields if each]
        for inner, at, part in parts:
            if part.__class__ is str and len(part) <= inner.texts and not inner.is_worded:
                continue  # the usual case
            found += self.value(inner, part, at, depth + 1)
        self.inputs.check(found)
        return found


class _Reader(_Counting):
    """Counts the inputs in one document's operations, each fragment once."""

    def __init__(self, inputs: Inputs, document: DocumentNode) -> None:
        super().__init__(inputs)
        self.schema = inputs._schema  # noqa: SLF001 - of the same file
        self.fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self.known: dict[str, OperationInputs] = {}
        self.found = OperationInputs()

    def operation(self, node: OperationDefinitionNode) -> OperationInputs:
        root = self.schema.get_root_type(node.operation)
        found = self.collected(node.selection_set, root.name if root else "", node.directives)
        defaults = {
            each.variable.name.value: each.default_value
            for each in node.variable_definitions or ()
            if each.default_value
        }
        for place, name in found.uses:
            if name in defaults:
                found.defaults[place, name] = self.value(place, defaults[name], f"${name}", 0)
        self.inputs.check(found.literals)
        return found

    def collected(
        self,
        selected: SelectionSetNode | None,
        owner: str,
        directives: tuple[DirectiveNode, ...] | None,
    ) -> OperationInputs:
        """The inputs of a selection alone."""
        outer, self.found = self.found, OperationInputs()
        self.directives(directives)
        self.selections(selected, owner)
        found, self.found = self.found, outer
        return found

    def selections(self, selected: SelectionSetNode | None, owner: str) -> None:
        for node in selected.selections if selected else ():
            self.directives(node.directives)
            match node:
                case FieldNode():
                    self.arguments(owner, node.name.value, node.arguments)
                    self.selections(node.selection_set, self._below(owner, node.name.value))
                case InlineFragmentNode():
                    condition = node.type_condition
                    inside = condition.name.value if condition else owner
                    self.selections(node.selection_set, inside)
                case FragmentSpreadNode():
                    self.found.add(self.fragment(node.name.value))

    def fragment(self, name: str) -> OperationInputs:
        """A fragment's inputs; none for a fragment that is unknown or contains itself."""
        if name not in self.known:
            self.known[name] = OperationInputs()
            node = self.fragments.get(name)
            if node:
                self.known[name] = self.collected(
                    node.selection_set, node.type_condition.name.value, node.directives
                )
        return self.known[name]

    def _below(self, owner: str, name: str) -> str:
        of_type = self.schema.get_type(owner)
        if isinstance(of_type, GraphQLObjectType | GraphQLInterfaceType):
            declared = of_type.fields.get(name)
            return get_named_type(declared.type).name if declared else ""
        return ""

    def directives(self, nodes: tuple[DirectiveNode, ...] | None) -> None:
        for node in nodes or ():
            self.arguments("", node.name.value, node.arguments)

    def arguments(self, owner: str, field: str, nodes: tuple[ArgumentNode, ...] | None) -> None:
        for node in nodes or ():
            place = self.inputs.argument(owner, field, node.name.value)
            if place:
                self.found.literals += self.value(place, node.value, place.name, 0)

    def value(self, place: Place, node: ValueNode, path: str, depth: int) -> Amount:
        self.depth(depth, path)
        match node:
            case VariableNode():
                self.found.uses[place, node.name.value] += 1
                return NOTHING
            case ListValueNode():
                found = self.items(place, len(node.values), path)
                for at, each in enumerate(node.values):
                    found += self.value(place, each, f"{path}.{at}", depth + 1)
                return found
            case ObjectValueNode():
                names = [each.name.value for each in node.fields]
                found = self.object(place, names, path)
                for name, part in zip(names, node.fields, strict=True):
                    inner = self.inputs.given(place, name)
                    if inner:
                        found += self.value(inner, part.value, f"{path}.{name}", depth + 1)
                return found
            case BooleanValueNode() | NullValueNode():
                return NOTHING
            case _:
                return self.text(place, getattr(node, "value", ""), path)


def _too_many(message: str) -> Rejected:
    return Rejected(Code.LIMIT_EXCEEDED, f"{message}.")
