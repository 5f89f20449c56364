"""The goods of an order: its products, their currency, and their available units."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from operator import attrgetter
from typing import Final, NamedTuple

from models.catalog import Product
from models.rules.allocation import StockRow
from models.rules.errors import (
    DomainError,
    InputError,
    Path,
    Refused,
    invalid,
    refuse,
    required,
)
from models.rules.inventory import MAX_QUANTITY
from models.rules.money import (
    UnknownCurrency,
    exponent,
)
from models.rules.pricing import check_rate
from models.rules.text import form_in, forms
from services.aggregates.reservations import Counters, stock_row
from services.aggregates.selling import BY_SKU, Goods, check_product
from services.storage.statements import Query
from services.work.work import Work

MAX_SKU: Final = 64


class _Stocked(NamedTuple):
    product: Goods
    stock_item: Counters | None
    priority: int | None


STOCKED: Final = Query(
    _Stocked,
    """SELECT {columns} FROM product LEFT JOIN stock_item ON product_id = product.id
    LEFT JOIN warehouse ON warehouse.id = warehouse_id WHERE sku IN ?""",
)


@dataclass(frozen=True)
class NewLine:
    """A line's input. The price is a decimal in the order's currency."""

    sku: str | None
    quantity: int
    unit_price: Decimal | None = None
    discount_rate: Decimal | None = None

    @property
    def has_own_price(self) -> bool:
        """Whether its price or discount is given, instead of the customer's."""
        return self.unit_price is not None or self.discount_rate is not None


@dataclass(frozen=True, slots=True)
class Ordered:
    """Products by SKU, and their available units in each warehouse when they were read."""

    products: dict[str, Goods]
    stock: list[StockRow]


async def goods_of(work: Work, lines: Sequence[NewLine]) -> Ordered:
    """The products of the lines, in the order of the lines, with their stock.

    Raises:
        Refused: no lines, too many, a SKU that is missing, unknown or discontinued, a quantity out
            of range.
    """
    skus = _named(work, lines)
    key = attrgetter("product.id")
    found = await work.seen(STOCKED, Product, key, skus) if skus else []
    await work.pause()
    products = _by_sku(skus, (product for product, _, _ in found))
    _check(lines, products)
    await work.pause()
    stock = [stock_row(item, rank or 0) for _, item, rank in found if item]
    return Ordered(products, stock)


async def products_of(
    work: Work, lines: Sequence[NewLine], known: Collection[int]
) -> dict[str, Goods]:
    """As `goods_of` for lines of which some, at the places in `known`, belong to an order already.

    The SKUs of those are ignored. No stock is read.

    Raises:
        Refused: as `goods_of`.
    """
    skus = _named(work, lines, known)
    found = await work.seen(BY_SKU, Product, attrgetter("id"), skus) if skus else []
    await work.pause()
    products = _by_sku(skus, found)
    _check(lines, products, known)
    await work.pause()
    return products


def _named(work: Work, lines: Sequence[NewLine], known: Collection[int] = ()) -> list[str]:
    limit = work.policy.max_order_lines
    if not 1 <= len(lines) <= limit:
        raise invalid(f"An order has 1 to {limit} lines.", "lines")
    new = [line for index, line in enumerate(lines) if index not in known]
    return list(dict.fromkeys(each for line in new if line.sku for each in forms(line.sku)))


def _by_sku(skus: list[str], found: Iterable[Goods]) -> dict[str, Goods]:
    """The products by SKU, in the order of the SKUs."""
    by_sku = {product.sku: product for product in found}
    return {sku: by_sku[sku] for sku in skus if sku in by_sku}


def _check(
    lines: Sequence[NewLine], products: dict[str, Goods], known: Collection[int] = ()
) -> None:
    errors: list[DomainError] = []
    for index, line in enumerate(lines):
        path = ("lines", str(index))
        errors += _check_line(line, path)
        if index in known:
            continue
        if not line.sku:
            errors.append(required("Which product?", *path, "sku"))
        else:
            errors += _check_product(form_in(line.sku, products), products, path)
    refuse(errors)


def _check_line(line: NewLine, path: Path) -> list[DomainError]:
    errors: list[DomainError] = []
    if not 1 <= line.quantity <= MAX_QUANTITY:
        errors.append(invalid(f"A quantity is 1 to {MAX_QUANTITY}.", *path, "quantity"))
    try:
        check_rate(line.discount_rate or Decimal(0), "A discount rate", *path, "discountRate")
    except InputError as error:
        errors.append(error)
    return errors


def _check_product(sku: str, products: dict[str, Goods], path: Path) -> Iterator[DomainError]:
    if len(sku) > MAX_SKU:
        yield invalid(f"A SKU has at most {MAX_SKU} characters.", *path, "sku")
    else:
        yield from check_product(products.get(sku), sku, path)


def currency_of(wished: str | None, products: dict[str, Goods], company: str) -> str:
    """The order's currency: the requested one, otherwise the products' own.

    For products in several currencies it is the company's, and the others are refused.

    Raises:
        Refused: it is no ISO 4217 code, or a product is priced in another.
    """
    own = {product.currency for product in products.values()}
    currency = wished or (own.pop() if len(own) == 1 else company)
    try:
        exponent(currency)
    except UnknownCurrency:
        raise invalid(f"{currency} is no currency.", "currencyCode") from None
    foreign = [product for product in products.values() if product.currency != currency]
    if foreign:
        raise Refused(
            [
                invalid(f"{product.sku} is priced in {product.currency}.", "currencyCode")
                for product in foreign
            ]
        )
    return currency
