"""Finds one object by any of its keys."""

from collections.abc import Awaitable, Sequence
from itertools import product
from typing import Any, Final

from tortoise.models import Model

from models.catalog import Product
from models.customers import Customer
from models.orders import Order
from models.rules.errors import BadRequest
from models.rules.events import SubjectKind
from models.rules.text import forms
from resolvers.context import Context
from resolvers.identifiers import key_of
from resolvers.inputs.filtering import ExternalRefInput
from resolvers.loaders.relation import Referenced, Relation, ToOne

Found = Awaitable[Any]
"""An object that is read when it is awaited."""

KINDS: Final[dict[type[Model], SubjectKind]] = {
    Customer: SubjectKind.CUSTOMER,
    Order: SubjectKind.ORDER,
    Product: SubjectKind.PRODUCT,
}


def find_one(
    context: Context,
    table: type[Model],
    id: str | None,
    external_ref: ExternalRefInput | None,
    **keys: str | None,
) -> Found:
    """The object with the one given key, or None if the actor sees none.

    Raises:
        BadRequest: not exactly one key is given, or an id is of another type.
    """
    given = {name: forms(value) for name, value in keys.items() if value is not None}
    if sum(value is not None for value in (id, external_ref)) + len(given) != 1:
        raise BadRequest("Give exactly one of the arguments.")
    if id is not None:
        return context.look_up(ToOne(table, key="id"), key_of(table.__name__, id))
    if external_ref is not None:
        references = list(product(forms(external_ref.system), forms(external_ref.key)))
        return first_of(context, Referenced(table, KINDS[table]), references)
    ((column, spelled),) = given.items()
    return first_of(context, ToOne(table, key=column, by=column), spelled)


def first_of(context: Context, relation: Relation, keys: Sequence[Any]) -> Found:
    """The relation's object for the first key that has one."""
    if len(keys) == 1:
        return context.look_up(relation, keys[0])

    async def found() -> Any:
        each = await context.all_by_key(relation, keys)
        return next((one for one in each if one is not None), None)

    return found()
