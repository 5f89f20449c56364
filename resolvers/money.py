"""Amounts of money, from what is kept in minor units."""

from models.rules.money import Amount


def amount_or_none(minor: int | None, currency: str) -> Amount | None:
    """The amount; None where there is none."""
    return None if minor is None else Amount(minor, currency)
