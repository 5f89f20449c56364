"""What clients send about orders."""

from datetime import datetime
from decimal import Decimal
from typing import Optional

import strawberry

import resolvers.enums  # noqa: F401 - registers the enums before an input names one
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
    return_status: list[ReturnStatus] | None = strawberry.field(
        default=None, description="With what comes back as far as one of these."
    )
    milestone: list[Milestone] | None = strawberry.field(
        default=None, description="As far as one of these for its customer; a draft is at none."
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
    updated_at: DateTimeOp | None = strawberry.field(
        default=None, description="By when it last changed."
    )
    promised_at: DateTimeOp | None = strawberry.field(
        default=None, description="By when it was promised to arrive; without a promise never."
    )
    stage_due_at: DateTimeOp | None = strawberry.field(
        default=None, description="By when what it waits for is due: `stageDueAt`."
    )
    total: DecimalOp | None = strawberry.field(
        default=None, description="By its gross total, in its own currency."
    )
    balance: DecimalOp | None = strawberry.field(
        default=None,
        description="By what is still to be paid, in its own currency; below zero: what is owed "
        "to its customer.",
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
    sku: str | None = strawberry.field(
        default=None, description="Which product; with `lineId`, the line's own without it."
    )
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
    shipping_tax_rate: Decimal | None = strawberry.field(
        default=None,
        description="The tax that shipping bears: 0.19 is 19 %; else, as the operator decided, "
        "that of the goods, in proportion.",
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
    shipping_tax_rate: Decimal | None = strawberry.field(
        default=strawberry.UNSET,
        description="The tax that shipping bears; null: as the operator decided. Billed with it.",
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
    customer_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="Whose draft it is: their terms hold, but prices and discounts that were given "
        "stay. An order that was placed keeps its customer.",
    )
    reserve_until: datetime | None = strawberry.field(
        default=strawberry.UNSET,
        description="Until when a draft holds its stock; it reserves what it does not hold yet. "
        "null: it holds none.",
    )
    note: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The note, all of it; null: none. In any state, if nothing but it and "
        "`externalRef` is edited.",
    )
    external_ref: ExternalRefInput | None = strawberry.field(
        default=strawberry.UNSET,
        description="The key by which another system knows it: it replaces that system's earlier "
        "one. In any state, as `note`.",
    )


@strawberry.input(description="Units of one line.")
class LineQuantity:
    line_id: strawberry.ID = strawberry.field(description="Which line.")
    quantity: int = strawberry.field(description="How many units, at least 1.")
