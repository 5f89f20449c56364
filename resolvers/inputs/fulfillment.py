"""What clients send about shipments, returns and payments."""

from datetime import datetime
from decimal import Decimal
from typing import Optional

import strawberry

import resolvers.enums  # noqa: F401 - registers the enums before an input names one
from models.rules.payment_states import PaymentKind
from models.rules.return_states import Disposition, ReturnState
from models.rules.shipment_states import ShipmentStatus
from resolvers.inputs.filtering import DateTimeOp, StringOp
from resolvers.inputs.inventory import UnitInput


@strawberry.input(description="Which shipments; all conditions that are given must hold.")
class ShipmentWhere:
    and_: list["ShipmentWhere"] | None = strawberry.field(
        default=None, name="and", description="All of these."
    )
    or_: list["ShipmentWhere"] | None = strawberry.field(
        default=None, name="or", description="At least one of these; an empty list matches none."
    )
    not_: Optional["ShipmentWhere"] = strawberry.field(
        default=None, name="not", description="Not this."
    )
    status: list[ShipmentStatus] | None = strawberry.field(
        default=None, description="As far as one of these."
    )
    warehouse_id: strawberry.ID | None = strawberry.field(
        default=None, description="From this warehouse."
    )
    shipped_at: DateTimeOp | None = strawberry.field(
        default=None, description="By when it left; what has not left never did."
    )


@strawberry.input(description="Which invoices; all conditions that are given must hold.")
class InvoiceWhere:
    and_: list["InvoiceWhere"] | None = strawberry.field(
        default=None, name="and", description="All of these."
    )
    or_: list["InvoiceWhere"] | None = strawberry.field(
        default=None, name="or", description="At least one of these; an empty list matches none."
    )
    not_: Optional["InvoiceWhere"] = strawberry.field(
        default=None, name="not", description="Not this."
    )
    number: StringOp | None = strawberry.field(
        default=None, description="By number: eq, in and startsWith."
    )
    customer_id: strawberry.ID | None = strawberry.field(
        default=None, description="For orders of this customer."
    )
    open: bool | None = strawberry.field(
        default=None, description="Whether something of it is still to be paid: `balance`."
    )
    overdue: bool | None = strawberry.field(
        default=None, description="Whether it is open and `dueAt` has passed."
    )
    issued_at: DateTimeOp | None = strawberry.field(
        default=None, description="By when it was made out."
    )
    due_at: DateTimeOp | None = strawberry.field(
        default=None, description="By when it is to be paid."
    )


@strawberry.input(description="Which returns; all conditions that are given must hold.")
class ReturnWhere:
    and_: list["ReturnWhere"] | None = strawberry.field(
        default=None, name="and", description="All of these."
    )
    or_: list["ReturnWhere"] | None = strawberry.field(
        default=None, name="or", description="At least one of these; an empty list matches none."
    )
    not_: Optional["ReturnWhere"] = strawberry.field(
        default=None, name="not", description="Not this."
    )
    status: list[ReturnState] | None = strawberry.field(
        default=None, description="As far as one of these."
    )
    order_id: strawberry.ID | None = strawberry.field(default=None, description="Of this order.")
    customer_id: strawberry.ID | None = strawberry.field(
        default=None, description="Of this customer's orders."
    )
    warehouse_id: strawberry.ID | None = strawberry.field(
        default=None, description="With a line of which units had left this warehouse."
    )
    requested_at: DateTimeOp | None = strawberry.field(
        default=None, description="By when it was announced."
    )


@strawberry.input(description="Which payments; all conditions that are given must hold.")
class PaymentWhere:
    and_: list["PaymentWhere"] | None = strawberry.field(
        default=None, name="and", description="All of these."
    )
    or_: list["PaymentWhere"] | None = strawberry.field(
        default=None, name="or", description="At least one of these; an empty list matches none."
    )
    not_: Optional["PaymentWhere"] = strawberry.field(
        default=None, name="not", description="Not this."
    )
    customer_id: strawberry.ID | None = strawberry.field(
        default=None, description="For orders of this customer."
    )
    order_id: strawberry.ID | None = strawberry.field(default=None, description="For this order.")
    kind: list[PaymentKind] | None = strawberry.field(
        default=None, description="Of one of these kinds."
    )
    at: DateTimeOp | None = strawberry.field(default=None, description="By when it was.")
    method: list[str] | None = strawberry.field(
        default=None, description="By exactly one of these methods."
    )
    reference: StringOp | None = strawberry.field(
        default=None, description="By the bank's or the provider's key: eq, in and startsWith."
    )


@strawberry.input(description="A parcel of a shipment.")
class ParcelInput:
    carrier: str | None = strawberry.field(default=None, description="Who carries it.")
    tracking_number: str | None = strawberry.field(
        default=None, description="The carrier's number."
    )
    tracking_url: str | None = strawberry.field(
        default=None, description="Where a person can follow it: https://..."
    )


@strawberry.input(description="Units of one line that go into a shipment.")
class ShipLineInput:
    line_id: strawberry.ID = strawberry.field(description="Which line.")
    quantity: int = strawberry.field(description="How many units, at least 1.")
    units: list[UnitInput] | None = strawberry.field(
        default=None,
        description="Which lots or serial numbers; else those that expire first.",
    )


@strawberry.input(description="A shipment to prepare.")
class ShipInput:
    warehouse_id: strawberry.ID = strawberry.field(description="From where.")
    lines: list[ShipLineInput] | None = strawberry.field(
        default=None, description="What goes in; else all that is promised there."
    )
    parcels: list[ParcelInput] | None = strawberry.field(default=None, description="At most 100.")


@strawberry.input(description="Units of one line of an order that come back.")
class ReturnLineInput:
    line_id: strawberry.ID = strawberry.field(description="Which line of the order.")
    quantity: int = strawberry.field(description="How many units, at least 1.")
    disposition: Disposition | None = strawberry.field(
        default=None,
        description="What becomes of them; needed when they are received, and not before.",
    )
    units: list[UnitInput] | None = strawberry.field(
        default=None,
        description="Which lots or serial numbers, of those that went out with the line; needed "
        "when they are received, where the product has any.",
    )


@strawberry.input(description="A payment to record.")
class PaymentInput:
    kind: PaymentKind = strawberry.field(description="What happened to the money.")
    amount: Decimal = strawberry.field(description="How much, in the order's currency.")
    method: str = strawberry.field(description="How: card, transfer, cash ...")
    reference: str | None = strawberry.field(
        default=None, description="The bank's or the provider's own key."
    )
    payment_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The authorization that is charged or voided, the charge that is refunded.",
    )
    at: datetime | None = strawberry.field(
        default=None, description="When; else now. At most a year before the order was placed."
    )
    allow_duplicate: bool = strawberry.field(
        default=False,
        description="Whether the order may have one of this kind, method and reference already.",
    )
