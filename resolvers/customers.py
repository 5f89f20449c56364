"""Fields of customers, and the root fields that find and save them."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Final
from uuid import UUID

import strawberry

from models.catalog import Product
from models.customers import Customer, CustomerAddress, CustomerGroup
from models.rules.access import Actor
from models.rules.customers import CreditRating
from models.rules.events import SubjectKind
from models.rules.money import Amount
from resolvers.arguments import (
    CustomerSearch,
    Descending,
    Id,
    OptionalId,
    OptionalRef,
    OptionalVersion,
    Version,
)
from resolvers.context import Context, Info
from resolvers.enums import CustomerSort
from resolvers.filters.customers import customer_query
from resolvers.filters.search import search_query
from resolvers.finding import Found, find_one
from resolvers.identifiers import input_key
from resolvers.inputs.customers import CustomerGroupInput, CustomerInput, CustomerWhere
from resolvers.inputs.sending import optional_key, sent, to_addresses, to_key, to_object
from resolvers.listing import Listing, PageRequest, scope_of
from resolvers.loaders import customers as loaders
from resolvers.loaders.relation import ToOne
from resolvers.money import amount_or_none
from services.customers.credit import SetCredit, set_credit
from services.customers.groups import SaveCustomerGroup, save_customer_group
from services.customers.save import SaveCustomer, save_customer
from services.work.visibility import visible

MAX_GROUPS: Final = 1_000
SORTS = {
    CustomerSort.NAME: "sort_name",
    CustomerSort.CODE: "code",
    CustomerSort.CREATED_AT: "created_at",
}
PRODUCT = ToOne(Product, key="id")


@dataclass(frozen=True)
class CreditLine:
    """A customer's credit, in the company's currency."""

    rating: CreditRating
    limit: Amount | None
    used: Amount
    available: Amount | None
    terms_days: int
    blocked: bool


@dataclass(frozen=True)
class ScoredProduct:
    product_id: UUID
    score: float
    reason: str


def default_address(addresses: list[CustomerAddress]) -> CustomerAddress | None:
    return addresses[0] if addresses else None


def credit(
    context: Context,
    rating: CreditRating,
    limit_minor: int | None,
    used_minor: int,
    terms_days: int,
    blocked: bool,
) -> CreditLine:
    currency = context.policy.currency
    left = None if limit_minor is None else limit_minor - used_minor
    return CreditLine(
        rating=rating,
        limit=amount_or_none(limit_minor, currency),
        used=Amount(used_minor, currency),
        available=amount_or_none(left, currency),
        terms_days=terms_days,
        blocked=blocked,
    )


def lifetime_value(context: Context, lifetime_minor: int) -> Amount:
    return Amount(lifetime_minor, context.policy.currency)


async def frequent_products(
    customer: strawberry.Parent[Customer],
    info: Info,
    first: Annotated[
        int, strawberry.argument(description="The number of products, 0 to 100.")
    ] = 10,
) -> list[ScoredProduct]:
    size = PageRequest(first=first).size
    bought = await info.context.by_key(loaders.purchases(size), customer.id)
    return [
        ScoredProduct(product, orders / bought.orders, f"In {orders} of {bought.orders} orders.")
        for product, orders in bought.products
    ]


async def recommendations(
    customer: strawberry.Parent[Customer],
    info: Info,
    first: Annotated[
        int, strawberry.argument(description="The number of products, 0 to 100.")
    ] = 10,
) -> list[ScoredProduct]:
    size = PageRequest(first=first).size
    best = (await info.context.by_key(loaders.companions, customer.id))[:size]
    products = await info.context.all_by_key(PRODUCT, [each.product_id for each in best])
    return [
        ScoredProduct(product.id, each.score, f"In {each.orders} orders with what they order.")
        for product, each in zip(products, best, strict=True)
        if product is not None and not product.discontinued
    ]


def customer(
    info: Info,
    id: OptionalId = None,
    code: Annotated[str | None, strawberry.argument(description="The customer's code.")] = None,
    external_ref: OptionalRef = None,
) -> Found:
    return find_one(info.context, Customer, id, external_ref, code=code)


def customers(
    actor: Actor,
    where: Annotated[
        CustomerWhere | None,
        strawberry.argument(description="The filter. Without it: all customers."),
    ] = None,
    search: CustomerSearch = None,
    sort: Annotated[
        CustomerSort, strawberry.argument(description="The sort key.")
    ] = CustomerSort.NAME,
    desc: Descending = False,
) -> Listing:
    query = customer_query(actor, where)
    if search is not None:
        query &= search_query(search, SubjectKind.CUSTOMER)
    return Listing(
        table=Customer,
        scope=scope_of("customers", sort, desc, where, search),
        sort=SORTS[sort],
        descending=desc,
        where=query,
    )


async def customer_groups(info: Info) -> list[CustomerGroup]:
    return await visible(CustomerGroup, info.context.actor).order_by("name").limit(MAX_GROUPS)


async def customer_save(
    info: Info,
    input: Annotated[
        CustomerInput,
        strawberry.argument(description="The customer's fields. A field that is left out stays."),
    ],
    id: Annotated[
        strawberry.ID | None,
        strawberry.argument(description="The customer to change. Without an id a new one is made."),
    ] = None,
    version: OptionalVersion = None,
) -> Customer:
    command = SaveCustomer(
        id=input_key("Customer", id, ("id",)) if id else None,
        version=version,
        code=sent(input.code),
        name=sent(input.name),
        email=sent(input.email),
        phone=sent(input.phone),
        group_id=optional_key("CustomerGroup", input.group_id, "groupId"),
        tags=tuple(input.tags) if isinstance(input.tags, list) else sent(input.tags),
        preferences=to_object(input.preferences, "preferences"),
        addresses=to_addresses(input.addresses),
        external_key=to_key(input.external_ref),
    )
    return await save_customer(info.context.actor, command)


async def customer_credit_set(
    info: Info,
    id: Id,
    version: Version,
    rating: Annotated[CreditRating, strawberry.argument(description="The credit rating.")],
    terms_days: Annotated[
        int,
        strawberry.argument(
            description="The payment terms: days from an invoice until it is due, 0 to 3650."
        ),
    ],
    limit: Annotated[
        Decimal | None,
        strawberry.argument(
            description="The credit limit in the company's currency, not below 0. Null: no limit."
        ),
    ] = None,
    blocked: Annotated[
        bool | None,
        strawberry.argument(description="True refuses the customer's new orders. Null: as it is."),
    ] = None,
) -> Customer:
    key = input_key("Customer", id, ("id",))
    command = SetCredit(key, version, rating, limit, terms_days, blocked)
    return await set_credit(info.context.actor, command)


async def customer_group_save(
    info: Info,
    input: Annotated[
        CustomerGroupInput,
        strawberry.argument(description="The group's fields. A field that is left out stays."),
    ],
    id: Annotated[
        strawberry.ID | None,
        strawberry.argument(description="The group to change. Without an id a new one is made."),
    ] = None,
    version: OptionalVersion = None,
) -> CustomerGroup:
    command = SaveCustomerGroup(
        id=input_key("CustomerGroup", id, ("id",)) if id else None,
        version=version,
        name=sent(input.name),
        discount_rate=sent(input.discount_rate),
    )
    return await save_customer_group(info.context.actor, command)
