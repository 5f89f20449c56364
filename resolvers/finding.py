"""Finding one object by whichever key the client has."""

from typing import Any

from tortoise.models import Model

from models.rules.errors import BadRequest
from models.rules.events import SubjectKind
from models.rules.text import clean
from resolvers.context import Context
from resolvers.filters.text import reference_query
from resolvers.identifiers import key_of
from resolvers.inputs.filtering import ExternalRefInput
from services.visibility import visible


async def find_one(
    context: Context,
    table: type[Model],
    *,
    id: str | None = None,
    external_ref: ExternalRefInput | None = None,
    kind: SubjectKind | None = None,
    **keys: str | None,
) -> Any:
    """The object with the one key that is given, None where the actor sees none.

    Raises:
        BadRequest: not exactly one key was given, or an id is of another type.
    """
    given = {name: clean(value) for name, value in keys.items() if value is not None}
    if sum(value is not None for value in (id, external_ref)) + len(given) != 1:
        raise BadRequest("Give exactly one of the arguments.")
    rows = visible(table, context.actor)
    if id is not None:
        return await rows.get_or_none(id=key_of(table.__name__, id))
    if external_ref is not None and kind is not None:
        query = reference_query(external_ref.system, external_ref.key, kind)
        return await rows.get_or_none(query)
    return await rows.get_or_none(**given)
