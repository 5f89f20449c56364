"""What a person who enters an order is shown."""

from datetime import date
from decimal import Decimal

import strawberry

from graph.errors import UserError, told_of_input
from graph.fields import LINES, SIZE, WAREHOUSES, asked_of, computed_by
from graph.types.customers import Credit, ProductScore
from graph.types.inventory import StockItem
from graph.types.money import Money, TaxByRate, TaxedMoney, taxes_by_rate
from graph.types.orders import Order
from graph.types.values import Address
from models.rules.order_states import OrderStatus
from resolvers import entry
from resolvers.scalars import CurrencyCode
from services.aggregates.addresses import restored


@strawberry.type(description="What an order of a customer begins with.")
class OrderEntryDefaults:
    billing_address: Address | None = computed_by(
        restored, "address", description="Where the bill goes: their default address."
    )
    shipping_address: Address | None = computed_by(
        restored, "address", description="Where the goods go: their default address."
    )
    currency_code: CurrencyCode = strawberry.field(description="The company's currency.")
    terms_days: int = strawberry.field(description="Days from an invoice until it is due.")
    discount_rate: Decimal = strawberry.field(
        description="What is taken off list prices: the better of group and loyalty."
    )
    frequent_products: list[ProductScore] = strawberry.field(
        description="What they order most often, at most 10."
    )
    credit: Credit | None = strawberry.field(description="What they may owe.")
    last_order: Order | None = strawberry.field(description="The latest order that was placed.")


@strawberry.type(description="How much of a wish can be promised, and when all of it can be.")
class AvailabilityLine:
    sku: str = strawberry.field(description="The product.")
    requested: int = strawberry.field(description="How many units are wished for.")
    available: int = strawberry.field(description="How many of them can be promised now.")
    warehouses: list[StockItem] = asked_of(
        entry.served_stock,
        "What lies where, in the order in which warehouses serve.",
        size=WAREHOUSES,
    )
    earliest: date | None = strawberry.field(
        description="When all of them can be sent; null: nobody knows, or never."
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
        told_of_input, "errors", description="Why `orderPlace` would refuse it, in its words."
    )
