"""Prices of lines and orders.

Line net = round(quantity * price / price quantity * (1 - discount rate)); tax = round(net * tax
rate); an order's subtotal is the sum of its lines. Computed in exact fractions, rounded once, by
the order's own rounding.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple

from models.rules.errors import invalid
from models.rules.money import MAX_MINOR, Rounding, nearest_ratio

RATE_PLACES: Final = 6


def check_rate(rate: Decimal, what: str, *path: str) -> Decimal:
    """The rate in its shortest form: 0.07, and not 0.070.

    Raises:
        InputError: INVALID: it is not 0 to 1, or has too many decimals.
    """
    if not 0 <= rate <= 1:
        raise invalid(f"{what} is 0 to 1.", *path)
    if rate != round(rate, RATE_PLACES):
        raise invalid(f"{what} has at most {RATE_PLACES} decimals.", *path)
    return shortest(rate)


def shortest(rate: Decimal) -> Decimal:
    """The same number without trailing zeros."""
    return rate.normalize() + 0


class LinePrice(NamedTuple):
    """The inputs of a line's totals. The price is net, for `price_quantity` units."""

    quantity: int
    unit_price_minor: int
    price_quantity: int
    discount_rate: Decimal
    tax_rate: Decimal
    rounding: Rounding


class LineTotals(NamedTuple):
    """A line in minor units: the list amount, its discount, net and tax."""

    list_minor: int
    discount_minor: int
    net_minor: int
    tax_minor: int


@dataclass(frozen=True, slots=True)
class OrderTotals:
    """An order in minor units. `discount_minor` is the sum of the lines' discounts."""

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

    @property
    def can_be_stored(self) -> bool:
        """Whether no amount exceeds the largest one; the discount may be the largest of them."""
        return max(self.total_gross_minor, self.discount_minor) <= MAX_MINOR


# A line is priced when it is built, when its order is summed, and when it is billed.
@lru_cache(maxsize=4096)
def price_line(line: LinePrice) -> LineTotals:
    """The totals of a line."""
    # Fractions are pairs of integers, for speed: an order has thousands of lines.
    price = line.quantity * line.unit_price_minor
    off, whole = line.discount_rate.as_integer_ratio()
    taxed, of = line.tax_rate.as_integer_ratio()
    list_minor = nearest_ratio(price, line.price_quantity, line.rounding)
    net_minor = nearest_ratio(price * (whole - off), line.price_quantity * whole, line.rounding)
    tax_minor = nearest_ratio(net_minor * taxed, of, line.rounding)
    return LineTotals(list_minor, list_minor - net_minor, net_minor, tax_minor)


def total(
    lines: Iterable[LineTotals], shipping_net_minor: int, shipping_tax_minor: int
) -> OrderTotals:
    """The totals of an order of these lines."""
    known = list(lines)
    return OrderTotals(
        subtotal_net_minor=sum(line.net_minor for line in known),
        subtotal_tax_minor=sum(line.tax_minor for line in known),
        discount_minor=sum(line.discount_minor for line in known),
        shipping_net_minor=shipping_net_minor,
        shipping_tax_minor=shipping_tax_minor,
    )
