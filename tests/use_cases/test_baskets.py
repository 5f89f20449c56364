"""Random baskets to the cent, against a reckoning in exact fractions that shares nothing with ours.

Line net = round(quantity x price / price quantity x (1 - discount)), tax = round(net x rate), by
the rounding of the order; freight bears the rates of the goods by their worth, or one of its own.
An order is the sum of its lines and its freight.
"""

import random
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

import pytest

from models.columns import new_id
from models.orders import Order
from models.rules.catalog import BackorderPolicy, TrackingPolicy
from models.rules.freight import GOODS
from models.rules.money import Rounding
from services.aggregates.amounts import parts_of, rule_of, sum_up, tax_freight
from services.aggregates.selling import Goods
from services.orders.entry import build_lines
from services.orders.goods import NewLine
from tests.support.databases import Database

MINOR_UNITS: Final = {"EUR": 100, "JPY": 1, "KWD": 1_000, "CLF": 10_000}
PRICED_FOR: Final = (1, 1, 1, 3, 12, 100, 1_000, 999_983)
RATES: Final = ("0", "0.005", "0.07", "0.125", "0.19", "0.255", "0.333333", "0.5", "1")
HALVES: Final = (0, 1, 5, 25, 50, 150, 250, 1_050)
"""Amounts of which halves come up often."""


@dataclass(frozen=True)
class Basket:
    """What a customer wants, of products at their prices, and how much of it was cancelled."""

    currency: str
    products: dict[str, Goods]
    lines: tuple[NewLine, ...]
    cancelled: tuple[int, ...]
    own_discount: Decimal
    shipping_minor: int
    rounding: str
    freight_rate: Decimal | None


@dataclass(frozen=True)
class Sums:
    """What something comes to, in minor units."""

    net: int
    tax: int
    discount: int


def filled(dice: random.Random) -> Basket:
    """A basket of 1 to 8 products."""
    currency = dice.choice(list(MINOR_UNITS))
    skus = [f"P{place}" for place in range(dice.randint(1, 8))]
    lines = tuple(_line(dice, sku, currency) for sku in skus)
    return Basket(
        currency,
        {sku: _product(dice, sku, currency) for sku in skus},
        lines,
        tuple(dice.randint(0, each.quantity) if dice.random() < 0.2 else 0 for each in lines),
        _rate(dice),
        _minor(dice),
        dice.choice(["half-up", "half-even"]),
        _rate(dice) if dice.random() < 0.3 else None,
    )


def _product(dice: random.Random, sku: str, currency: str) -> Goods:
    return Goods(
        id=new_id(),
        sku=sku,
        name=sku,
        price_minor=_minor(dice),
        currency=currency,
        price_quantity=dice.choice(PRICED_FOR),
        unit="piece",
        tax_rate=_rate(dice),
        discontinued=False,
        backorder=BackorderPolicy.DENY,
        tracking=TrackingPolicy.NONE,
        supplier_id=None,
    )


def _line(dice: random.Random, sku: str, currency: str) -> NewLine:
    price = Decimal(_minor(dice)) / MINOR_UNITS[currency] if dice.random() < 0.3 else None
    discount = _rate(dice) if dice.random() < 0.3 else None
    return NewLine(sku, dice.randint(1, 10 ** dice.randint(0, 5)), price, discount)


def _minor(dice: random.Random) -> int:
    return dice.choice(HALVES) if dice.random() < 0.4 else dice.randint(0, 10 ** dice.randint(1, 6))


def _rate(dice: random.Random) -> Decimal:
    known = dice.random() < 0.6
    return Decimal(dice.choice(RATES)) if known else Decimal(dice.randint(0, 10**6)).scaleb(-6)


def nearest(value: Fraction, rounding: str) -> int:
    """The nearest integer; of two, the even one or the greater."""
    below = value.numerator // value.denominator
    rest = value - below
    if rest * 2 == 1:
        return below + (below % 2 if rounding == "half-even" else 1)
    return below + 1 if rest * 2 > 1 else below


