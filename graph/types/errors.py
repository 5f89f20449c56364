"""One type for each kind of refusal that a client can act on."""

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

import resolvers.enums  # noqa: F401 - describes the enums before a type uses one
from graph.fields import related
from graph.types.money import Money
from graph.types.node import Node
from models.rules.errors import ErrorCode
from resolvers.loaders import inventory

if TYPE_CHECKING:
    from graph.types.inventory import Warehouse


LazyWarehouse = Annotated["Warehouse", strawberry.lazy("graph.types.inventory")]


@strawberry.interface(description="A reason why a mutation was refused. Nothing was changed.")
class UserError:
    code: ErrorCode = strawberry.field(
        description="The error code. Codes are stable; clients act on them."
    )
    message: str = strawberry.field(description="An English sentence for people. It may change.")
    path: list[str] = strawberry.field(
        description="The place in the arguments, such as `input`, `lines`, `0`, `sku`. Empty: "
        "the request as a whole."
    )


@strawberry.type(
    description="An argument or input field that is refused, or a refusal without more details."
)
class InputError(UserError):
    pass


@strawberry.type(description="A line of more units than are available. Code: INSUFFICIENT_STOCK.")
class StockShortage(UserError):
    sku: str = strawberry.field(description="The SKU of the short product.")
    warehouse_id: strawberry.Private[UUID | None]
    warehouse: LazyWarehouse | None = related(
        inventory.warehouse,
        "The warehouse that a transfer leaves. Null for orders, which all warehouses serve.",
    )
    requested: int = strawberry.field(description="The requested units.")
    available: int = strawberry.field(description="The units that were available.")


@strawberry.type(
    description="Another change came between the caller's read and this request. Code: "
    "VERSION_CONFLICT."
)
class VersionConflict(UserError):
    expected: int = strawberry.field(description="The version in the request.")
    actual: int = strawberry.field(description="The object's present version.")
    current: Node = strawberry.field(description="The object as it is now.")


@strawberry.type(
    description="A step that the object's state does not allow. Code: ILLEGAL_TRANSITION."
)
class IllegalTransition(UserError):
    subject: Node = strawberry.field(description="The object as it is now.")
    attempted: str = strawberry.field(
        description="The refused step: an action, a status or a kind of payment."
    )
    from_: str = strawberry.field(name="from", description="The object's present status.")
    allowed: list[str] = strawberry.field(description="The steps that the object allows now.")


@strawberry.type(
    description="An order beyond its customer's credit limit, or of a blocked customer. "
    "Code: CREDIT_EXCEEDED."
)
class CreditExceeded(UserError):
    limit: Money | None = strawberry.field(
        description="The credit limit in the company's currency. Null: no limit, and the "
        "customer is blocked."
    )
    used: Money = strawberry.field(
        description="The customer's used credit in the company's currency."
    )
    requested_amount: Money = strawberry.field(
        description="The credit that the order would use, in the company's currency. For a blocked "
        "customer: the order's gross total in the order's own currency."
    )


ERROR_TYPES = (InputError, StockShortage, VersionConflict, IllegalTransition, CreditExceeded)
