"""Inputs of warehouses and stock."""

from datetime import date
from typing import Optional

import strawberry

import resolvers.enums  # noqa: F401 - registers the enums before an input uses one
from models.rules.inventory import StockChangeKind
from resolvers.inputs.filtering import StringOp
from resolvers.inputs.sending import AddressInput


@strawberry.input(description="A filter of stock items. All given conditions must hold.")
class StockWhere:
    and_: list["StockWhere"] | None = strawberry.field(
        default=None, name="and", description="All of these filters match, at most 500."
    )
    or_: list["StockWhere"] | None = strawberry.field(
        default=None,
        name="or",
        description="At least one of these filters matches, at most 500; an empty list matches "
        "none.",
    )
    not_: Optional["StockWhere"] = strawberry.field(
        default=None, name="not", description="This filter does not match."
    )
    sku: StringOp | None = strawberry.field(default=None, description="The product's SKU.")
    category_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The id of the product's category. Products of categories below it do not "
        "match.",
    )
    supplier_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of the product's supplier."
    )
    warehouse_id: list[strawberry.ID] | None = strawberry.field(
        default=None,
        description="The ids of the warehouses, at most 500. One must match; an empty list "
        "matches none.",
    )
    low_only: bool | None = strawberry.field(
        default=None,
        description="True: only low stock items, as `isLow` has it. False: no condition.",
    )


@strawberry.input(description="Units of one lot, or the piece with a serial number.")
class UnitInput:
    code: str = strawberry.field(
        description="The lot's code or the serial number, in full, 1 to 64 characters."
    )
    quantity: int = strawberry.field(
        default=1, description="The units of the lot, from 1. A serial number is always 1 unit."
    )
    expires_on: date | None = strawberry.field(
        default=None,
        description="The last day of use, for a code that is new. A known code keeps its day.",
    )


@strawberry.input(description="A stock correction: either a delta, or the units on hand.")
class StockChange:
    sku: str = strawberry.field(description="The product's SKU.")
    warehouse_id: strawberry.ID = strawberry.field(description="The warehouse's id.")
    kind: StockChangeKind = strawberry.field(
        default=StockChangeKind.ADJUST, description="The kind of correction."
    )
    delta: int | None = strawberry.field(
        default=None,
        description="The added units, or the removed ones where negative. Not 0. Either `delta` "
        "or `setTo` is given.",
    )
    set_to: int | None = strawberry.field(
        default=None,
        description="The units on hand after the correction, from 0. It needs `ifOnHand`, "
        "except for COUNT. Not for DAMAGE and SCRAP.",
    )
    if_on_hand: int | None = strawberry.field(
        default=None,
        description="The units on hand that the caller read. Other units on hand are answered "
        "VERSION_CONFLICT.",
    )
    units: list[UnitInput] | None = strawberry.field(
        default=None,
        description="The lots or serial numbers of a tracked product, at most 1000 codes, "
        "together as many units as the change. Only DAMAGE can go without them.",
    )
    reason: str = strawberry.field(description="The reason for the ledger, 1 to 500 characters.")


@strawberry.input(description="Units of one product that go to another warehouse.")
class TransferLine:
    sku: str = strawberry.field(description="The product's SKU.")
    quantity: int = strawberry.field(description="The units, from 1.")


@strawberry.input(description="A warehouse's fields. A field that is left out stays.")
class WarehouseInput:
    code: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The code, at most 64 characters. Unique. A new warehouse without it has "
        "its name as code. Null: as it is.",
    )
    name: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The name, 1 to 200 characters. A new warehouse needs it.",
    )
    address: AddressInput | None = strawberry.field(
        default=strawberry.UNSET, description="The address. Null clears it."
    )
    priority: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The priority, 0 to 1000000. Orders take stock from the lowest number "
        "first. A new warehouse without it has 100. Null: 100.",
    )
