"""Refusals as the schema shows them: the type and the path of each error."""

from typing import TYPE_CHECKING, Any, Final

import resolvers.enums  # noqa: F401 - describes the enums before a type uses one
from models.rules import errors as rules
from models.rules.money import Amount
from resolvers.context import Context

if TYPE_CHECKING:
    pass
from graph.types.errors import (
    CreditExceeded,
    IllegalTransition,
    InputError,
    StockShortage,
    UserError,
    VersionConflict,
)

MAX_ERRORS: Final = 100
"""Errors listed of one refusal: a cart of 2,000 bad lines needs no longer answer."""


def input_errors(context: Context, errors: list[rules.DomainError]) -> list[UserError]:
    """Errors in the argument `input`; one without a path concerns all of it."""
    return [
        to_user_error(each, ["input", *each.path] if each.path else [], context.policy.currency)
        for each in errors[:MAX_ERRORS]
    ]


def to_user_error(error: rules.DomainError, path: list[str], currency: str) -> UserError:
    """The schema's error; kinds without a type of their own become InputError."""
    common: dict[str, Any] = {
        "code": error.code,
        "message": error.message,
        "path": path,
    }
    match error:
        case rules.StockShortage():
            return StockShortage(
                **common,
                sku=error.sku,
                warehouse_id=error.warehouse_id,
                requested=error.requested,
                available=error.available,
            )
        case rules.VersionConflict():
            return VersionConflict(
                **common, expected=error.expected, actual=error.actual, current=error.current
            )
        case rules.IllegalTransition():
            return IllegalTransition(
                **common,
                subject=error.subject,
                attempted=error.attempted,
                from_=error.state,
                allowed=list(error.allowed),
            )
        case rules.CreditExceeded():
            limit = error.limit_minor
            common["limit"] = None if limit is None else Amount(limit, currency)
            common["used"] = Amount(error.used_minor, currency)
            common["requested_amount"] = Amount(error.requested_minor, error.currency or currency)
            return CreditExceeded(**common)
        case _:
            return InputError(**common)
