"""Declarations of nested fields, as data for any executor.

A field without a resolver is a column or an attribute of its object. The others are declared here:
an executor that knows the declarations reads for all objects at once and only selected columns; any
other calls the resolver that is made from the same declaration.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum, auto
from inspect import Parameter, Signature, signature
from typing import Any, Final

import strawberry

from models.rules.access import Permission
from resolvers.arguments import After, Before, First, Last
from resolvers.context import Context, Info
from resolvers.listing import Listing, PageRequest
from resolvers.loaders.relation import Relation
from resolvers.paging import Listed

DEFINITION: Final = "strawberry-definition"
"""The key under which graphql-core's types and fields refer to Strawberry's definitions."""

PERMISSION: Final = "ordergraph.permission"
RELATION: Final = "ordergraph.relation"
FUNCTION: Final = "ordergraph.function"
INPUTS: Final = "ordergraph.inputs"
COLUMNS: Final = "ordergraph.columns"
PAGED: Final = "ordergraph.paged"
SIZE: Final = "ordergraph.size"
"""The usual number of objects of a list without pages, from which its cost is estimated."""

LINES: Final = 5
"""The usual number of lines of an order, a shipment or a return."""
WAREHOUSES: Final = 4
"""The usual number of warehouses that stock a product."""

AnyParent: Any = strawberry.Parent[Any]  # type: ignore[misc] # an alias, to mypy

PAGING: Final = [
    Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
    for name, annotation in (("first", First), ("after", After), ("last", Last), ("before", Before))
]


class Given(Enum):
    """An input of a computed field that is neither a column of its object nor a relation."""

    CONTEXT = auto()


Input = str | Relation | Given
"""An input of a computed field: a column of its object, a relation, or the context."""


def permitted_by(description: str, permission: Permission) -> str:
    """The description of a root field, with the permission that the field is bound to."""
    return f"{description} Permission: `{permission}`."


def _or_null(description: str, needs: Permission | None) -> str:
    """The description of a nested field, with the permission without which it is null."""
    return f"{description} Null without the permission `{needs}`." if needs else description


def related(
    relation: Relation,
    description: str,
    *,
    needs: Permission | None = None,
    size: int | None = None,
) -> Any:
    """A nested field: the relation's objects for each parent; null without the permission.

    `size` is the usual length of a list, for its cost; without it, 3.
    """

    def resolve(parent: strawberry.Parent[Any], info: Info) -> Any:
        if needs and not info.context.actor.may(needs):
            return None
        return info.context.look_up(relation, getattr(parent, relation.key))

    return strawberry.field(
        resolver=resolve,
        description=_or_null(description, needs),
        metadata={RELATION: relation, PERMISSION: needs, **({SIZE: size} if size else {})},
    )


def computed_by(
    function: Callable[..., Any],
    *inputs: Input,
    description: str,
    needs: Permission | None = None,
) -> Any:
    """A nested field: the function's result for its inputs; null without the permission.

    The function takes one value for each input and is independent of GraphQL. Only the columns
    among the inputs are read.
    """
    described: dict[str, Any] = {FUNCTION: function, INPUTS: inputs, PERMISSION: needs}
    resolve = computing(described)
    return strawberry.field(
        resolver=resolve, description=_or_null(description, needs), metadata=described
    )


def computing(described: Mapping[Any, Any]) -> Callable[..., Any]:
    """The resolver of a computed field with this metadata."""
    function, inputs, needs = described[FUNCTION], described[INPUTS], described[PERMISSION]
    if needs is None and all(isinstance(each, str) for each in inputs):
        return _compute_at_once(function, *inputs)
    return _compute(function, inputs, needs)


def _compute_at_once(function: Callable[..., Any], *columns: Any) -> Callable[..., Any]:
    def resolve(parent: strawberry.Parent[Any]) -> Any:
        return function(*(getattr(parent, column) for column in columns))

    return resolve


def _compute(
    function: Callable[..., Any], inputs: Sequence[Input], needs: Permission | None
) -> Callable[..., Any]:
    async def value(of: Input, parent: Any, context: Context) -> Any:
        match of:
            case str():
                return getattr(parent, of)
            case Given.CONTEXT:
                return context
            case _:
                return await context.look_up(of, getattr(parent, of.key))

    async def resolve(parent: strawberry.Parent[Any], info: Info) -> Any:
        context = info.context
        if needs and not context.actor.may(needs):
            return None
        return function(*[await value(each, parent, context) for each in inputs])

    return resolve


def resolved_for_each(
    resolve: Callable[..., Any], description: str, *columns: str, size: int | None = None
) -> Any:
    """A nested field: a resolver's result for each parent, with arguments if it has any.

    The resolver reads only the named columns of its parent. `size` is as in `related`.
    """
    described = {COLUMNS: columns, **({SIZE: size} if size else {})}
    return strawberry.field(resolver=resolve, description=description, metadata=described)


def paged_by(
    listing: Callable[..., Listing], description: str, permission: Permission | None = None
) -> Any:
    """A connection: pages of the list that `listing` returns, below a parent if there is one.

    `listing` takes the field's own arguments; those of paging are added here. If its filter reads
    other tables, it takes the `actor` too. At the root a caller without the permission is answered
    FORBIDDEN.
    """
    parameters = signature(listing, eval_str=True).parameters

    def resolve(
        parent: strawberry.Parent[Any],
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        **own: Any,
    ) -> Listed:
        if permission:
            info.context.actor.require(permission)
        request = PageRequest(first, after, last, before)
        if "actor" in parameters:
            own["actor"] = info.context.actor
        return Listed(info.context, listing(**own), request, getattr(parent, "id", None))

    added = [
        Parameter("parent", Parameter.KEYWORD_ONLY, annotation=AnyParent),
        Parameter("info", Parameter.KEYWORD_ONLY, annotation=Info),
    ]
    own = [
        each.replace(kind=Parameter.KEYWORD_ONLY)
        for each in parameters.values()
        if each.name != "actor"
    ]
    vars(resolve)["__signature__"] = Signature([*added, *PAGING, *own], return_annotation=Listed)
    resolve.__annotations__ = {each.name: each.annotation for each in (*added, *PAGING, *own)} | {
        "return": Listed
    }
    return strawberry.field(
        resolver=resolve,
        description=permitted_by(description, permission) if permission else description,
        metadata={PERMISSION: permission, PAGED: True},
    )