def reckoned(basket: Basket, line: NewLine, cancelled: int) -> Sums:
    """What a line comes to. The customer's own discount is taken off list prices only."""
    product = basket.products[str(line.sku)]
    discount, price = line.discount_rate, Fraction(product.price_minor)
    if line.unit_price is not None:
        price = Fraction(line.unit_price) * MINOR_UNITS[basket.currency]
    if discount is None:
        discount = Decimal(0) if line.unit_price is not None else basket.own_discount
    worth = (line.quantity - cancelled) * price / product.price_quantity
    rounding = basket.rounding
    net = nearest(worth * (1 - Fraction(discount)), rounding)
    tax = nearest(net * Fraction(product.tax_rate), rounding)
    return Sums(net, tax, nearest(worth, rounding) - net)


def freight(basket: Basket, lines: list[tuple[NewLine, int, Sums]]) -> int:
    """The tax on the freight: of a sorted row of rates, each bears what the row is worth so far."""
    worth: dict[Fraction, int] = {}
    for line, cancelled, sums in lines:
        if cancelled < line.quantity:
            rate = Fraction(basket.products[str(line.sku)].tax_rate)
            worth[rate] = worth.get(rate, 0) + sums.net
    if not worth:
        return 0
    if basket.freight_rate is not None:
        worth = {Fraction(basket.freight_rate): 1}
    elif sum(worth.values()) == 0:
        worth = {max(worth): 1}
    tax = done = 0
    for place, rate in enumerate(sorted(worth)):
        ahead = sum(worth[each] for each in sorted(worth)[: place + 1])
        share = nearest(
            Fraction(basket.shipping_minor * ahead, sum(worth.values())), basket.rounding
        )
        tax += nearest((share - done) * rate, basket.rounding)
        done = share
    assert done == basket.shipping_minor
    return tax


def compare(basket: Basket) -> None:
    """Price the basket as orders are, before and after units were cancelled."""
    rounding = Rounding(basket.rounding)
    rows = build_lines(
        new_id(), basket.lines, basket.products, basket.currency, basket.own_discount, rounding
    )
    for row, line in zip(rows, basket.lines, strict=True):
        assert Sums(row.net_minor, row.tax_minor, row.discount_minor) == reckoned(basket, line, 0)
    order = Order(
        currency=basket.currency,
        shipping_net_minor=basket.shipping_minor,
        shipping_tax_rule=rule_of(basket.freight_rate, GOODS),
        rounding=rounding,
    )
    for gone in ((0,) * len(rows), basket.cancelled):
        for row, cancelled in zip(rows, gone, strict=True):
            row.cancelled = cancelled
        tax_freight(order, rows)
        sum_up(order, rows, "EUR")
        sums = [reckoned(basket, *each) for each in zip(basket.lines, gone, strict=True)]
        net, tax = sum(each.net for each in sums), sum(each.tax for each in sums)
        assert (order.subtotal_net_minor, order.subtotal_tax_minor) == (net, tax)
        assert order.discount_minor == sum(each.discount for each in sums)
        on_freight = freight(basket, [*zip(basket.lines, gone, sums, strict=True)])
        parts = parts_of(order)
        assert order.shipping_tax_minor == on_freight == sum(part.tax_minor for part in parts)
        if on_freight:
            assert sum(part.net_minor for part in parts) == basket.shipping_minor
        assert order.total_net_minor == net + basket.shipping_minor
        assert order.total_tax_minor == tax + on_freight
        assert order.total_gross_minor == net + tax + basket.shipping_minor + on_freight


async def test_baskets(sqlite_database: Database) -> None:
    dice = random.Random(2_000)
    for _ in range(2_000):
        compare(filled(dice))


@pytest.mark.soak
async def test_baskets_for_long(sqlite_database: Database) -> None:
    dice = random.Random(100_000)
    for _ in range(100_000):
        compare(filled(dice))
