"""What clients send about orders."""

from datetime import datetime
from decimal import Decimal
from typing import Optional

import strawberry

import resolvers.enums  # noqa: F401 - registers the enums before an input names one
from models.rules.order_states import FulfillmentStatus, OrderStatus, PaymentStatus
from resolvers.inputs.filtering import DateTimeOp, DecimalOp, ExternalRefInput, StringOp
from resolvers.inputs.sending import AddressInput
from resolvers.scalars import JSON, CurrencyCode


@strawberry.input(description="Which orders; all conditions that are given must hold.")
class OrderWhere:
    and_: list["OrderWhere"] | None = strawberry.field(
        default=None, name="and", description="All of these."
    )
    or_: list["OrderWhere"] | None = strawberry.field(
        default=None, name="or", description="At least one of these; an empty list matches none."
    )
    not_: Optional["OrderWhere"] = strawberry.field(
        default=None, name="not", description="Not this."
    )
    number: StringOp | None = strawberry.field(default=None, description="By number.")
    status: list[OrderStatus] | None = strawberry.field(
        default=None, description="In one of these commercial states."
    )
    fulfillment: list[FulfillmentStatus] | None = strawberry.field(
        default=None, description="With the goods as far as one of these."
    )
    payment: list[PaymentStatus] | None = strawberry.field(
        default=None, description="With the money as far as one of these."
    )
    customer_id: strawberry.ID | None = strawberry.field(
        default=None, description="Of this customer."
    )
    channel: list[str] | None = strawberry.field(
        default=None, description="From one of these channels."
    )
    placed_at: DateTimeOp | None = strawberry.field(
        default=None, description="By when it was placed; a draft never was."
    )
    total: DecimalOp | None = strawberry.field(
        default=None, description="By its gross total, in its own currency."
    )
    is_delayed: bool | None = strawberry.field(
        default=None, description="Whether what it waits for is overdue: `isDelayed`."
    )
    sku: StringOp | None = strawberry.field(
        default=None, description="With a line of such a product."
    )
    country: list[str] | None = strawberry.field(
        default=None, description="Shipped to one of these countries."
    )
    warehouse_id: strawberry.ID | None = strawberry.field(
        default=None, description="With units promised in or shipped from this warehouse."
    )
    external_ref: ExternalRefInput | None = strawberry.field(
        default=None, description="Known by this key to another system."
    )


@strawberry.input(description="A line of an order.")
class LineInput:
    line_id: strawberry.ID | None = strawberry.field(
        default=None, description="The line that is meant, when an order is edited."
    )
    sku: str = strawberry.field(description="Which product.")
    quantity: int = strawberry.field(description="How many units of its stock unit, at least 1.")
    unit_price: Decimal | None = strawberry.field(
        default=None, description="Net, for `priceQuantity` units; else the product's price."
    )
    discount_rate: Decimal | None = strawberry.field(
        default=None, description="What is taken off this line: 0.05 is 5 %."
    )


@strawberry.input(description="An order as somebody places it.")
class OrderInput:
    customer_id: strawberry.ID = strawberry.field(description="Who orders.")
    channel: str = strawberry.field(
        default="default", description="Where it came from: letters, digits, - and _."
    )
    currency_code: CurrencyCode | None = strawberry.field(
        default=None, description="Else that of the products."
    )
    lines: list[LineInput] = strawberry.field(description="What is ordered: 1 to 2000 lines.")
    shipping: Decimal | None = strawberry.field(
        default=None, description="What shipping costs, net; else nothing."
    )
    reserve_until: datetime | None = strawberry.field(
        default=None, description="For drafts: hold the stock until then; else hold none."
    )
    shipping_address: AddressInput | None = strawberry.field(
        default=None, description="Where it goes; else the customer's default address."
    )
    billing_address: AddressInput | None = strawberry.field(
        default=None, description="Where the bill goes; else the customer's default address."
    )
    external_ref: ExternalRefInput | None = strawberry.field(
        default=None, description="The key by which another system knows it."
    )
    promised_at: datetime | None = strawberry.field(
        default=None, description="When it was promised to arrive."
    )
    note: str | None = strawberry.field(default=None, description="For the people who handle it.")
    attributes: JSON | None = strawberry.field(
        default=None, description="Whatever else is to be kept: an object of keys and values."
    )


@strawberry.input(description="How an order is to be; what is left out stays as it is.")
class OrderEditInput:
    lines: list[LineInput] | None = strawberry.field(
        default=strawberry.UNSET,
        description="The complete new list. A line without `lineId` is new; one that is not there "
        "is cancelled, and of a draft deleted. A price that is left out stays.",
    )
    shipping: Decimal | None = strawberry.field(
        default=strawberry.UNSET,
        description="What shipping costs, net; null: nothing. It is billed with what ships first, "
        "and stays then.",
    )
    shipping_address: AddressInput | None = strawberry.field(
        default=strawberry.UNSET, description="Where it goes."
    )
    billing_address: AddressInput | None = strawberry.field(
        default=strawberry.UNSET, description="Where the bill goes."
    )
    promised_at: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="When it was promised to arrive."
    )
    attributes: JSON | None = strawberry.field(
        default=strawberry.UNSET, description="Whatever else is to be kept, all of it."
    )


@strawberry.input(description="Units of one line.")
class LineQuantity:
    line_id: strawberry.ID = strawberry.field(description="Which line.")
    quantity: int = strawberry.field(description="How many units, at least 1.")
