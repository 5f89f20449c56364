"""The limits of a document, measured once before its validation."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

from graph.execution.failures import Code, Rejected
from resolvers.context import MAX_RUN_COST

INTROSPECTION: Final = frozenset({"__schema", "__type"})


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a document, and of the cost, size and time of an operation."""

    characters: int = 100_000
    tokens: int = 2_000
    depth: int = 15
    introspection_depth: int = 20
    aliases: int = 30
    root_fields: int = 20
    directives: int = 50
    cost: int = 20_000
    input_elements: int = 3_000
    filter_conditions: int = 100
    run_cost: int = MAX_RUN_COST
    answer_bytes: int = 16 * 1024 * 1024
    run_seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class Size:
    """The measures of a selection with all its fragments spread."""

    depth: int = 0
    introspection_depth: int = 0
    aliases: int = 0
    root_fields: int = 0
    directives: int = 0


def check(document: DocumentNode, limits: Limits) -> None:
    """Passes if each operation of the document is within the limits.

    Raises:
        Rejected: LIMIT_EXCEEDED, with the limit.
    """
    measure = _Measure(document, limits)
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            size = measure.selection_set(definition.selection_set)
            directives = size.directives + len(definition.directives or ())
            for variable in definition.variable_definitions or ():
                directives += len(variable.directives or ())
            _compare("nested levels", size.depth, limits.depth)
            _compare(
                "nested levels of introspection",
                size.introspection_depth,
                limits.introspection_depth,
            )
            _compare("aliases", size.aliases, limits.aliases)
            _compare("fields at the root", size.root_fields, limits.root_fields)
            _compare("directives", directives, limits.directives)


def _compare(what: str, found: int, most: int) -> None:
    if found > most:
        raise Rejected(Code.LIMIT_EXCEEDED, f"An operation has at most {most} {what}.")


class _Measure:
    """Measures selections, each fragment once, so that nested spreads cost nothing extra."""

    def __init__(self, document: DocumentNode, limits: Limits) -> None:
        self.fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self.deepest = max(limits.depth, limits.introspection_depth)
        self.sizes: dict[str, Size] = {}

    def selection_set(self, selected: SelectionSetNode | None, level: int = 0) -> Size:
        if selected is None:
            return Size()
        # Fragments nest without depth. All nesting is limited to twice the depth, so that no
        # document exhausts the stack.
        if level > 2 * self.deepest:
            raise Rejected(Code.LIMIT_EXCEEDED, "The document is nested too deeply.")
        return _together([self.selection(node, level + 1) for node in selected.selections])

    def selection(self, node: SelectionNode, level: int) -> Size:
        if isinstance(node, FragmentSpreadNode):
            return _with_directives(self.fragment(node.name.value, level), node.directives)
        inside = self.selection_set(getattr(node, "selection_set", None), level)
        if not isinstance(node, FieldNode):
            return _with_directives(inside, node.directives)
        if node.name.value in INTROSPECTION:
            deep = max(inside.depth, inside.introspection_depth)
            depth, introspection_depth = 0, deep + 1
        else:
            depth, introspection_depth = inside.depth + 1, inside.introspection_depth
        return Size(
            depth=depth,
            introspection_depth=introspection_depth,
            aliases=inside.aliases + (node.alias is not None),
            root_fields=1,
            directives=inside.directives + len(node.directives or ()),
        )

    def fragment(self, name: str, level: int) -> Size:
        """The size of a fragment; nothing for an unknown one or one that contains itself.

        Validation refuses both.
        """
        if name not in self.sizes:
            self.sizes[name] = Size()
            definition = self.fragments.get(name)
            if definition:
                inside = self.selection_set(definition.selection_set, level)
                self.sizes[name] = _with_directives(inside, definition.directives)
        return self.sizes[name]


def _together(sizes: Sequence[Size]) -> Size:
    return Size(
        depth=max((size.depth for size in sizes), default=0),
        introspection_depth=max((size.introspection_depth for size in sizes), default=0),
        aliases=sum(size.aliases for size in sizes),
        root_fields=sum(size.root_fields for size in sizes),
        directives=sum(size.directives for size in sizes),
    )


def _with_directives(size: Size, directives: Sequence[DirectiveNode] | None) -> Size:
    if not directives:
        return size
    return Size(
        size.depth,
        size.introspection_depth,
        size.aliases,
        size.root_fields,
        size.directives + len(directives),
    )
