"""What makes two subscriptions answer alike: their documents, operations and variables."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson
from graphql import (
    DocumentNode,
    FieldNode,
    Node,
    OperationDefinitionNode,
    VariableDefinitionNode,
    VariableNode,
)

CURSOR: Final = "after"
"""The argument of the root field that only says where a stream begins."""


def key_of(
    node: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
    free: frozenset[str],
) -> tuple[str, str, bytes]:
    """Text, operation and variables; equal for streams whose every answer is equal.

    `free` are variables without influence on answers, see `free_variables`.
    """
    text = node.loc.source.body if node.loc else ""
    name = operation.name.value if operation.name else ""
    bound = {name: value for name, value in variables.items() if name not in free}
    # As text: 1, 1.0 and True are one key of a dictionary, and three values of a variable.
    return text, name, orjson.dumps(bound, option=orjson.OPT_SORT_KEYS)


def free_variables(node: DocumentNode, operation: OperationDefinitionNode) -> frozenset[str]:
    """The variables that are the root field's cursor and nothing else in the document."""
    cursors = {
        id(argument.value): argument.value.name.value
        for field in operation.selection_set.selections
        if isinstance(field, FieldNode)
        for argument in field.arguments or ()
        if argument.name.value == CURSOR and isinstance(argument.value, VariableNode)
    }
    elsewhere = {each.name.value for each in _variables(node) if id(each) not in cursors}
    return frozenset(cursors.values()) - elsewhere


def _variables(node: Node) -> Iterator[VariableNode]:
    """Every use of a variable."""
    if isinstance(node, VariableNode):
        yield node
    for key in node.keys:
        if key == "variable" and isinstance(node, VariableDefinitionNode):
            continue
        value = getattr(node, key)
        for each in value if isinstance(value, tuple | list) else (value,):
            if isinstance(each, Node):
                yield from _variables(each)
