"""Payloads: what a mutation or a preview answers, and why it was refused."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import TypeVar

import strawberry

from graph.errors import told_of_input
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
    """Make a class with one field, which holds the changed object, the payload of a mutation.

    Every payload also says why nothing was changed, and whether an earlier request did it.
    """

    def decorate(made: type[Payload]) -> type[Payload]:
        made.__annotations__ |= {"user_errors": list[UserError], "replayed": bool}
        vars_of_class = {
            "user_errors": strawberry.field(description="Why nothing was changed; empty: it was."),
            "replayed": strawberry.field(
                default=False, description="Whether an earlier request with the same key did it."
            ),
        }
        for name, declared in vars_of_class.items():
            setattr(made, name, declared)
        return strawberry.type(made, description=description)

    return decorate


@payload("What a mutation did to stock.")
class StockPayload:
    items: list[StockItem] = strawberry.field(description="The stock that changed, as it is now.")


@payload("What a mutation did to a warehouse.")
class WarehousePayload:
    warehouse: Warehouse | None = strawberry.field(description="The warehouse as it is now.")


@payload("What a mutation did to a product.")
class ProductPayload:
    product: Product | None = strawberry.field(description="The product as it is now.")


@payload("What a mutation did to a category.")
class CategoryPayload:
    category: Category | None = strawberry.field(description="The category as it is now.")


@payload("What a mutation did to a supplier.")
class SupplierPayload:
    supplier: Supplier | None = strawberry.field(description="The supplier as it is now.")


@payload("What a mutation did to an order.")
class OrderPayload:
    order: Order | None = strawberry.field(description="The order as it is now.")


@payload("What a mutation did to a customer.")
class CustomerPayload:
    customer: Customer | None = strawberry.field(description="The customer as they are now.")


@payload("What a mutation did to a customer group.")
class CustomerGroupPayload:
    customer_group: CustomerGroup | None = strawberry.field(description="The group as it is now.")


@strawberry.type(description="What an edit would come to, and why it would be refused.")
class EditPreview:
    before: TaxedMoney = strawberry.field(description="What the order comes to now.")
    after: TaxedMoney = strawberry.field(description="What it would come to.")
    difference: Money = strawberry.field(description="What it would come to more, with tax.")
    user_errors: list[UserError] = computed_by(
        told_of_input, Given.CONTEXT, "errors", description="Why it would be refused."
    )


@strawberry.type(description="A line as `orderPlace` would write it, and when it could leave.")
class OrderPreviewLine:
    sku: str = strawberry.field(description="The product's SKU.")
    name: str = strawberry.field(description="The product's name.")
    quantity: int = strawberry.field(description="Units that are ordered.")
    unit_price: Money = strawberry.field(
        description="Net, for as many units as the product's `priceQuantity`."
    )
    discount_rate: Decimal = strawberry.field(
        description="What is taken off: the line's own, else the customer's off list prices."
    )
    tax_rate: Decimal = strawberry.field(description="0.19 is 19 %.")
    total: TaxedMoney = strawberry.field(
        description="What the line comes to, its discount taken off."
    )
    available: int = strawberry.field(
        description="How many of its units can be promised now. Lines of one product share it."
    )
    earliest: date | None = strawberry.field(
        description="When all of them can be sent; null: nobody knows, or never."
    )


@strawberry.type(
    description="What `orderPlace` would write of the same input now. What it would refuse is "
    "reckoned as far as it can be: without lines that are refused for more than stock, and with "
    "no lines and amounts of 0 where more than lines is wrong."
)
class OrderPreview:
    subtotal: TaxedMoney = strawberry.field(description="All lines, their discounts taken off.")
    discount: Money = strawberry.field(description="What the lines' discounts took off, net.")
    shipping: TaxedMoney = strawberry.field(description="What shipping costs.")
    total: TaxedMoney = strawberry.field(description="Subtotal and shipping.")
    taxes: list[TaxByRate] = taxes_by_rate(
        "The total by tax rate, shipping with its share, the lowest rate first."
    )
    status: OrderStatus | None = strawberry.field(
        description="The status that the order would get; null: it would be refused."
    )
    lines: list[OrderPreviewLine] = strawberry.field(
        description="What would be written, in the order of the input.", metadata={SIZE: LINES}
    )
    user_errors: list[UserError] = computed_by(
        told_of_input,
        Given.CONTEXT,
        "errors",
        description="Why `orderPlace` would refuse it, in its words.",
    )
