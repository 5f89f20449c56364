"""Customers, their groups, and what they owe."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry

from graph.fields import Given, asked_of, computed_by, paged_by, related
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


@strawberry.type(description="What a customer may owe.")
class Credit:
    rating: CreditRating = strawberry.field(description="How well they pay.")
    limit: Money | None = strawberry.field(description="The most they may owe; null: no limit.")
    used: Money = strawberry.field(description="What they owe or have ordered.")
    available: Money | None = strawberry.field(description="What is left; null: no limit.")
    terms_days: int = strawberry.field(description="Days from an invoice until it is due.")
    blocked: bool = strawberry.field(description="Whether they may not order at present.")


@strawberry.type(description="A customer's standing in the loyalty scheme.")
class Loyalty:
    tier: str = strawberry.field(description="NONE, BRONZE, SILVER or GOLD.")
    points: int = strawberry.field(description="One for each whole unit of money ever ordered.")
    discount_rate: Decimal = strawberry.field(description="What the tier takes off: 0.03 is 3 %.")


@stands_for(tables.CustomerGroup, "Customers who are treated alike.")
class CustomerGroup(Node):
    id: strawberry.ID = identified("CustomerGroup")
    version: int = strawberry.field(description="Goes up with every change.")
    name: str = strawberry.field(description="Unique.")
    discount_rate: Decimal = strawberry.field(description="What its members get off: 0.05 is 5 %.")


@strawberry.type(description="A product that fits a customer, and how well.")
class ProductScore:
    product: LazyProduct = related(catalog_loaders.product, "The product.")
    score: float = strawberry.field(description="0 to 1: the greater, the better it fits.")
    reason: str = strawberry.field(description="Why, for people.")


@stands_for(tables.Customer, "Somebody who orders.")
class Customer(Node):
    id: strawberry.ID = identified("Customer")
    version: int = strawberry.field(description="Goes up with every change.")
    code: str = strawberry.field(description="The number that people use. Unique.")
    name: str = strawberry.field(description="A company's or a person's name.")
    email: str | None = strawberry.field(description="Where mail reaches them.")
    phone: str | None = strawberry.field(description="Where calls reach them.")
    group: CustomerGroup | None = related(loaders.group, "The group they belong to.")
    tags: list[str] = strawberry.field(description="Words that people put on them.")
    preferences: JSON = strawberry.field(description="Whatever front ends keep for them.")
    addresses: list[Address] = related(loaders.addresses, "All addresses, the default first.")
    default_address: Address | None = computed_by(
        customers.default_address,
        loaders.addresses,
        description="Where orders go unless told otherwise.",
    )
    credit: Credit | None = computed_by(
        customers.credit,
        Given.CONTEXT,
        "credit_rating",
        "credit_limit_minor",
        "credit_used_minor",
        "terms_days",
        "blocked",
        description="What they may owe.",
        needs=Permission.CREDIT_READ,
    )
    loyalty: Loyalty | None = computed_by(
        standing,
        "lifetime_minor",
        description="Their standing, from all they ever ordered.",
        needs=Permission.ORDERS_READ,
    )
    lifetime_value: Money | None = computed_by(
        customers.lifetime_value,
        Given.CONTEXT,
        "lifetime_minor",
        description="What their orders in the company's currency come to, with tax.",
        needs=Permission.ORDERS_READ,
    )
    external_refs: list[ExternalRef] = related(
        loaders.external_refs, "The keys by which other systems know them."
    )
    created_at: datetime = strawberry.field(description="Since when they are known.")
    orders: Connection[LazyOrder] = paged_by(
        orders.orders_of_customer, "Their orders, the latest first."
    )
    frequent_products: list[ProductScore] = asked_of(
        customers.frequent_products, "What they order most often, by the number of orders.", "id"
    )
    recommendations: list[ProductScore] = asked_of(
        customers.recommendations,
        "What they never ordered and those who ordered the same products did.",
        "id",
    )
    timeline: Log[LazyEvent] = paged_by(
        events.timeline_of_customer, "What happened to them, the latest first."
    )
