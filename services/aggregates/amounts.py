"""Amounts of orders and lines: prices, taxes, freight, balances and exchange rates."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from tortoise.backends.base.client import BaseDBAsyncClient

from models.catalog import Product
from models.exchange import ExchangeRate
from models.orders import Order, OrderLine
from models.rules.errors import (
    invalid,
)
from models.rules.freight import RatePart, freight_parts, freight_rule
from models.rules.money import (
    MAX_MINOR,
    Rounding,
    comparable,
    converted,
)
from models.rules.order_states import balance_minor, payment_status
from models.rules.payment_states import PaymentSums
from models.rules.pricing import LinePrice, LineTotals, check_rate, price_line, total
from services.aggregates.selling import Goods
from services.storage.rows import fresh
from services.work.work import Work


def rule_of(rate: Decimal | None, usual: str) -> str:
    """The rule of the freight's tax: the given rate, otherwise the company's policy.

    Raises:
        InputError: INVALID: the rate is not 0 to 1, or has too many decimals.
    """
    if rate is None:
        return usual
    return freight_rule(f"{check_rate(rate, 'A tax rate', 'shippingTaxRate'):f}")


def tax_freight(order: Order, lines: Sequence[OrderLine]) -> None:
    """Computes the tax of the order's freight anew, by its lines' wanted units.

    The order's sums are not set here, nor is it saved.
    """
    goods: Counter[Decimal] = Counter()
    for line in lines:
        if line.quantity > line.cancelled:
            goods[line.tax_rate] += totals_of(line, order.rounding).net_minor
    set_freight_parts(
        order,
        freight_parts(order.shipping_net_minor, order.shipping_tax_rule, goods, order.rounding),
    )


def set_freight_parts(order: Order, parts: Sequence[RatePart]) -> None:
    """Sets the parts of the freight by rate, and its tax. The order is not saved here."""
    order.shipping_taxes = stored(parts)
    order.shipping_tax_minor = sum(part.tax_minor for part in parts)


def parts_of(order: Order) -> list[RatePart]:
    """The stored parts of the order's freight by rate; all at 0 if none are stored."""
    kept = restored(order.shipping_taxes)
    if kept or not order.shipping_net_minor:
        return kept
    return [RatePart(Decimal(0), order.shipping_net_minor, order.shipping_tax_minor)]


def stored(parts: Sequence[RatePart]) -> list[list[Any]]:
    """The parts as a column stores them."""
    return [[f"{part.rate:f}", part.net_minor, part.tax_minor] for part in parts]


def restored(kept: Any) -> list[RatePart]:
    """The parts of a stored column."""
    parts = orjson.loads(kept) if isinstance(kept, str) else kept  # text in another table's column
    return [RatePart(Decimal(rate), net, tax) for rate, net, tax in parts or ()]


def sums_of(order: Order) -> PaymentSums:
    """The order's total and payments, for the rules."""
    return PaymentSums(
        total_minor=order.total_gross_minor,
        authorized_minor=order.authorized_minor,
        charged_minor=order.charged_minor,
        refunded_minor=order.refunded_minor,
        credited_minor=order.credited_minor,
    )


def balance_of(order: Order) -> int:
    """The unpaid amount by the order's sums; below zero: owed to the customer."""
    return balance_minor(order.status, order.return_status, sums_of(order))


def strike_balance(order: Order) -> None:
    """Sets the balance, the payment status and the columns that sort by amounts.

    Each change of one of the sums calls this. The order is not saved here.
    """
    sums = sums_of(order)
    order.balance_minor = balance_of(order)
    order.sort_total = comparable(order.total_gross_minor, order.currency)
    order.sort_balance = comparable(order.balance_minor, order.currency)
    order.payment_status = payment_status(order.balance_minor + sums.paid_minor, sums)


def totals_of(line: OrderLine, rounding: Rounding) -> LineTotals:
    """The totals of a line's wanted units, by its order's rounding."""
    return price_line(
        LinePrice(
            quantity=line.quantity - line.cancelled,
            unit_price_minor=line.unit_price_minor,
            price_quantity=line.price_quantity,
            discount_rate=line.discount_rate,
            tax_rate=line.tax_rate,
            rounding=rounding,
        )
    )


def price(line: OrderLine, rounding: Rounding) -> None:
    """Sets a line's totals from its units and prices."""
    totals = totals_of(line, rounding)
    line.net_minor, line.tax_minor = totals.net_minor, totals.tax_minor
    line.discount_minor = totals.discount_minor


def line_of(
    order_id: UUID,
    position: int,
    product: Product | Goods,
    price: LinePrice,
    currency: str,
    **more: Any,
) -> OrderLine:
    """A line with the product's present SKU and name, and its totals.

    `more` are other columns of it. It is not saved here.
    """
    totals = price_line(price)
    return fresh(
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
        unit=product.unit,
        discount_rate=price.discount_rate,
        tax_rate=price.tax_rate,
        net_minor=totals.net_minor,
        tax_minor=totals.tax_minor,
        discount_minor=totals.discount_minor,
        **more,
    )


def has_storable_worth(
    gross_minor: int, currency: str, company_rate: Decimal | None, company: str
) -> bool:
    """Whether the order's value fits a column in the company's currency, if its rate is known."""
    if company_rate is None:
        return True
    worth = converted(gross_minor, currency, company_rate, company)
    return worth <= MAX_MINOR


def sum_up(order: Order, lines: list[OrderLine], company: str) -> None:
    """Sets the order's sums and its balance from its lines and its shipping.

    `company` is the company's currency.

    Raises:
        InputError: an amount is too large, also before discounts, or in the company's currency.
    """
    sums = total(
        [totals_of(line, order.rounding) for line in lines],
        order.shipping_net_minor,
        order.shipping_tax_minor,
    )
    if not sums.can_be_stored:
        raise invalid("The order comes to more than can be kept.", "lines")
    if not has_storable_worth(sums.total_gross_minor, order.currency, order.company_rate, company):
        raise invalid("The order is worth more than can be kept.", "lines")
    order.line_count = len(lines)
    order.subtotal_net_minor = sums.subtotal_net_minor
    order.subtotal_tax_minor = sums.subtotal_tax_minor
    order.discount_minor = sums.discount_minor
    order.total_net_minor = sums.total_net_minor
    order.total_tax_minor = sums.total_tax_minor
    order.total_gross_minor = sums.total_gross_minor
    strike_balance(order)


async def rate_on(work: Work, currency: str, day: date) -> Decimal | None:
    """The exchange rate of a day; None if there is none from that day or before."""
    rows = ExchangeRate.filter(currency=currency, day__lte=day).using_db(work.connection)
    found = await rows.order_by("-day").first()
    return found.rate if found else None


async def rates_on(
    days: Collection[tuple[str, date]], connection: BaseDBAsyncClient | None = None
) -> dict[tuple[str, date], Decimal]:
    """The exchange rates of those days, by currency and day; days without one are left out."""
    found: dict[tuple[str, date], Decimal] = {}
    for currency in {currency for currency, _ in days}:
        wanted = sorted(day for name, day in days if name == currency)
        rows = ExchangeRate.filter(currency=currency).using_db(connection)
        before = await rows.filter(day__lte=wanted[0]).order_by("-day").first()
        known = await rows.filter(day__gt=wanted[0], day__lte=wanted[-1]).order_by("day")
        quotes = [*([before] if before else []), *known]
        for day in wanted:
            place = bisect_right(quotes, day, key=lambda quote: quote.day)
            if place:
                found[currency, day] = quotes[place - 1].rate
    return found
