"""From the input of an order to the order and its lines, with every error at once."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple
from uuid import UUID

from models.customers import Customer
from models.orders import Order, OrderLine
from models.rules.allocation import StockRow
from models.rules.errors import (
    invalid,
    not_found,
)
from models.rules.insights import discount_of
from models.rules.money import (
    Rounding,
)
from models.rules.pricing import LinePrice, shortest
from models.rules.text import form_in
from services.aggregates.addresses import Address, check_address, snapshot
from services.aggregates.amounts import line_of, rate_on, rule_of, sum_up, tax_freight
from services.aggregates.order_status import BEGINNING
from services.aggregates.selling import Debtor, Goods, Products
from services.orders.goods import NewLine, currency_of, goods_of
from services.orders.note import MAX_NOTE
from services.storage.rows import fresh
from services.storage.statements import Query
from services.work.inputs import amount
from services.work.references import ExternalKey
from services.work.upserts import optional_text
from services.work.work import Work

MAX_ATTRIBUTES: Final = 100


class Buyer(NamedTuple):
    """The columns of an ordering customer; the discount is their group's."""

    blocked: bool
    credit_limit_minor: int | None
    credit_used_minor: int
    lifetime_minor: int
    discount_rate: Decimal | None
    customer_address: Address | None


BUYER: Final = Query(
    Buyer,
    """SELECT {columns} FROM customer
    LEFT JOIN customer_group ON customer_group.id = customer.group_id
    LEFT JOIN customer_address ON customer_address.customer_id = customer.id
        AND customer_address.position = 0
    WHERE customer.id = ?""",
)


@dataclass(frozen=True)
class PlaceOrder:
    """The input of an order. Without an address the customer's default is taken.

    Without a rate shipping bears the tax of the operator's rule. A draft with `reserve_until`
    reserves its stock until then.
    """

    customer_id: UUID
    lines: tuple[NewLine, ...]
    channel: str = "default"
    currency: str | None = None
    shipping: Decimal = Decimal(0)
    shipping_tax_rate: Decimal | None = None
    shipping_address: Address | None = None
    billing_address: Address | None = None
    external_key: ExternalKey | None = None
    promised_at: datetime | None = None
    reserve_until: datetime | None = None
    note: str | None = None
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Drawn:
    """An order with its prices, before anything is reserved or stored."""

    customer: Buyer
    products: Products
    stock: list[StockRow]
    order: Order
    lines: list[OrderLine]


async def draw_up(work: Work, command: PlaceOrder) -> Drawn:
    """The order without channel and number, with its lines and amounts; it only reads.

    Raises:
        Refused: an unknown customer or SKU, a bad quantity, price, currency, address ...
    """
    customer = await buyer(work, command.customer_id)
    goods = await goods_of(work, command.lines)
    currency = currency_of(command.currency, goods.products, work.policy.currency)
    order = _blank(work, command, customer.customer_address, currency)
    order.company_rate = await company_rate(work, customer, currency)
    discount_rate = discount_of(customer.lifetime_minor, customer.discount_rate)
    await work.pause()
    lines = build_lines(
        order.id, command.lines, goods.products, currency, discount_rate, order.rounding
    )
    await work.pause()
    tax_freight(order, lines)
    sum_up(order, lines, work.policy.currency)
    await work.pause()
    products: Products = {each.id: each for each in goods.products.values()}
    return Drawn(customer, products, goods.stock, order, lines)


async def buyer(work: Work, customer_id: UUID) -> Buyer:
    """The customer with their group's discount and their default address.

    Raises:
        InputError: the actor sees no such customer.
    """
    found = await work.seen(BUYER, Customer, lambda _: customer_id, customer_id)
    if not found:
        raise not_found("There is no such customer.", "customerId")
    return found[0]


def _blank(work: Work, command: PlaceOrder, default: Address | None, currency: str) -> Order:
    """The order before its lines are added."""
    home = snapshot(default) if default else None
    shipping_address = check_address(command.shipping_address, "shippingAddress") or home
    if len(command.attributes) > MAX_ATTRIBUTES:
        raise invalid(f"An order has at most {MAX_ATTRIBUTES} attributes.", "attributes")
    return fresh(
        Order,
        customer_id=command.customer_id,
        currency=currency,
        **BEGINNING,
        placed_at=work.now,
        sorted_at=work.now,
        created_at=work.now,
        updated_at=work.now,
        promised_at=command.promised_at,
        shipping_net_minor=amount(command.shipping, currency, "shipping"),
        shipping_tax_minor=0,
        shipping_tax_rule=rule_of(command.shipping_tax_rate, work.policy.freight_tax),
        rounding=work.policy.rounding,
        shipping_address=shipping_address,
        billing_address=check_address(command.billing_address, "billingAddress") or home,
        shipping_country=shipping_address["countryCode"] if shipping_address else None,
        note=optional_text(command.note, "note", MAX_NOTE),
        attributes=command.attributes,
    )


async def company_rate(
    work: Work, customer: Debtor, currency: str, field: str = "currencyCode"
) -> Decimal | None:
    """Today's exchange rate of the order's currency; None for the company's own or an unknown one.

    Raises:
        InputError: at the field: it is unknown, and the customer has a limit.
    """
    if currency == work.policy.currency:
        return None
    rate = await rate_on(work, currency, work.today)
    if rate is None and customer.credit_limit_minor is not None:
        raise invalid(f"There is no exchange rate for {currency} yet.", field)
    return rate


def build_lines(
    order_id: UUID,
    lines: tuple[NewLine, ...],
    products: dict[str, Goods],
    currency: str,
    discount_rate: Decimal,
    rounding: Rounding,
) -> list[OrderLine]:
    """The lines with their present name, price and tax, and their totals.

    The customer's own discount is taken off list prices, unless the line has its own.
    """
    built = []
    for position, line in enumerate(lines):
        product = products[form_in(line.sku or "", products)]
        price_minor = product.price_minor
        if line.unit_price is not None:
            price_minor = amount(line.unit_price, currency, "lines", str(position), "unitPrice")
        price = LinePrice(
            quantity=line.quantity,
            unit_price_minor=price_minor,
            price_quantity=product.price_quantity,
            discount_rate=_discount(line, discount_rate),
            tax_rate=product.tax_rate,
            rounding=rounding,
        )
        own_price = line.has_own_price
        built.append(line_of(order_id, position, product, price, currency, own_price=own_price))
    return built


def _discount(line: NewLine, customers: Decimal) -> Decimal:
    if line.discount_rate is not None:
        return shortest(line.discount_rate)
    return shortest(customers) if line.unit_price is None else Decimal(0)
