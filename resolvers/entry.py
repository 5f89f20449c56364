"""Order entry: a customer's defaults, and the availability of products."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final, NamedTuple
from uuid import UUID

import strawberry

from models.customers import Customer, CustomerAddress
from models.inventory import StockItem
from models.orders import Order
from models.rules.access import Permission
from models.rules.catalog import BackorderPolicy, sendable_on
from models.rules.credit import PLACED
from models.rules.errors import BadRequest
from models.rules.insights import discount_of
from models.rules.text import form_in
from resolvers.context import Info, Lookup
from resolvers.customers import CreditLine, ScoredProduct, credit, frequent_products
from resolvers.identifiers import key_of
from resolvers.inputs.orders import LineInput
from resolvers.loaders import catalog as catalog_loaders
from resolvers.loaders import inventory as inventory_loaders
from resolvers.loaders import orders as order_loaders
from services.aggregates.addresses import snapshot
from services.work import clock
from services.work.visibility import visible

FREQUENT: Final = 10


@dataclass(frozen=True)
class Defaults:
    """The defaults of a customer's new order."""

    address: dict[str, Any] | None
    currency_code: str
    terms_days: int
    discount_rate: Decimal
    frequent_products: list[ScoredProduct]
    credit: CreditLine | None
    last_order: Order | None


@dataclass(frozen=True)
class Availability:
    """The available units of a requested line, their stock items, and the earliest full date."""

    sku: str
    requested: int
    available: int
    product_id: UUID | None
    earliest: date | None


class _Product(NamedTuple):
    id: UUID
    sku: str
    discontinued: bool
    backorder: BackorderPolicy
    supplier_id: UUID | None


COUNTERS: Final = ("available", "incoming")


async def order_entry_defaults(
    info: Info,
    customer_id: Annotated[strawberry.ID, strawberry.argument(description="The customer's id.")],
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
        currency_code=info.context.policy.currency,
        terms_days=customer.terms_days,
        discount_rate=discount_of(
            customer.lifetime_minor, customer.group.discount_rate if customer.group else None
        ),
        frequent_products=await frequent_products(customer, info, FREQUENT),
        credit=credit(
            info.context,
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
        strawberry.argument(
            description="The requested units: at most 2000 lines unless the operator has set "
            "another limit. Lines of one product share its available units."
        ),
    ],
) -> list[Availability]:
    most = info.context.policy.max_order_lines
    if len(lines) > most:
        raise BadRequest(f"At most {most} lines.")
    named = await _named(info, lines)
    known = await _products(info, named)
    ids = [each.id for each in known.values()]
    actor, meter = info.context.actor, info.context.meter
    rows = await inventory_loaders.stock_of_product.load(actor, ids, COUNTERS, meter)
    stock = dict(zip(ids, rows, strict=True))
    days = await _lead_times(info, known.values())
    taken: dict[str, int] = defaultdict(int)
    today = info.context.policy.local(clock.now()).date()
    found = []
    for line, (name, key) in zip(lines, named, strict=True):
        product = known.get(key or name)
        sku = product.sku if product else name
        items = stock[product.id] if product else []
        left = max(0, sum(max(0, item[0]) for item in items) - taken[sku])
        taken[sku] += line.quantity
        found.append(
            Availability(
                sku=sku,
                requested=line.quantity,
                available=min(left, max(0, line.quantity)),
                product_id=product.id if product else None,
                earliest=_earliest(
                    today, product, line.quantity - left, sum(item[1] for item in items), days
                ),
            )
        )
    return found


def served_stock(line: strawberry.Parent[Availability], info: Info) -> Lookup | list[StockItem]:
    """The stock items of a line's product, in the order in which warehouses serve."""
    if line.product_id is None:
        return []
    return info.context.look_up(inventory_loaders.served_stock_of_product, line.product_id)


async def _products(
    info: Info, named: Sequence[tuple[str, UUID | None]]
) -> dict[str | UUID, _Product]:
    """The products of the lines, by SKU and by id."""
    skus = list(dict.fromkeys(sku for sku, _ in named))
    own = list(dict.fromkeys(key for _, key in named if key))
    columns = _Product._fields
    by_sku = await catalog_loaders.product_by_sku.load(info.context.actor, skus, columns)
    by_id = await catalog_loaders.product.load(info.context.actor, own, columns)
    rows = [row for row in (*by_sku, *by_id) if row]
    products = [_Product(*row[: len(columns)]) for row in rows]
    return {each.sku: each for each in products} | {each.id: each for each in products}


async def _lead_times(info: Info, products: Iterable[_Product]) -> dict[UUID | None, int]:
    """The lead time in days of each product's supplier."""
    suppliers = list({each.supplier_id for each in products if each.supplier_id})
    columns = ("lead_time_days",)
    rows = await catalog_loaders.supplier.load(info.context.actor, suppliers, columns)
    return {key: row[0] for key, row in zip(suppliers, rows, strict=True) if row}


async def _named(info: Info, lines: list[LineInput]) -> list[tuple[str, UUID | None]]:
    """The SKU of each line, and the product's id for a line of an order.

    Raises:
        BadRequest: a line has neither a known line's id nor a SKU.
    """
    keys = {line.line_id: key_of("OrderLine", line.line_id) for line in lines if line.line_id}
    ids = list(keys.values())
    rows = await order_loaders.order_line.load(info.context.actor, ids, ("sku", "product_id"))
    found = dict(zip(ids, rows, strict=True))
    named: list[tuple[str, UUID | None]] = []
    for index, line in enumerate(lines):
        meant = found.get(keys[line.line_id]) if line.line_id else None
        if meant is None and not line.sku:
            raise BadRequest(f"Which product? Line {index} has neither a known line nor a SKU.")
        named.append(meant[:2] if meant else (form_in(line.sku or "", ()), None))
    return named


def _earliest(
    today: date,
    product: _Product | None,
    missing: int,
    incoming: int,
    days: Mapping[UUID | None, int],
) -> date | None:
    """The date on which all units can ship; None for an unknown or discontinued product."""
    if product is None or product.discontinued:
        return None
    lead_time_days = days.get(product.supplier_id)
    return sendable_on(today, missing, incoming, product.backorder, lead_time_days)
