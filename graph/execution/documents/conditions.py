"""Finds the variables that an operation's plan depends on."""

from collections.abc import Iterator, Mapping

from graphql import (
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionNode,
    ValueNode,
    VariableNode,
)


def conditions(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> list[str]:
    """The variables of @skip and @include, which decide the selected fields."""
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


def has_variables(value: ValueNode) -> bool:
    """Whether the value contains a variable."""
    match value:
        case VariableNode():
            return True
        case ListValueNode():
            return any(map(has_variables, value.values))
        case ObjectValueNode():
            return any(has_variables(each.value) for each in value.fields)
        case _:
            return False
