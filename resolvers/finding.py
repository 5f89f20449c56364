"""Finding one object by whichever key the client has."""

from typing import Final

from tortoise.models import Model

from models.catalog import Product
from models.customers import Customer
from models.orders import Order
from models.rules.errors import BadRequest
from models.rules.events import SubjectKind
from models.rules.text import clean
from resolvers.context import Context, Lookup
from resolvers.identifiers import key_of
from resolvers.inputs.filtering import ExternalRefInput
from resolvers.loaders.relation import Referenced, ToOne

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
) -> Lookup:
    """The object with the one key that is given, None where the actor sees none.

    Raises:
        BadRequest: not exactly one key was given, or an id is of another type.
    """
    given = {name: clean(value) for name, value in keys.items() if value is not None}
    if sum(value is not None for value in (id, external_ref)) + len(given) != 1:
        raise BadRequest("Give exactly one of the arguments.")
    if id is not None:
        return context.look_up(ToOne(table, key="id"), key_of(table.__name__, id))
    if external_ref is not None:
        reference = (clean(external_ref.system), clean(external_ref.key))
        return context.look_up(Referenced(table, KINDS[table]), reference)
    ((column, value),) = given.items()
    return context.look_up(ToOne(table, key=column, by=column), value)
