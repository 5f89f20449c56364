"""Amounts of money from minor units."""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from models.rules.freight import RatePart
from models.rules.money import Amount


class TaxedRate(NamedTuple):
    """The net amount and the tax of one tax rate."""

    rate: Decimal
    net: Amount
    tax: Amount


def amount_or_none(minor: int | None, currency: str) -> Amount | None:
    """The amount, or None for None."""
    return None if minor is None else Amount(minor, currency)


def by_rate(parts: Iterable[RatePart], currency: str) -> list[TaxedRate]:
    """The parts as amounts in their currency."""
    return [
        TaxedRate(part.rate, Amount(part.net_minor, currency), Amount(part.tax_minor, currency))
        for part in parts
    ]
