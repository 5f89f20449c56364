"""The tax on freight, by rate.

Transport that the seller charges is part of the taxable amount of the goods (Council Directive
2006/112/EC, article 78 (b)), so freight bears the taxes of the goods, in proportion to their net
value. The parts are cumulative: each is the rounded share of all rates up to its own less the one
before, so they always add up to the freight.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Final, NamedTuple

from models.rules.money import Rounding, nearest
from models.rules.pricing import RATE_PLACES, shortest

GOODS: Final = "goods"
NONE: Final = "none"


class RatePart(NamedTuple):
    """The net amount and the tax of one tax rate, in minor units."""

    rate: Decimal
    net_minor: int
    tax_minor: int


def freight_rule(text: str) -> str:
    """The rule to store: `goods`, `none`, or a rate in its shortest form.

    Raises:
        ValueError: another text, or a rate that is not 0 to 1 or has too many decimals.
    """
    if text in (GOODS, NONE):
        return text
    try:
        rate = Decimal(text)
    except InvalidOperation:
        raise ValueError("freight bears the tax of the goods, none, or a rate: 0.19") from None
    if not (rate.is_finite() and 0 <= rate <= 1 and rate == round(rate, RATE_PLACES)):
        raise ValueError(f"a rate is 0 to 1, with at most {RATE_PLACES} decimals: 0.19")
    return f"{shortest(rate):f}"


def freight_parts(
    net_minor: int, rule: str, goods: Mapping[Decimal, int], rounding: Rounding
) -> list[RatePart]:
    """The parts of the freight by rate, the lowest rate first; none without freight.

    `goods` are the net amounts of the goods by rate, in minor units. If they are worth nothing, the
    freight bears their highest rate.
    """
    if not net_minor or not goods:
        return []
    if rule != GOODS:
        rate = Decimal(0) if rule == NONE else Decimal(rule)
        return [_part(rate, net_minor, rounding)]
    worth = sum(goods.values())
    if not worth:
        return [_part(max(goods), net_minor, rounding)]
    parts = []
    below = done = 0
    for rate in sorted(goods):
        below += goods[rate]
        upto = nearest(Fraction(net_minor * below, worth), rounding)
        if upto > done:
            parts.append(_part(rate, upto - done, rounding))
        done = upto
    return parts


def _part(rate: Decimal, net_minor: int, rounding: Rounding) -> RatePart:
    return RatePart(shortest(rate), net_minor, nearest(net_minor * Fraction(rate), rounding))


def sum_by_rate(parts: Iterable[RatePart]) -> list[RatePart]:
    """The parts of each rate added up, the lowest rate first."""
    sums: dict[Decimal, tuple[int, int]] = {}
    for part in parts:
        net_minor, tax_minor = sums.get(part.rate, (0, 0))
        sums[part.rate] = (net_minor + part.net_minor, tax_minor + part.tax_minor)
    return [RatePart(rate, *sums[rate]) for rate in sorted(sums)]
