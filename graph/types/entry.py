"""The defaults and the stock shown at order entry."""

from datetime import date
from decimal import Decimal

import strawberry

from graph.fields import WAREHOUSES, computed_by, resolved_for_each
from graph.types.customers import Credit, ProductScore
from graph.types.inventory import StockItem
from graph.types.orders import Order
from graph.types.values import Address
from resolvers import entry
from resolvers.scalars import CurrencyCode
from services.aggregates.addresses import restored


@strawberry.type(description="The values that a new order of a customer starts with.")
class OrderEntryDefaults:
    billing_address: Address | None = computed_by(
        restored,
        "address",
        description="The customer's default address. Null where the customer has none.",
    )
    shipping_address: Address | None = computed_by(
        restored,
        "address",
        description="The customer's default address. Null where the customer has none.",
    )
    currency_code: CurrencyCode = strawberry.field(description="The company's currency.")
    terms_days: int = strawberry.field(
        description="The payment terms: days from an invoice until it is due."
    )
    discount_rate: Decimal = strawberry.field(
        description="The discount off list prices, the higher one of group and loyalty tier, as "
        "a fraction: 0.05 is 5 %."
    )
    frequent_products: list[ProductScore] = strawberry.field(
        description="The customer's most frequent products, at most 10."
    )
    credit: Credit | None = strawberry.field(
        description="The customer's credit. Null without the permission `credit:read`."
    )
    last_order: Order | None = strawberry.field(
        description="The customer's latest placed order. Null where there is none."
    )


@strawberry.type(description="The available units for one line, and the date for all of its units.")
class AvailabilityLine:
    sku: str = strawberry.field(description="The product's SKU.")
    requested: int = strawberry.field(description="The requested units.")
    available: int = strawberry.field(
        description="The units of the line that are available now, at most the requested ones. "
        "Earlier lines of the same product use them up first. 0 for an unknown product."
    )
    warehouses: list[StockItem] = resolved_for_each(
        entry.served_stock,
        "The product's stock items, in the order in which warehouses serve orders.",
        size=WAREHOUSES,
    )
    earliest: date | None = strawberry.field(
        description="The earliest date on which all requested units can ship: today, or today "
        "and the supplier's lead time. Null where the lead time is unknown, or the product "
        "may not be backordered so far."
    )
