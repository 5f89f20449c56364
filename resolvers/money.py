"""Amounts of money, from what is kept in minor units."""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from models.rules.freight import RatePart
from models.rules.money import Amount


class TaxedRate(NamedTuple):
    """What bears a tax rate, before tax, and the tax."""

    rate: Decimal
    net: Amount
    tax: Amount


def amount_or_none(minor: int | None, currency: str) -> Amount | None:
    """The amount; None where there is none."""
    return None if minor is None else Amount(minor, currency)


def by_rate(parts: Iterable[RatePart], currency: str) -> list[TaxedRate]:
    """The parts in their currency."""
    return [
        TaxedRate(part.rate, Amount(part.net_minor, currency), Amount(part.tax_minor, currency))
        for part in parts
    ]
