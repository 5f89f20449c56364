"""From what somebody typed to an order and its lines: every reason against it, all at once."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from models.catalog import Product
from models.orders import Order, OrderLine
from models.rules.allocation import StockRow
from models.rules.errors import (
    DomainError,
    InputError,
    Path,
    Refused,
    invalid,
    not_found,
    required,
)
from models.rules.inventory import MAX_QUANTITY
from models.rules.money import UnknownCurrency, exponent, to_minor
from models.rules.pricing import LinePrice, LineTotals, check_rate, price_line, shortest, total
from models.rules.text import clean
from services import policy
from services.reserving import PROMISABLE, stock_row
from services.statements import Query, fresh
from services.transaction import Work
from services.visibility import among

MAX_CHANNEL: Final = 32
MAX_SKU: Final = 64
GOODS: Final = Query(
    """SELECT {columns} FROM product LEFT JOIN stock_item ON product_id = product.id
    LEFT JOIN warehouse ON warehouse.id = warehouse_id WHERE sku IN ?""",
    (
        Product,
        (
            *("id", "sku", "name", "price_minor", "currency", "price_quantity", "tax_rate"),
            *("discontinued", "backorder"),
        ),
    ),
    *PROMISABLE,
)


@dataclass(frozen=True)
class NewLine:
    """A line as somebody orders it. The price is a decimal in the order's currency."""

    sku: str | None
    quantity: int
    unit_price: Decimal | None = None
    discount_rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Goods:
    """Products by SKU, and what each warehouse could promise of them when they were read."""

    products: dict[str, Product]
    stock: list[StockRow]


def clean_channel(text: str) -> str:
    """The channel's name.

    Raises:
        InputError: it is empty, too long, or not letters, digits, `-` and `_`.
    """
    channel = text.strip()
    plain = channel.replace("-", "").replace("_", "")
    if not plain.isascii() or not plain.isalnum() or len(channel) > MAX_CHANNEL:
        raise invalid("A channel is 1 to 32 letters, digits, - and _.", "channel")
    return channel


async def goods_of(work: Work, lines: Sequence[NewLine], kept: Collection[int] = ()) -> Goods:
    """The products that the lines name, in the order of the lines, with their stock.

    The lines at the places in `kept` sell nothing more: their products may be gone.

    Raises:
        Refused: no lines, too many, a SKU that is missing, unknown or discontinued, a quantity out
            of range.
    """
    limit = policy.current().max_order_lines
    if not 1 <= len(lines) <= limit:
        raise invalid(f"An order has 1 to {limit} lines.", "lines")
    skus = list(dict.fromkeys(clean(line.sku) for line in lines if line.sku))
    found = await GOODS.rows(work.connection, skus)
    ids = (product.id for product, _, _ in found)
    seen = await among(Product, work.actor, ids, work.connection)
    by_sku = {product.sku: product for product, _, _ in found if product.id in seen}
    products = {sku: by_sku[sku] for sku in skus if sku in by_sku}
    errors: list[DomainError] = []
    for index, line in enumerate(lines):
        path = ("lines", str(index))
        errors += _check_line(line, path)
        if line.sku and index not in kept:
            errors += _check_product(clean(line.sku), products, path)
    if errors:
        raise Refused(errors)
    return Goods(products, [stock_row(item, place) for _, item, place in found if item])


def _check_line(line: NewLine, path: Path) -> list[DomainError]:
    errors: list[DomainError] = []
    if not 1 <= line.quantity <= MAX_QUANTITY:
        errors.append(invalid(f"A quantity is 1 to {MAX_QUANTITY}.", *path, "quantity"))
    try:
        check_rate(line.discount_rate or Decimal(0), "A discount rate", *path, "discountRate")
    except InputError as error:
        errors.append(error)
    if not line.sku:
        errors.append(required("Which product?", *path, "sku"))
    return errors


