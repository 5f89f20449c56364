"""How nested fields are declared: what they are made of, once for whoever executes a query.

A field without a resolver is a column or an attribute of its object. The others are declared here,
as data: an executor that knows it reads for all objects at once and only what is selected; any
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
"""Where a type or field of graphql-core keeps what Strawberry knows of it."""

PERMISSION: Final = "ordergraph.permission"
RELATION: Final = "ordergraph.relation"
FUNCTION: Final = "ordergraph.function"
INPUTS: Final = "ordergraph.inputs"
COLUMNS: Final = "ordergraph.columns"
PAGED: Final = "ordergraph.paged"
SIZE: Final = "ordergraph.size"
"""How many objects a list without pages usually has: what it costs is reckoned by that."""

LINES: Final = 5
"""Lines of an order, a shipment or a return, as most have them."""
WAREHOUSES: Final = 4
"""Warehouses that a product lies in, as most companies have them."""

AnyParent: Any = strawberry.Parent[Any]  # type: ignore[misc] # an alias, to mypy

PAGING: Final = [
    Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
    for name, annotation in (("first", First), ("after", After), ("last", Last), ("before", Before))
]


class Given(Enum):
    """What a computed field may need that is neither of its object nor of a relation."""

    CONTEXT = auto()


Input = str | Relation | Given
"""What a computed field is made of: a column of its object, what a relation finds, the context."""


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
    """A nested field: what the relation finds for each parent; null without the permission.

    `size` is how many objects a list usually has, where that is not 3.
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
    """A nested field: what a function makes of its inputs; null without the permission.

    The function takes one value for each input and knows nothing of GraphQL. Only the columns
    among the inputs are read.
    """
    described: dict[str, Any] = {FUNCTION: function, INPUTS: inputs, PERMISSION: needs}
    resolve = computing(described)
    return strawberry.field(
        resolver=resolve, description=_or_null(description, needs), metadata=described
    )


def computing(described: Mapping[Any, Any]) -> Callable[..., Any]:
    """The resolver of a computed field that is described so."""
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


def asked_of(
    resolve: Callable[..., Any], description: str, *columns: str, size: int | None = None
) -> Any:
    """A nested field that a resolver works out for each parent, perhaps with arguments.

    It reads the columns that are named, and no others, of its parent. `size` is as in `related`.
    """
    described = {COLUMNS: columns, **({SIZE: size} if size else {})}
    return strawberry.field(resolver=resolve, description=description, metadata=described)


def paged_by(
    listing: Callable[..., Listing], description: str, permission: Permission | None = None
) -> Any:
    """A connection: pages of the list that `listing` means, each below its parent if it has one.

    `listing` takes the field's own arguments; those that every page has are added here. Where its
    filter asks for other tables, it takes the `actor` too. At the root a caller without the
    permission is answered FORBIDDEN.
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
