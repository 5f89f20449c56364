"""What a customer's past orders are worth to them."""

from decimal import Decimal

import pytest

from models.rules.insights import Standing, standing


@pytest.mark.parametrize(
    ("lifetime_minor", "tier", "points", "discount"),
    [
        (0, "NONE", 0, "0"),
        (99, "NONE", 0, "0"),
        (99_999, "NONE", 999, "0"),
        (100_000, "BRONZE", 1_000, "0.01"),
        (999_999, "BRONZE", 9_999, "0.01"),
        (1_000_000, "SILVER", 10_000, "0.03"),
        (4_999_999, "SILVER", 49_999, "0.03"),
        (5_000_000, "GOLD", 50_000, "0.05"),
    ],
)
def test_standing(lifetime_minor: int, tier: str, points: int, discount: str) -> None:
    assert standing(lifetime_minor) == Standing(tier, points, Decimal(discount))
