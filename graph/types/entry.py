"""What a person who enters an order is shown."""

from datetime import date
from decimal import Decimal

import strawberry

from graph.fields import WAREHOUSES, asked_of, computed_by
from graph.types.customers import Credit, ProductScore
from graph.types.inventory import StockItem
from graph.types.orders import Order
from graph.types.values import Address
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
