"""What clients send about shipments, returns and payments."""

from datetime import datetime
from decimal import Decimal

import strawberry

import resolvers.enums  # noqa: F401 - registers the enums before an input names one
from models.rules.payment_states import PaymentKind
from models.rules.return_states import Disposition
from resolvers.inputs.inventory import UnitInput


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
    at: datetime | None = strawberry.field(default=None, description="When; else now.")