def _check_product(sku: str, products: dict[str, Product], path: Path) -> Iterator[DomainError]:
    product = products.get(sku)
    if len(sku) > MAX_SKU:
        yield invalid(f"A SKU has at most {MAX_SKU} characters.", *path, "sku")
    elif product is None:
        yield not_found(f"There is no product {sku}.", *path, "sku")
    elif product.discontinued:
        yield invalid(f"{sku} is not sold any more.", *path, "sku")


def currency_of(wished: str | None, products: dict[str, Product]) -> str:
    """The order's currency: the one asked for, else the products' own.

    Where they are priced in several, it is the company's, and the others are refused.

    Raises:
        Refused: it is no ISO 4217 code, or a product is priced in another.
    """
    own = {product.currency for product in products.values()}
    currency = wished or (own.pop() if len(own) == 1 else policy.current().currency)
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


def amount(value: Decimal, currency: str, *path: str) -> int:
    """A decimal that somebody typed, in minor units.

    Raises:
        InputError: below zero, too large, or finer than the currency.
    """
    try:
        minor = to_minor(value, currency)
    except ValueError as error:
        raise invalid(str(error), *path) from None
    if minor < 0:
        raise invalid("An amount is not below zero.", *path)
    return minor


def build_lines(
    order_id: UUID,
    lines: tuple[NewLine, ...],
    products: dict[str, Product],
    currency: str,
    discount_rate: Decimal,
) -> list[OrderLine]:
    """The lines with name, price and tax as they are now, and their totals.

    The customer's own discount is taken off list prices, where the line has none of its own.
    """
    built = []
    for position, line in enumerate(lines):
        product = products[clean(line.sku or "")]
        price_minor = product.price_minor
        if line.unit_price is not None:
            price_minor = amount(line.unit_price, currency, "lines", str(position), "unitPrice")
        price = LinePrice(
            quantity=line.quantity,
            unit_price_minor=price_minor,
            price_quantity=product.price_quantity,
            discount_rate=_discount(line, discount_rate),
            tax_rate=product.tax_rate,
        )
        totals = price_line(price)
        built.append(
            fresh(
                OrderLine,
                order_id=order_id,
                position=position,
                product_id=product.id,
                sku=product.sku,
                name=product.name,
                quantity=price.quantity,
                currency=currency,
                unit_price_minor=price.unit_price_minor,
                price_quantity=price.price_quantity,
                discount_rate=price.discount_rate,
                tax_rate=price.tax_rate,
                net_minor=totals.net_minor,
                tax_minor=totals.tax_minor,
                discount_minor=totals.discount_minor,
            )
        )
    return built


def _discount(line: NewLine, customers: Decimal) -> Decimal:
    if line.discount_rate is not None:
        return shortest(line.discount_rate)
    return shortest(customers) if line.unit_price is None else Decimal(0)


def totals_of(line: OrderLine) -> LineTotals:
    """What a line comes to, before anything of it was cancelled."""
    return price_line(
        LinePrice(
            quantity=line.quantity - line.cancelled,
            unit_price_minor=line.unit_price_minor,
            price_quantity=line.price_quantity,
            discount_rate=line.discount_rate,
            tax_rate=line.tax_rate,
        )
    )


def sum_up(order: Order, lines: list[OrderLine]) -> None:
    """Set the order's sums from its lines and its shipping.

    Raises:
        InputError: they come to more than an amount can hold.
    """
    sums = total(
        [totals_of(line) for line in lines], order.shipping_net_minor, order.shipping_tax_minor
    )
    if sums.total_gross_minor > 2**53:
        raise invalid("The order comes to more than can be kept.", "lines")
    order.line_count = len(lines)
    order.subtotal_net_minor = sums.subtotal_net_minor
    order.subtotal_tax_minor = sums.subtotal_tax_minor
    order.discount_minor = sums.discount_minor
    order.total_net_minor = sums.total_net_minor
    order.total_tax_minor = sums.total_tax_minor
    order.total_gross_minor = sums.total_gross_minor
