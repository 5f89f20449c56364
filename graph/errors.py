"""What a refused mutation answers: one type for each kind of refusal, mapped in this one place."""

from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import UUID

import strawberry

import resolvers.enums  # noqa: F401 - describes the enums before a type names one
from graph.fields import related
from graph.types.money import Money
from graph.types.node import Node
from models.rules import errors as rules
from models.rules.errors import ErrorCode
from models.rules.money import Amount
from resolvers.loaders import inventory
from services.work import policy

if TYPE_CHECKING:
    from graph.types.inventory import Warehouse

MAX_ERRORS: Final = 100
"""Errors that one refusal lists: a cart of 2,000 bad lines needs no longer answer."""

LazyWarehouse = Annotated["Warehouse", strawberry.lazy("graph.types.inventory")]


@strawberry.interface(description="Why a mutation was refused. Nothing was changed.")
class UserError:
    code: ErrorCode = strawberry.field(description="Stable; act on this.")
    message: str = strawberry.field(description="For people; may change.")
    path: list[str] = strawberry.field(
        description="Where in the arguments: `input`, `lines`, `0`, `sku`. Empty: all of them."
    )


@strawberry.type(description="Input that cannot be accepted as it is.")
class InputError(UserError):
    pass


@strawberry.type(description="A line asks for more than can be promised.")
class StockShortage(UserError):
    sku: str = strawberry.field(description="The product that is short.")
    warehouse_id: strawberry.Private[UUID | None]
    warehouse: LazyWarehouse | None = related(
        inventory.warehouse, "The warehouse that is short, where only one was asked."
    )
    requested: int = strawberry.field(description="Units that were asked for.")
    available: int = strawberry.field(description="Units that can be promised.")


@strawberry.type(description="Somebody else changed the object since the caller read it.")
class VersionConflict(UserError):
    expected: int = strawberry.field(description="The version that the caller saw.")
    actual: int = strawberry.field(description="The version that it has.")
    current: Node = strawberry.field(description="The object as it is now.")


@strawberry.type(description="The object's state does not allow the step.")
class IllegalTransition(UserError):
    subject: Node = strawberry.field(description="The object as it is.")
    attempted: str = strawberry.field(description="The step that was asked for.")
    from_: str = strawberry.field(name="from", description="The state that the object is in.")
    allowed: list[str] = strawberry.field(description="The steps that are possible.")


@strawberry.type(description="The order would take the customer over what they may owe.")
class CreditExceeded(UserError):
    limit: Money | None = strawberry.field(description="The limit; null where none is set.")
    used: Money = strawberry.field(description="What open and unpaid orders come to.")
    requested_amount: Money = strawberry.field(description="What this order comes to.")


ERROR_TYPES = (InputError, StockShortage, VersionConflict, IllegalTransition, CreditExceeded)


def user_errors() -> Any:
    """The field of every payload that tells why nothing was changed."""
    return strawberry.field(description="Why nothing was changed; empty: it was.")


def replayed() -> Any:
    """The field of every payload that tells whether this request did it or an earlier one."""
    return strawberry.field(
        default=False, description="Whether an earlier request with the same key did it."
    )


def told_of_input(errors: list[rules.DomainError]) -> list[UserError]:
    """What a client reads of errors in the argument `input`; one without a path is of all."""
    return [
        to_user_error(each, ["input", *each.path] if each.path else [])
        for each in errors[:MAX_ERRORS]
    ]


def to_user_error(error: rules.DomainError, path: list[str]) -> UserError:
    """What a client reads of an error; the kinds without a type of their own are InputErrors."""
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
            currency = policy.current().currency
            limit = error.limit_minor
            common["limit"] = None if limit is None else Amount(limit, currency)
            common["used"] = Amount(error.used_minor, currency)
            common["requested_amount"] = Amount(error.requested_minor, currency)
            return CreditExceeded(**common)
        case _:
            return InputError(**common)
