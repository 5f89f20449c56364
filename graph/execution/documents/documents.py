"""Parses, limits and validates each document once, and caches it by its text."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    GraphQLSyntaxError,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OperationType,
    TokenKind,
    parse,
    specified_rules,
    validate,
)
from graphql.validation.rules import overlapping_fields_can_be_merged as merging
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from graph.execution.documents import limits as document_limits
from graph.execution.documents.cost import Costs
from graph.execution.documents.deferrals import Deferrals, deferrals
from graph.execution.documents.inputs import MAX_NAME, Inputs, OperationInputs
from graph.execution.documents.limits import Limits
from graph.execution.documents.sharing import free_variables
from graph.execution.failures import MAX_ERRORS, Code, Malformed, Rejected, raise_unforeseen
from graph.idempotent import OnMutationsOnly

# Made once: graphql-core is fast only while the rules stay the same objects.
OPEN_RULES: Final = (
    *specified_rules,
    MaybeNullValidationRule,
    OneOfInputValidationRule,
    OnMutationsOnly,
)
CLOSED_RULES: Final = (*OPEN_RULES, NoSchemaIntrospectionCustomRule)

WORDS: Final = frozenset({TokenKind.NAME, TokenKind.INT, TokenKind.FLOAT})

MERGING_BUDGET: Final = 20_000
"""The budget for comparing fields of one name pair by pair, to see whether they can be merged.

graphql-core's own 500,000 take 0.8 s for `customer{id}` 480 times over. Its introspection query
needs fewer than 500; a mutation with all members of its errors, asked 19 times, needs 5,000.
"""
merging.MAX_COMPLEXITY_BUDGET = MERGING_BUDGET

ABORTED: Final = "Validation aborted."
"""graphql-core's message if its budget is spent, or if fragments nest too deeply."""

MAX_CACHED_LENGTH: Final = 20_000
"""Characters. A longer text is mostly one long literal, which is not sent twice."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document that passed all checks, with its operations by name."""

    node: DocumentNode
    operations: Mapping[str | None, OperationDefinitionNode]
    costs: Costs
    operation_inputs: Mapping[str | None, OperationInputs]
    deferrals: Deferrals | None = None
    free: Mapping[str | None, frozenset[str]] = field(default_factory=dict)

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """The only operation, or the one with the name.

        Raises:
            Malformed: there is none of that name, or there are several and no name is given.
        """
        if name:
            found = self.operations.get(name)
            if found is None:
                raise Malformed("The document has no operation of that name.")
            return found
        if len(self.operations) != 1:
            # There is at least one: validation refuses unused fragments.
            raise Malformed("The document has several operations: name one in operationName.")
        return next(iter(self.operations.values()))


class Documents:
    """A cache of the last `size` documents, valid and refused ones."""

    def __init__(
        self,
        schema: GraphQLSchema,
        limits: Limits,
        *,
        open_schema: bool,
        size: int = 1_000,
    ) -> None:
        self._schema = schema
        self._limits = limits
        self.inputs = Inputs(schema, limits)
        self._open = open_schema
        self._size = size
        self._cache: OrderedDict[str, Document | Rejected] = OrderedDict()

    def document(self, text: str) -> Document:
        """The document of a text.

        Raises:
            Rejected: PARSE_FAILED, LIMIT_EXCEEDED or VALIDATION_FAILED.
        """
        found = self._cache.get(text)
        if found is None:
            found = self._prepare(text)
            if len(text) <= MAX_CACHED_LENGTH:
                self._store(text, found)
        else:
            self._cache.move_to_end(text)
        if isinstance(found, Rejected):
            # A new exception each time: a cached one would gather the frames of each raise.
            raise Rejected(found.code, found.message, found.errors)
        return found

    def _store(self, text: str, found: Document | Rejected) -> None:
        self._cache[text] = found
        if len(self._cache) > self._size:
            self._cache.popitem(last=False)

    def _prepare(self, text: str) -> Document | Rejected:
        try:
            node = self._parse(text)
            document_limits.check(node, self._limits)
            operation_inputs = self.inputs.operation_inputs(node)
            self._validate(node)
        except Rejected as rejected:
            return rejected.with_traceback(None)
        operations = {
            definition.name.value if definition.name else None: definition
            for definition in node.definitions
            if isinstance(definition, OperationDefinitionNode)
        }
        fragments = {
            definition.name.value: definition
            for definition in node.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        costs = Costs(self._schema, fragments)
        free = {
            name: free_variables(node, operation)
            for name, operation in operations.items()
            if operation.operation is OperationType.SUBSCRIPTION
        }
        return Document(node, operations, costs, operation_inputs, deferrals(node), free)

    def _parse(self, text: str) -> DocumentNode:
        if len(text) > self._limits.characters:
            raise Rejected(
                Code.LIMIT_EXCEEDED,
                f"A document has at most {self._limits.characters} characters: send long texts and"
                " lists as variables.",
            )
        try:
            node = parse(text, max_tokens=self._limits.tokens)
        except GraphQLSyntaxError as error:
            if error.message.endswith("Parsing aborted."):
                raise Rejected(
                    Code.LIMIT_EXCEEDED, f"A document has at most {self._limits.tokens} tokens."
                ) from None
            raise Rejected(Code.PARSE_FAILED, error.message, [_bare(error)]) from None
        _check_names(node)
        return node

    def _validate(self, node: DocumentNode) -> None:
        errors = validate(
            self._schema,
            node,
            OPEN_RULES if self._open else CLOSED_RULES,
            max_errors=MAX_ERRORS,
            hide_suggestions=not self._open,
        )
        if any(error.message == ABORTED for error in errors):
            raise Rejected(
                Code.LIMIT_EXCEEDED,
                "A document selects the same fields too often, or nests fragments too deeply.",
            )
        if errors:
            raise_unforeseen(errors)
            raise Rejected(Code.VALIDATION_FAILED, errors[0].message, errors)


def _check_names(node: DocumentNode) -> None:
    """Passes if no name or number is so long that a search for suggestions takes a while.

    Raises:
        Rejected: LIMIT_EXCEEDED.
    """
    token = node.loc.start_token if node.loc else None
    while token:
        if token.kind in WORDS and len(token.value or "") > MAX_NAME:
            raise Rejected(
                Code.LIMIT_EXCEEDED,
                f"A name or number in a document has at most {MAX_NAME} characters.",
            )
        token = token.next


def _bare(error: GraphQLSyntaxError) -> GraphQLSyntaxError:
    """The error without the parser's frames, which the cache would keep with it."""
    error.__context__ = None
    return error.with_traceback(None)
