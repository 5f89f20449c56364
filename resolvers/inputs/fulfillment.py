"""Inputs of shipments, returns and payments."""

from datetime import datetime
from decimal import Decimal
from typing import Optional

import strawberry

import resolvers.enums  # noqa: F401 - registers the enums before an input uses one
from models.rules.payment_states import PaymentKind
from models.rules.return_states import Disposition, ReturnState
from models.rules.shipment_states import ShipmentStatus
from resolvers.inputs.filtering import DateTimeOp, StringOp
from resolvers.inputs.inventory import UnitInput


@strawberry.input(description="A filter of shipments. All given conditions must hold.")
class ShipmentWhere:
    and_: list["ShipmentWhere"] | None = strawberry.field(
        default=None, name="and", description="All of these filters match, at most 500."
    )
    or_: list["ShipmentWhere"] | None = strawberry.field(
        default=None,
        name="or",
        description="At least one of these filters matches, at most 500; an empty list matches "
        "none.",
    )
    not_: Optional["ShipmentWhere"] = strawberry.field(
        default=None, name="not", description="This filter does not match."
    )
    status: list[ShipmentStatus] | None = strawberry.field(
        default=None, description="The statuses. One must match."
    )
    warehouse_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of the warehouse that the shipment leaves."
    )
    shipped_at: DateTimeOp | None = strawberry.field(
        default=None,
        description="The instant at which the shipment left. A shipment in the warehouse does "
        "not match.",
    )


@strawberry.input(description="A filter of invoices. All given conditions must hold.")
class InvoiceWhere:
    and_: list["InvoiceWhere"] | None = strawberry.field(
        default=None, name="and", description="All of these filters match, at most 500."
    )
    or_: list["InvoiceWhere"] | None = strawberry.field(
        default=None,
        name="or",
        description="At least one of these filters matches, at most 500; an empty list matches "
        "none.",
    )
    not_: Optional["InvoiceWhere"] = strawberry.field(
        default=None, name="not", description="This filter does not match."
    )
    number: StringOp | None = strawberry.field(
        default=None, description="The number, by `eq`, `in` and `startsWith`."
    )
    customer_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of the order's customer."
    )
    open: bool | None = strawberry.field(
        default=None,
        description="True: only invoices with a `balance` above 0. False: only others.",
    )
    overdue: bool | None = strawberry.field(
        default=None,
        description="True: only open invoices with a past `dueAt`. False: only others.",
    )
    issued_at: DateTimeOp | None = strawberry.field(
        default=None, description="The instant of issue."
    )
    due_at: DateTimeOp | None = strawberry.field(default=None, description="The due date.")


@strawberry.input(description="A filter of returns. All given conditions must hold.")
class ReturnWhere:
    and_: list["ReturnWhere"] | None = strawberry.field(
        default=None, name="and", description="All of these filters match, at most 500."
    )
    or_: list["ReturnWhere"] | None = strawberry.field(
        default=None,
        name="or",
        description="At least one of these filters matches, at most 500; an empty list matches "
        "none.",
    )
    not_: Optional["ReturnWhere"] = strawberry.field(
        default=None, name="not", description="This filter does not match."
    )
    status: list[ReturnState] | None = strawberry.field(
        default=None, description="The statuses. One must match."
    )
    order_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of the order."
    )
    customer_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of the order's customer."
    )
    warehouse_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of a warehouse that units of the return's lines had left."
    )
    requested_at: DateTimeOp | None = strawberry.field(
        default=None, description="The instant at which the return was announced."
    )


@strawberry.input(description="A filter of payments. All given conditions must hold.")
class PaymentWhere:
    and_: list["PaymentWhere"] | None = strawberry.field(
        default=None, name="and", description="All of these filters match, at most 500."
    )
    or_: list["PaymentWhere"] | None = strawberry.field(
        default=None,
        name="or",
        description="At least one of these filters matches, at most 500; an empty list matches "
        "none.",
    )
    not_: Optional["PaymentWhere"] = strawberry.field(
        default=None, name="not", description="This filter does not match."
    )
    customer_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of the order's customer."
    )
    order_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of the order."
    )
    kind: list[PaymentKind] | None = strawberry.field(
        default=None, description="The kinds. One must match."
    )
    at: DateTimeOp | None = strawberry.field(
        default=None, description="The instant of the payment."
    )
    method: list[str] | None = strawberry.field(
        default=None, description="The methods, at most 500, each in full. One must match."
    )
    reference: StringOp | None = strawberry.field(
        default=None,
        description="The bank's or the provider's key, by `eq`, `in` and `startsWith`.",
    )


@strawberry.input(description="A parcel of a shipment.")
class ParcelInput:
    carrier: str | None = strawberry.field(
        default=None, description="The carrier's name, at most 64 characters."
    )
    tracking_number: str | None = strawberry.field(
        default=None, description="The carrier's tracking number, at most 64 characters."
    )
    tracking_url: str | None = strawberry.field(
        default=None,
        description="The URL of the carrier's tracking page, with https:// or http://, at most "
        "1000 characters.",
    )


@strawberry.input(description="Units of one order line for a shipment.")
class ShipLineInput:
    line_id: strawberry.ID = strawberry.field(description="The id of the order line.")
    quantity: int = strawberry.field(
        description="The units, from 1 to the line's reserved units in the warehouse."
    )
    units: list[UnitInput] | None = strawberry.field(
        default=None,
        description="The lots or serial numbers, at most 1000 codes, together as many units as "
        "the line. Without them: those that expire first.",
    )


@strawberry.input(description="A shipment to make.")
class ShipInput:
    warehouse_id: strawberry.ID = strawberry.field(
        description="The id of the warehouse that the shipment leaves."
    )
    lines: list[ShipLineInput] | None = strawberry.field(
        default=None,
        description="The lines of the shipment. Without them: all reserved units of the order "
        "in the warehouse.",
    )
    parcels: list[ParcelInput] | None = strawberry.field(
        default=None,
        description="The parcels, at most 100 unless the operator has set another limit.",
    )


@strawberry.input(description="Units of one order line in a return.")
class ReturnLineInput:
    line_id: strawberry.ID = strawberry.field(description="The id of the order line.")
    quantity: int = strawberry.field(description="The units, from 1.")
    disposition: Disposition | None = strawberry.field(
        default=None,
        description="The disposition of the units. `returnReceive` needs it; `returnRequest` "
        "refuses it.",
    )
    units: list[UnitInput] | None = strawberry.field(
        default=None,
        description="The lots or serial numbers among those shipped with the line, at most 1000 "
        "codes. `returnReceive` needs them for a tracked product.",
    )


@strawberry.input(description="A payment to record.")
class PaymentInput:
    kind: PaymentKind = strawberry.field(description="The kind of payment.")
    amount: Decimal = strawberry.field(
        description="The amount in the order's currency, above 0, with no more decimals than "
        "the currency."
    )
    method: str = strawberry.field(
        description="The method, such as card, transfer or cash, 1 to 64 characters."
    )
    reference: str | None = strawberry.field(
        default=None,
        description="The bank's or the provider's key of the payment, at most 200 characters.",
    )
    payment_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The id of the earlier payment: the AUTHORIZATION of a CHARGE or VOID, or "
        "the CHARGE of a REFUND.",
    )
    at: datetime | None = strawberry.field(
        default=None,
        description="The instant of the payment, at most a year before the order was placed and "
        "not in the future. Without it: now.",
    )
    allow_duplicate: bool = strawberry.field(
        default=False,
        description="True: a second payment of the same kind, method and reference is recorded. "
        "False: it is answered DUPLICATE.",
    )
