"""Inputs of orders."""

from datetime import datetime
from decimal import Decimal
from typing import Optional

import strawberry

import resolvers.enums  # noqa: F401 - registers the enums before an input uses one
from models.rules.order_states import (
    FulfillmentStatus,
    Milestone,
    OrderStatus,
    PaymentStatus,
    ReturnStatus,
)
from resolvers.inputs.filtering import DateTimeOp, DecimalOp, ExternalRefInput, StringOp
from resolvers.inputs.sending import AddressInput
from resolvers.scalars import JSON, CurrencyCode


@strawberry.input(description="A filter of orders. All given conditions must hold.")
class OrderWhere:
    and_: list["OrderWhere"] | None = strawberry.field(
        default=None, name="and", description="All of these filters match, at most 500."
    )
    or_: list["OrderWhere"] | None = strawberry.field(
        default=None,
        name="or",
        description="At least one of these filters matches, at most 500; an empty list matches "
        "none.",
    )
    not_: Optional["OrderWhere"] = strawberry.field(
        default=None, name="not", description="This filter does not match."
    )
    number: StringOp | None = strawberry.field(default=None, description="The number.")
    status: list[OrderStatus] | None = strawberry.field(
        default=None, description="The commercial statuses. One must match."
    )
    fulfillment: list[FulfillmentStatus] | None = strawberry.field(
        default=None, description="The fulfillment statuses. One must match."
    )
    payment: list[PaymentStatus] | None = strawberry.field(
        default=None, description="The payment statuses. One must match."
    )
    return_status: list[ReturnStatus] | None = strawberry.field(
        default=None, description="The return statuses. One must match."
    )
    milestone: list[Milestone] | None = strawberry.field(
        default=None, description="The milestones. One must match. A draft has none."
    )
    customer_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of the customer."
    )
    channel: list[str] | None = strawberry.field(
        default=None, description="The channels, at most 500, each in full. One must match."
    )
    placed_at: DateTimeOp | None = strawberry.field(
        default=None, description="The instant of placing. A draft has none."
    )
    updated_at: DateTimeOp | None = strawberry.field(
        default=None, description="The instant of the latest change."
    )
    promised_at: DateTimeOp | None = strawberry.field(
        default=None,
        description="The promised delivery. An order without a promise does not match.",
    )
    stage_due_at: DateTimeOp | None = strawberry.field(
        default=None, description="The due time of the stage, as `stageDueAt` has it."
    )
    total: DecimalOp | None = strawberry.field(
        default=None, description="The gross total as a number, without regard to the currency."
    )
    balance: DecimalOp | None = strawberry.field(
        default=None,
        description="The balance as a number, without regard to the currency. Below zero: owed "
        "to the customer.",
    )
    is_delayed: bool | None = strawberry.field(
        default=None,
        description="True: only delayed orders, as `isDelayed` has it. False: only others.",
    )
    sku: StringOp | None = strawberry.field(
        default=None,
        description="The SKU of a line at the time of the order, by `eq`, `in` and `startsWith`.",
    )
    country: list[str] | None = strawberry.field(
        default=None,
        description="The countries of the shipping address, at most 500 ISO 3166-1 codes of two "
        "capital letters. One must match.",
    )
    warehouse_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The id of a warehouse with reservations or shipments of the order.",
    )
    external_ref: ExternalRefInput | None = strawberry.field(
        default=None, description="The order's key in another system."
    )


@strawberry.input(description="A line of an order.")
class LineInput:
    line_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The id of the line that an edit changes. Without it the line is new. "
        "`orderPlace` and `orderDraft` do not read it.",
    )
    sku: str | None = strawberry.field(
        default=None,
        description="The product's SKU, at most 64 characters. A new line needs it; a known "
        "line keeps its product.",
    )
    quantity: int = strawberry.field(
        description="The units, in the product's stock unit, from 1. Cancelled units of a known "
        "line are included."
    )
    unit_price: Decimal | None = strawberry.field(
        default=None,
        description="The net price of `priceQuantity` stock units in the order's currency, not "
        "below 0. Without it: the list price, or the known line's price.",
    )
    discount_rate: Decimal | None = strawberry.field(
        default=None,
        description="The line's discount as a fraction from 0 to 1 with at most 6 decimals: "
        "0.05 is 5 %. Without it: the customer's discount for a list price, and 0 for a "
        "given price; a known line keeps its discount.",
    )


