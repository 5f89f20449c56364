"""One type for each kind of refusal that a client can act on."""

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

import resolvers.enums  # noqa: F401 - describes the enums before a type names one
from graph.fields import related
from graph.types.money import Money
from graph.types.node import Node
from models.rules.errors import ErrorCode
from resolvers.loaders import inventory

if TYPE_CHECKING:
    from graph.types.inventory import Warehouse


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
