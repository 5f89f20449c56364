"""The loyalty scheme."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

MINOR_UNITS_A_POINT: Final = 100
TIERS: Final = (
    ("GOLD", 5_000_000, Decimal("0.05")),
    ("SILVER", 1_000_000, Decimal("0.03")),
    ("BRONZE", 100_000, Decimal("0.01")),
)
"""Name, least lifetime value in minor units, discount rate; best first."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A customer's place in the loyalty scheme."""

    tier: str
    points: int
    discount_rate: Decimal


def discount_of(lifetime_minor: int, of_group: Decimal | None) -> Decimal:
    """The better of what a customer's group and their loyalty give, as a rate."""
    return max(of_group or Decimal(0), standing(lifetime_minor).discount_rate)


def standing(lifetime_value_minor: int) -> Standing:
    """The tier of a lifetime value, and a point for each whole unit of money."""
    points = lifetime_value_minor // MINOR_UNITS_A_POINT
    for tier, threshold, discount_rate in TIERS:
        if lifetime_value_minor >= threshold:
            return Standing(tier, points, discount_rate)
    return Standing("NONE", points, Decimal(0))