@strawberry.input(description="An order to place or to draft.")
class OrderInput:
    customer_id: strawberry.ID = strawberry.field(description="The id of the customer.")
    channel: str = strawberry.field(
        default="default",
        description="The channel that the order came through: 1 to 32 letters, digits, `-` and "
        "`_`.",
    )
    currency_code: CurrencyCode | None = strawberry.field(
        default=None,
        description="The order's currency, in which all its products must be priced. Without "
        "it: the currency of the products.",
    )
    lines: list[LineInput] = strawberry.field(
        description="The lines: 1 to 2000 unless the operator has set another limit."
    )
    shipping: Decimal | None = strawberry.field(
        default=None,
        description="The net cost of shipping in the order's currency, not below 0. Without it: 0.",
    )
    shipping_tax_rate: Decimal | None = strawberry.field(
        default=None,
        description="The tax rate of shipping as a fraction from 0 to 1: 0.19 is 19 %. Without "
        "it the operator's rule holds, unless set otherwise the rates of the goods in "
        "proportion.",
    )
    reserve_until: datetime | None = strawberry.field(
        default=None,
        description="Only for drafts: the instant until which the stock is reserved, in the "
        "future. Without it nothing is reserved.",
    )
    shipping_address: AddressInput | None = strawberry.field(
        default=None,
        description="The address of the shipments. Without it: the customer's default address.",
    )
    billing_address: AddressInput | None = strawberry.field(
        default=None,
        description="The address of the invoices. Without it: the customer's default address.",
    )
    external_ref: ExternalRefInput | None = strawberry.field(
        default=None, description="The key of the order in another system. Unique for orders."
    )
    promised_at: datetime | None = strawberry.field(
        default=None, description="The delivery date that the customer was promised."
    )
    note: str | None = strawberry.field(
        default=None, description="The internal note, at most 10000 characters."
    )
    attributes: JSON | None = strawberry.field(
        default=None,
        description="The order's own attributes: an object of at most 100 keys and values.",
    )


@strawberry.input(description="The fields of an order to replace. A field that is left out stays.")
class OrderEditInput:
    lines: list[LineInput] | None = strawberry.field(
        default=strawberry.UNSET,
        description="The complete new list of lines. A line without `lineId` is new. A known "
        "line that is left out is cancelled, and deleted from a draft.",
    )
    shipping: Decimal | None = strawberry.field(
        default=strawberry.UNSET,
        description="The net cost of shipping in the order's currency. The first shipment bills "
        "it; after that it stays. Null: 0.",
    )
    shipping_tax_rate: Decimal | None = strawberry.field(
        default=strawberry.UNSET,
        description="The tax rate of shipping as a fraction from 0 to 1. The first shipment "
        "bills it; after that it stays. Null: the operator's rule.",
    )
    shipping_address: AddressInput | None = strawberry.field(
        default=strawberry.UNSET, description="The address of the shipments. Null clears it."
    )
    billing_address: AddressInput | None = strawberry.field(
        default=strawberry.UNSET, description="The address of the invoices. Null clears it."
    )
    promised_at: datetime | None = strawberry.field(
        default=strawberry.UNSET,
        description="The delivery date that the customer was promised. Null: no promise.",
    )
    attributes: JSON | None = strawberry.field(
        default=strawberry.UNSET,
        description="The complete new object of attributes, at most 100. Null: none.",
    )
    customer_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="The id of a draft's new customer. Given prices and discounts stay; the "
        "other lines get the customer's discount. A placed order keeps its customer.",
    )
    reserve_until: datetime | None = strawberry.field(
        default=strawberry.UNSET,
        description="The instant until which a draft's stock is reserved, in the future. "
        "Missing units are reserved now. Null releases the stock.",
    )
    note: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The complete new note, at most 10000 characters. Null clears it. An edit "
        "of `note` and `externalRef` alone is possible in every state.",
    )
    external_ref: ExternalRefInput | None = strawberry.field(
        default=strawberry.UNSET,
        description="A key of the order in another system. It replaces the earlier key in that "
        "system. Null: as it is.",
    )


@strawberry.input(description="Units of one order line.")
class LineQuantity:
    line_id: strawberry.ID = strawberry.field(description="The id of the order line.")
    quantity: int = strawberry.field(description="The units, from 1.")
