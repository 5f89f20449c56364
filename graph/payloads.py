"""Payloads of mutations and previews: the outcome, and the reasons of a refusal."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import TypeVar

import strawberry

from graph.errors import input_errors
from graph.fields import LINES, SIZE, Given, computed_by
from graph.types.catalog import Category, Product, Supplier
from graph.types.customers import Customer, CustomerGroup
from graph.types.errors import UserError
from graph.types.inventory import StockItem, Warehouse
from graph.types.money import Money, TaxByRate, TaxedMoney, taxes_by_rate
from graph.types.orders import Order
from models.rules.order_states import OrderStatus

Payload = TypeVar("Payload")


def payload(description: str) -> Callable[[type[Payload]], type[Payload]]:
    """Makes a class with one field, the changed object, into the payload of a mutation.

    Each payload also lists the reasons of a refusal, and whether the request is a replay.
    """

    def decorate(made: type[Payload]) -> type[Payload]:
        made.__annotations__ |= {"user_errors": list[UserError], "replayed": bool}
        vars_of_class = {
            "user_errors": strawberry.field(
                description="The reasons of a refusal, at most 100. Empty: the change was made."
            ),
            "replayed": strawberry.field(
                default=False,
                description="True: an earlier request with the idempotency key made the change.",
            ),
        }
        for name, declared in vars_of_class.items():
            setattr(made, name, declared)
        return strawberry.type(made, description=description)

    return decorate


@payload("The outcome of a mutation of stock.")
class StockPayload:
    items: list[StockItem] = strawberry.field(
        description="The changed stock items as they are now. Empty after a refusal."
    )


@payload("The outcome of a mutation of a warehouse.")
class WarehousePayload:
    warehouse: Warehouse | None = strawberry.field(
        description="The warehouse as it is now. Null after a refusal."
    )


@payload("The outcome of a mutation of a product.")
class ProductPayload:
    product: Product | None = strawberry.field(
        description="The product as it is now. Null after a refusal."
    )


@payload("The outcome of a mutation of a category.")
class CategoryPayload:
    category: Category | None = strawberry.field(
        description="The category as it is now. Null after a refusal."
    )


@payload("The outcome of a mutation of a supplier.")
class SupplierPayload:
    supplier: Supplier | None = strawberry.field(
        description="The supplier as it is now. Null after a refusal."
    )


@payload("The outcome of a mutation of an order.")
class OrderPayload:
    order: Order | None = strawberry.field(
        description="The order as it is now. Null after a refusal."
    )


@payload("The outcome of a mutation of a customer.")
class CustomerPayload:
    customer: Customer | None = strawberry.field(
        description="The customer as it is now. Null after a refusal."
    )


@payload("The outcome of a mutation of a customer group.")
class CustomerGroupPayload:
    customer_group: CustomerGroup | None = strawberry.field(
        description="The customer group as it is now. Null after a refusal."
    )


@strawberry.type(
    description="The totals of an order before and after an edit, and the reasons against the edit."
)
class EditPreview:
    before: TaxedMoney = strawberry.field(description="The order's present total.")
    after: TaxedMoney = strawberry.field(description="The order's total after the edit.")
    difference: Money = strawberry.field(
        description="The gross total after the edit less the present one. Negative where the "
        "order gets cheaper."
    )
    user_errors: list[UserError] = computed_by(
        input_errors,
        Given.CONTEXT,
        "errors",
        description="The errors that `orderEdit` would answer, at most 100. Empty: it would "
        "succeed.",
    )


@strawberry.type(description="A line as `orderPlace` would make it.")
class OrderPreviewLine:
    sku: str = strawberry.field(description="The product's SKU.")
    name: str = strawberry.field(description="The product's name.")
    quantity: int = strawberry.field(description="The ordered units, in stock units.")
    unit_price: Money = strawberry.field(
        description="The net price of as many stock units as the product's `priceQuantity`."
    )
    discount_rate: Decimal = strawberry.field(
        description="The line's discount as a fraction: its own; else the customer's for a list "
        "price."
    )
    tax_rate: Decimal = strawberry.field(
        description="The line's tax rate as a fraction: 0.19 is 19 %."
    )
    total: TaxedMoney = strawberry.field(description="The line's total, discount taken off.")
    available: int = strawberry.field(
        description="The units of the line that are available now. Lines of one product share them."
    )
    earliest: date | None = strawberry.field(
        description="The earliest date on which all units can ship. Null where the lead time is "
        "unknown, or the product may not be backordered so far."
    )


@strawberry.type(
    description="The order that `orderPlace` would make of the same input now. A preview "
    "with errors counts as much as it can: lines with errors other than a stock "
    "shortage are left out. Where more than lines is refused, it has no lines and "
    "amounts of 0."
)
class OrderPreview:
    subtotal: TaxedMoney = strawberry.field(
        description="The total of the lines, their discounts taken off, without shipping."
    )
    discount: Money = strawberry.field(description="The sum of the lines' discounts, net.")
    shipping: TaxedMoney = strawberry.field(description="The cost of shipping.")
    total: TaxedMoney = strawberry.field(description="The sum of subtotal and shipping.")
    taxes: list[TaxByRate] = taxes_by_rate(
        "The total by tax rate, the lowest rate first. Shipping is included."
    )
    status: OrderStatus | None = strawberry.field(
        description="The status that the order would get. Null: `orderPlace` would refuse it."
    )
    lines: list[OrderPreviewLine] = strawberry.field(
        description="The lines, in the order of the input.", metadata={SIZE: LINES}
    )
    user_errors: list[UserError] = computed_by(
        input_errors,
        Given.CONTEXT,
        "errors",
        description="The errors that `orderPlace` would answer, at most 100. Empty: it would "
        "succeed.",
    )
