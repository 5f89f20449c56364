"""What lines and orders come to.

Line net = half-even(quantity * price / price quantity * (1 - discount rate)); tax = half-even(net *
tax rate); an order's subtotal is the sum of its lines. Computed in exact fractions, rounded once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Final

from models.rules.errors import invalid
from models.rules.money import half_even

RATE_PLACES: Final = 6


def check_rate(rate: Decimal, what: str, *path: str) -> Decimal:
    """The rate in its shortest form: 0.07, and not 0.070.

    Raises:
        InputError: INVALID: it is not 0 to 1, or finer than is kept.
    """
    if not 0 <= rate <= 1:
        raise invalid(f"{what} is 0 to 1.", *path)
    if rate != round(rate, RATE_PLACES):
        raise invalid(f"{what} has at most {RATE_PLACES} decimals.", *path)
    return shortest(rate)


def shortest(rate: Decimal) -> Decimal:
    """The same number without zeros at its end."""
    return rate.normalize() + 0


@dataclass(frozen=True, slots=True)
class LinePrice:
    """What a line's totals follow from. The price is net, for `price_quantity` units."""

    quantity: int
    unit_price_minor: int
    price_quantity: int
    discount_rate: Decimal
    tax_rate: Decimal


@dataclass(frozen=True, slots=True)
class LineTotals:
    """A line in minor units: before its discount, what the discount took off, net, tax."""

    list_minor: int
    discount_minor: int
    net_minor: int
    tax_minor: int


@dataclass(frozen=True, slots=True)
class OrderTotals:
    """An order in minor units. `discount_minor` tells what the lines' discounts took off."""

    subtotal_net_minor: int
    subtotal_tax_minor: int
    discount_minor: int
    shipping_net_minor: int
    shipping_tax_minor: int

    @property
    def total_net_minor(self) -> int:
        return self.subtotal_net_minor + self.shipping_net_minor

    @property
    def total_tax_minor(self) -> int:
        return self.subtotal_tax_minor + self.shipping_tax_minor

    @property
    def total_gross_minor(self) -> int:
        return self.total_net_minor + self.total_tax_minor


# The same line is priced when it is built, when its order is summed up and when it is billed.
@lru_cache(maxsize=4096)
def price_line(line: LinePrice) -> LineTotals:
    """What a line comes to."""
    exact = Fraction(line.quantity * line.unit_price_minor, line.price_quantity)
    list_minor = half_even(exact)
    net_minor = half_even(exact * (1 - Fraction(line.discount_rate)))
    tax_minor = half_even(net_minor * Fraction(line.tax_rate))
    return LineTotals(list_minor, list_minor - net_minor, net_minor, tax_minor)


def total(
    lines: Iterable[LineTotals], shipping_net_minor: int, shipping_tax_minor: int
) -> OrderTotals:
    """What an order of these lines comes to."""
    known = list(lines)
    return OrderTotals(
        subtotal_net_minor=sum(line.net_minor for line in known),
        subtotal_tax_minor=sum(line.tax_minor for line in known),
        discount_minor=sum(line.discount_minor for line in known),
        shipping_net_minor=shipping_net_minor,
        shipping_tax_minor=shipping_tax_minor,
    )
