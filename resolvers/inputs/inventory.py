"""What clients send about warehouses and stock."""

import strawberry

import resolvers.enums  # noqa: F401 - registers the enums before an input names one
from models.rules.inventory import StockChangeKind
from resolvers.inputs.sending import AddressInput


@strawberry.input(description="A correction: either a delta, or what is there and what was seen.")
class StockChange:
    sku: str = strawberry.field(description="Which product.")
    warehouse_id: strawberry.ID = strawberry.field(description="Where.")
    kind: StockChangeKind = strawberry.field(
        default=StockChangeKind.ADJUST, description="What kind of correction."
    )
    delta: int | None = strawberry.field(
        default=None, description="Units more, or fewer where negative."
    )
    set_to: int | None = strawberry.field(
        default=None, description="What is on hand now; needs `ifOnHand`, except for a COUNT."
    )
    if_on_hand: int | None = strawberry.field(
        default=None, description="What you saw on hand; refused if it has changed."
    )
    reason: str = strawberry.field(description="Why, for the ledger.")


@strawberry.input(description="Units of a product that go to another warehouse.")
class TransferLine:
    sku: str = strawberry.field(description="Which product.")
    quantity: int = strawberry.field(description="How many units, at least 1.")


@strawberry.input(description="A warehouse's fields. Absent fields stay, null clears.")
class WarehouseInput:
    code: str | None = strawberry.field(
        default=strawberry.UNSET, description="Unique; a new warehouse's is its name if absent."
    )
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="A new warehouse needs it."
    )
    address: AddressInput | None = strawberry.field(
        default=strawberry.UNSET, description="Where it is."
    )
    priority: int | None = strawberry.field(
        default=strawberry.UNSET, description="Orders are served from the lowest first; else 100."
    )
