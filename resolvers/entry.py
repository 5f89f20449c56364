"""What a person who enters an order is shown: defaults, and what can be had when."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any, Final
from uuid import UUID

import strawberry

from models.catalog import Product, Supplier
from models.customers import Customer, CustomerAddress
from models.inventory import StockItem
from models.orders import Order
from models.rules.access import Permission
from models.rules.catalog import BackorderPolicy
from models.rules.credit import PLACED
from models.rules.errors import BadRequest
from models.rules.text import clean
from resolvers.context import Info
from resolvers.customers import CreditLine, ScoredProduct, credit, frequent_products
from resolvers.identifiers import key_of
from resolvers.inputs.orders import LineInput
from services import clock, policy
from services.addresses import snapshot
from services.placing import discount_of
from services.visibility import visible

FREQUENT: Final = 10


@dataclass(frozen=True)
class Defaults:
    """What an order of a customer begins with."""

    address: dict[str, Any] | None
    currency_code: str
    terms_days: int
    discount_rate: Decimal
    frequent_products: list[ScoredProduct]
    credit: CreditLine | None
    last_order: Order | None


@dataclass(frozen=True)
class Availability:
    """How much of a wish can be promised, from which stock, and when all of it can be."""

    sku: str
    requested: int
    available: int
    warehouses: list[StockItem]
    earliest: date | None


async def order_entry_defaults(
    info: Info,
    customer_id: Annotated[strawberry.ID, strawberry.argument(description="Who orders.")],
) -> Defaults | None:
    actor = info.context.actor
    rows = visible(Customer, actor).select_related("group")
    customer = await rows.get_or_none(id=key_of("Customer", customer_id))
    if customer is None:
        return None
    orders = visible(Order, actor).filter(customer_id=customer.id, status__in=PLACED)
    home = await visible(CustomerAddress, actor).get_or_none(customer_id=customer.id, position=0)
    return Defaults(
        address=snapshot(home) if home else None,
        currency_code=policy.current().currency,
        terms_days=customer.terms_days,
        discount_rate=discount_of(customer, customer.group),
        frequent_products=await frequent_products(customer, info, FREQUENT),
        credit=credit(
            customer.credit_rating,
            customer.credit_limit_minor,
            customer.credit_used_minor,
            customer.terms_days,
            customer.blocked,
        )
        if actor.may(Permission.CREDIT_READ)
        else None,
        last_order=await orders.order_by("-sorted_at", "-id").first(),
    )


async def availability(
    info: Info,
    lines: Annotated[
        list[LineInput],
        strawberry.argument(description="What is wished for. Lines of one product share it."),
    ],
) -> list[Availability]:
    most = policy.current().max_order_lines
    if len(lines) > most:
        raise BadRequest(f"At most {most} lines.")
    skus = {clean(line.sku) for line in lines}
    products = await visible(Product, info.context.actor).filter(sku__in=list(skus))
    stock: dict[UUID, list[StockItem]] = defaultdict(list)
    items = visible(StockItem, info.context.actor).filter(
        product_id__in=[each.id for each in products]
    )
    for item in await items.select_related("warehouse").order_by("warehouse__priority", "id"):
        stock[item.product_id].append(item)
    suppliers = await visible(Supplier, info.context.actor).in_bulk(
        {each.supplier_id for each in products if each.supplier_id}, "id"
    )
    known = {each.sku: each for each in products}
    wished: dict[str, int] = defaultdict(int)
    found = []
    for line in lines:
        sku = clean(line.sku)
        product = known.get(sku)
        rows = stock[product.id] if product else []
        left = max(0, sum(max(0, item.balance.available) for item in rows) - wished[sku])
        wished[sku] += line.quantity
        found.append(
            Availability(
                sku=sku,
                requested=line.quantity,
                available=min(left, max(0, line.quantity)),
                warehouses=rows,
                earliest=_earliest(
                    product,
                    line.quantity - left,
                    sum(item.incoming for item in rows),
                    suppliers.get(product.supplier_id) if product and product.supplier_id else None,
                ),
            )
        )
    return found


def _earliest(
    product: Product | None, missing: int, incoming: int, supplier: Supplier | None
) -> date | None:
    """Today, where nothing is missing; else when the supplier can have brought it."""
    if product is None or product.discontinued:
        return None
    today = policy.current().local(clock.now()).date()
    if missing <= 0:
        return today
    waits = product.backorder is BackorderPolicy.ALLOW or (
        product.backorder is BackorderPolicy.UNTIL_EXPECTED and missing <= incoming
    )
    return today + timedelta(days=supplier.lead_time_days) if waits and supplier else None
