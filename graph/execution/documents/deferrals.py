"""The parts of a document that @defer and @stream defer, found once for each document.

Both directives allow a server to answer at once. A document with them is therefore stored twice: as
it was sent, and without them for clients that do not read answers in parts.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    REMOVE,
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLDeferDirective,
    GraphQLStreamDirective,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    VariableNode,
    Visitor,
    VisitorAction,
    visit,
)

from graph.execution.failures import Malformed

DIRECTIVES: Final = frozenset({GraphQLDeferDirective.name, GraphQLStreamDirective.name})

Deciding = Mapping[str, bool] | None
"""The variables that decide whether an operation defers anything, each with its default; None if it
always does."""


@dataclass(frozen=True, slots=True)
class Deferrals:
    """The deferred parts of a document, by the name of the operation."""

    undeferred: DocumentNode
    """The same document without the directives."""
    deciding: Mapping[str | None, Deciding]

    def defers(self, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> bool:
        """Whether the operation defers anything, given the raw variables.

        Raises:
            Malformed: it does, and is a subscription.
        """
        deciding = self.deciding[_name(operation)]
        defers = deciding is None or any(
            variables.get(variable, default) is not False for variable, default in deciding.items()
        )
        if defers and operation.operation is OperationType.SUBSCRIPTION:
            raise Malformed("Subscriptions put nothing off: give @defer and @stream `if: false`.")
        return defers


def deferrals(document: DocumentNode) -> Deferrals | None:
    """The deferred parts of a valid document, or None without either directive."""
    fragments: dict[str, FragmentDefinitionNode] = {}
    operations: list[OperationDefinitionNode] = []
    for definition in document.definitions:
        if isinstance(definition, FragmentDefinitionNode):
            fragments[definition.name.value] = definition
        elif isinstance(definition, OperationDefinitionNode):
            operations.append(definition)
    found = [(each, list(_directives(each, fragments))) for each in operations]
    if not any(directives for _, directives in found):
        return None
    deciding = {_name(each): _deciding(each, directives) for each, directives in found}
    return Deferrals(visit(document, _Removal()), deciding)


class _Removal(Visitor):
    def enter_directive(self, node: DirectiveNode, *_: Any) -> VisitorAction:
        return REMOVE if node.name.value in DIRECTIVES else None


def _name(operation: OperationDefinitionNode) -> str | None:
    return operation.name.value if operation.name else None


def _directives(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> Iterator[DirectiveNode]:
    """Each @defer and @stream of the operation and of its fragments."""
    seen: set[str] = set()
    waiting: list[SelectionNode] = list(operation.selection_set.selections)
    while waiting:
        node = waiting.pop()
        yield from (each for each in node.directives or () if each.name.value in DIRECTIVES)
        inside = getattr(node, "selection_set", None)
        if isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
            seen.add(node.name.value)
            inside = fragments[node.name.value].selection_set
        if inside:
            waiting += inside.selections


def _deciding(operation: OperationDefinitionNode, directives: Iterable[DirectiveNode]) -> Deciding:
    defaults = {
        each.variable.name.value: each.default_value
        for each in operation.variable_definitions or ()
    }
    deciding: dict[str, bool] = {}
    for directive in directives:
        conditions = [each.value for each in directive.arguments or () if each.name.value == "if"]
        match conditions:
            case [VariableNode() as variable]:
                name = variable.name.value
                deciding[name] = not _is_false(defaults.get(name))
            case [condition] if _is_false(condition):
                pass
            case _:
                return None
    return deciding


def _is_false(value: Any) -> bool:
    return isinstance(value, BooleanValueNode) and not value.value
