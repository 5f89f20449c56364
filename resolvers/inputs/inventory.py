"""What clients send about warehouses and stock."""

from datetime import date
from typing import Optional

import strawberry

import resolvers.enums  # noqa: F401 - registers the enums before an input names one
from models.rules.inventory import StockChangeKind
from resolvers.inputs.filtering import StringOp
from resolvers.inputs.sending import AddressInput


@strawberry.input(description="Which stock; all conditions that are given must hold.")
class StockWhere:
    and_: list["StockWhere"] | None = strawberry.field(
        default=None, name="and", description="All of these."
    )
    or_: list["StockWhere"] | None = strawberry.field(
        default=None, name="or", description="At least one of these; an empty list matches none."
    )
    not_: Optional["StockWhere"] = strawberry.field(
        default=None, name="not", description="Not this."
    )
    sku: StringOp | None = strawberry.field(default=None, description="By the product's SKU.")
    category_id: strawberry.ID | None = strawberry.field(
        default=None, description="Of products of this category itself."
    )
    supplier_id: strawberry.ID | None = strawberry.field(
        default=None, description="Of products from this supplier."
    )
    warehouse_id: list[strawberry.ID] | None = strawberry.field(
        default=None, description="In one of these warehouses; an empty list matches none."
    )
    low_only: bool | None = strawberry.field(
        default=None,
        description="True: only what is low: `isLow`. False asks for nothing.",
    )


@strawberry.input(description="So much of one lot, or the one piece with a serial number.")
class UnitInput:
    code: str = strawberry.field(description="The lot's code or the serial number, exactly.")
    quantity: int = strawberry.field(
        default=1, description="How many units of the lot; of a serial number always 1."
    )
    expires_on: date | None = strawberry.field(
        default=None, description="The last day on which it is good; said when it first comes."
    )


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
    units: list[UnitInput] | None = strawberry.field(
        default=None,
        description="Which units, where the product has lots or serial numbers; together as many "
        "as the change. Only DAMAGE can do without. At most 1000.",
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
