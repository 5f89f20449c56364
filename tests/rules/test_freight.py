"""What of the freight bears which tax rate, to the cent."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.freight import RatePart, freight_parts, freight_rule, sum_by_rate
from models.rules.money import Rounding

UP, EVEN = Rounding.HALF_UP, Rounding.HALF_EVEN


def goods(**worth: int) -> dict[Decimal, int]:
    """Net amounts by rate in percent: `goods(r19=100)`."""
    return {Decimal(name[1:]) / 100: minor for name, minor in worth.items()}


def parts(*told: tuple[str, int, int]) -> list[RatePart]:
    return [RatePart(Decimal(rate), net, tax) for rate, net, tax in told]


@pytest.mark.parametrize(
    ("net", "rule", "worth", "rounding", "due"),
    [
        (490, "goods", goods(r19=3_000), UP, parts(("0.19", 490, 93))),
        (490, "goods", goods(r7=1_000, r19=3_000), UP, parts(("0.07", 123, 9), ("0.19", 367, 70))),
        # a third each: the cent that is left goes to the middle one
        (
            *(100, "goods", goods(r0=1, r7=1, r19=1), UP),
            parts(("0", 33, 0), ("0.07", 34, 2), ("0.19", 33, 6)),
        ),
        (1, "goods", goods(r7=1, r19=1), UP, parts(("0.07", 1, 0))),
        (1, "goods", goods(r7=1, r19=1), EVEN, parts(("0.19", 1, 0))),
        (250, "goods", goods(r5=10), UP, parts(("0.05", 250, 13))),
        (250, "goods", goods(r5=10), EVEN, parts(("0.05", 250, 12))),
        (490, "goods", goods(r7=0, r19=0), UP, parts(("0.19", 490, 93))),  # worth nothing
        (490, "goods", goods(r7=0, r19=5), UP, parts(("0.19", 490, 93))),
        (490, "none", goods(r19=3_000), UP, parts(("0", 490, 0))),
        (490, "0.07", goods(r19=3_000), UP, parts(("0.07", 490, 34))),
        (0, "goods", goods(r19=3_000), UP, []),
        (0, "0.07", goods(r19=3_000), UP, []),
    ],
)
def test_what_bears_which_rate(
    net: int, rule: str, worth: dict[Decimal, int], rounding: Rounding, due: list[RatePart]
) -> None:
    assert freight_parts(net, rule, worth, rounding) == due


@given(
    st.integers(1, 10**9),
    st.dictionaries(st.decimals(0, 1, places=6), st.integers(0, 10**12), min_size=1, max_size=8),
    st.sampled_from(Rounding),
)
def test_the_parts_always_come_to_the_freight(
    net: int, worth: dict[Decimal, int], rounding: Rounding
) -> None:
    found = freight_parts(net, "goods", worth, rounding)
    assert sum(part.net_minor for part in found) == net
    assert all(part.net_minor > 0 and 0 <= part.tax_minor <= part.net_minor for part in found)


@pytest.mark.parametrize(
    ("text", "rule"), [("goods", "goods"), ("none", "none"), ("0.190", "0.19"), ("0", "0")]
)
def test_a_rule_is_kept_in_its_shortest_form(text: str, rule: str) -> None:
    assert freight_rule(text) == rule


@pytest.mark.parametrize("text", ["", "all", "19", "-0.1", "NaN", "0.1234567", "Infinity"])
def test_any_other_rule_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="rate"):
        freight_rule(text)


def test_parts_of_one_rate_are_summed() -> None:
    found = parts(("0.19", 5, 1), ("0.07", 2, 0), ("0.19", 7, 2))
    assert sum_by_rate(found) == parts(("0.07", 2, 0), ("0.19", 12, 3))
