"""Checks of sales: products and customers of orders that are placed, submitted or grow."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final, NamedTuple, Protocol
from uuid import UUID

from models.catalog import Product
from models.orders import Order, OrderLine
from models.rules.catalog import BackorderPolicy, TrackingPolicy
from models.rules.errors import CreditExceeded, DomainError, Path, invalid, not_found
from models.rules.text import forms
from services.storage.statements import Query
from services.work.work import Work


class Goods(NamedTuple):
    """The columns of a product that a sale needs."""

    id: UUID
    sku: str
    name: str
    price_minor: int
    currency: str
    price_quantity: int
    unit: str
    tax_rate: Decimal
    discontinued: bool
    backorder: BackorderPolicy
    tracking: TrackingPolicy
    supplier_id: UUID | None


class Debtor(Protocol):
    """The columns of a customer that the credit check needs."""

    @property
    def blocked(self) -> bool: ...
    @property
    def credit_limit_minor(self) -> int | None: ...
    @property
    def credit_used_minor(self) -> int: ...


# unscoped: the products of an order's own lines
BY_ID: Final = Query(Goods, "SELECT {columns} FROM product WHERE id IN ?")
BY_SKU: Final = Query(Goods, "SELECT {columns} FROM product WHERE sku IN ?")

Products = Mapping[UUID | None, Goods]
"""Products by their ids; a line without an id has no product."""


def check_product(product: Goods | None, sku: str, path: Path) -> Iterator[DomainError]:
    """The errors of selling more of a product; `sku` is the requested one."""
    if product is None:
        yield not_found(f"There is no product {sku}.", *path, "sku")
    elif product.discontinued:
        yield invalid(f"{product.sku} is not sold any more.", *path, "sku")


async def products_by_id(work: Work, lines: Iterable[OrderLine]) -> Products:
    """The lines' own products, under any SKU."""
    ids = list({line.product_id for line in lines if line.product_id})
    found = await BY_ID.rows(work.connection, ids) if ids else []
    return {product.id: product for product in found}


async def products_named(work: Work, skus: Iterable[str]) -> dict[str, Goods]:
    """The named products that the actor sees, by their stored SKUs."""
    named = list({form for sku in skus for form in forms(sku)})
    found = await work.seen(BY_SKU, Product, lambda each: each.id, named)
    return {each.sku: each for each in found}


def refuse_blocked(customer: Debtor, order: Order) -> None:
    """Passes if the customer may order.

    Raises:
        CreditExceeded: the customer is blocked.
    """
    if customer.blocked:
        raise CreditExceeded(
            customer.credit_limit_minor,
            customer.credit_used_minor,
            order.total_gross_minor,
            order.currency,
        )
