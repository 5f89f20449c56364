"""Customers, their groups, and their credit."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry

from graph.fields import Given, computed_by, paged_by, related, resolved_for_each
from graph.types.money import Money
from graph.types.node import Node, identified, stands_for
from graph.types.paging import Connection, Log
from graph.types.values import Address, ExternalRef
from models import customers as tables
from models.rules.access import Permission
from models.rules.customers import CreditRating
from models.rules.insights import standing
from resolvers import customers, events, orders
from resolvers.loaders import catalog as catalog_loaders
from resolvers.loaders import customers as loaders
from resolvers.scalars import JSON

if TYPE_CHECKING:
    from graph.types.catalog import Product
    from graph.types.events import Event
    from graph.types.orders import Order


LazyOrder = Annotated["Order", strawberry.lazy("graph.types.orders")]
LazyEvent = Annotated["Event", strawberry.lazy("graph.types.events")]
LazyProduct = Annotated["Product", strawberry.lazy("graph.types.catalog")]


@strawberry.type(description="A customer's credit. Amounts are gross, in the company's currency.")
class Credit:
    rating: CreditRating = strawberry.field(description="The credit rating.")
    limit: Money | None = strawberry.field(description="The credit limit. Null: no limit.")
    used: Money = strawberry.field(
        description="The used credit: the sum of the positive balances of the placed orders."
    )
    available: Money | None = strawberry.field(
        description="The limit less the used credit; below zero where the limit is exceeded. "
        "Null: no limit."
    )
    terms_days: int = strawberry.field(
        description="The payment terms: days from an invoice until it is due, 0 to 3650."
    )
    blocked: bool = strawberry.field(description="True: the customer's new orders are refused.")


@strawberry.type(description="A customer's standing in the loyalty scheme, by lifetime value.")
class Loyalty:
    tier: str = strawberry.field(description="The tier: NONE, BRONZE, SILVER or GOLD.")
    points: int = strawberry.field(
        description="The points: one for each 100 minor units of the lifetime value."
    )
    discount_rate: Decimal = strawberry.field(
        description="The tier's discount off list prices, as a fraction: 0.03 is 3 %."
    )


@stands_for(tables.CustomerGroup, "A group of customers with one discount.")
class CustomerGroup(Node):
    id: strawberry.ID = identified("CustomerGroup")
    version: int = strawberry.field(description="The version. Each change raises it.")
    name: str = strawberry.field(description="The group's name, at most 200 characters. Unique.")
    discount_rate: Decimal = strawberry.field(
        description="The group's discount off list prices, as a fraction: 0.05 is 5 %."
    )


@strawberry.type(description="A product suggested for a customer, with its score.")
class ProductScore:
    product: LazyProduct = related(catalog_loaders.product, "The product.")
    score: float = strawberry.field(
        description="The score from 0 to 1. A higher score is a better suggestion."
    )
    reason: str = strawberry.field(
        description="The reason for the suggestion, an English sentence for people."
    )


@stands_for(tables.Customer, "A customer: a company or a person with orders and invoices.")
class Customer(Node):
    id: strawberry.ID = identified("Customer")
    version: int = strawberry.field(description="The version. Each change raises it.")
    code: str = strawberry.field(description="The customer's code, at most 64 characters. Unique.")
    name: str = strawberry.field(
        description="The name of the company or person, at most 200 characters."
    )
    email: str | None = strawberry.field(
        description="The e-mail address, at most 254 characters. Null where none is known."
    )
    phone: str | None = strawberry.field(
        description="The telephone number as it was entered, at most 64 characters. Null where "
        "none is known."
    )
    group: CustomerGroup | None = related(
        loaders.group, "The customer's group. Null where the customer has none."
    )
    tags: list[str] = strawberry.field(
        description="The customer's tags, at most 50 of 64 characters."
    )
    preferences: JSON = strawberry.field(
        description="An object of keys and values for front ends. The server does not read it."
    )
    addresses: list[Address] = related(
        loaders.addresses, "The customer's addresses, the default first."
    )
    default_address: Address | None = computed_by(
        customers.default_address,
        loaders.addresses,
        description="The address of orders without one of their own: the first. Null where the "
        "customer has no address.",
    )
    credit: Credit | None = computed_by(
        customers.credit,
        Given.CONTEXT,
        "credit_rating",
        "credit_limit_minor",
        "credit_used_minor",
        "terms_days",
        "blocked",
        description="The customer's credit.",
        needs=Permission.CREDIT_READ,
    )
    loyalty: Loyalty | None = computed_by(
        standing,
        "lifetime_minor",
        description="The customer's standing in the loyalty scheme.",
        needs=Permission.ORDERS_READ,
    )
    lifetime_value: Money | None = computed_by(
        customers.lifetime_value,
        Given.CONTEXT,
        "lifetime_minor",
        description="The gross total of the customer's placed orders in the company's currency. "
        "Orders in another currency count at the exchange rate of their day; without a rate "
        "they do not count.",
        needs=Permission.ORDERS_READ,
    )
    external_refs: list[ExternalRef] = related(
        loaders.external_refs, "The keys of the customer in other systems."
    )
    created_at: datetime = strawberry.field(
        description="The instant at which the customer was made here."
    )
    orders: Connection[LazyOrder] = paged_by(
        orders.orders_of_customer,
        "The customer's orders, the latest `placedAt` first unless `sort` and `desc` differ.",
    )
    frequent_products: list[ProductScore] = resolved_for_each(
        customers.frequent_products,
        "The customer's most frequent products, by the number of placed orders with them.",
        "id",
    )
    recommendations: list[ProductScore] = resolved_for_each(
        customers.recommendations,
        "Products that the customer never ordered, from orders with the same "
        "products as the customer's.",
        "id",
    )
    timeline: Log[LazyEvent] = paged_by(
        events.timeline_of_customer, "The events of the customer, the latest first."
    )
