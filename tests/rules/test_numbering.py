"""Patterns of numbers: what they make, when they count anew, and which are refused."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.numbering import BadPattern, Pattern

DAY = date(2026, 3, 9)
ORDERS = "SO-{channel}-{yyyy}{mm}-{seq:6}"


@pytest.mark.parametrize(
    ("pattern", "count", "number"),
    [
        (ORDERS, 7, "SO-WEB-202603-000007"),
        (ORDERS, 1_234_567, "SO-WEB-202603-1234567"),
        ("INV-{yyyy}-{seq:6}", 1, "INV-2026-000001"),
        ("{yy}{seq:4}", 42, "260042"),
        ("C-{seq:1}", 10, "C-10"),
        ("{seq:18}", 1, "000000000000000001"),
    ],
)
def test_a_number(pattern: str, count: int, number: str) -> None:
    assert Pattern.parse(pattern).format(count, DAY, "web") == number


@pytest.mark.parametrize(
    ("pattern", "day", "channel", "scope"),
    [
        (ORDERS, DAY, "web", "SO-WEB-202603-*"),
        (ORDERS, date(2026, 4, 1), "web", "SO-WEB-202604-*"),
        (ORDERS, DAY, "shop", "SO-SHOP-202603-*"),
        ("INV-{yyyy}-{seq:6}", DAY, "web", "INV-2026-*"),
        ("C-{seq:6}", DAY, "web", "C-*"),
    ],
)
def test_what_is_counted_together(pattern: str, day: date, channel: str, scope: str) -> None:
    assert Pattern.parse(pattern).scope(day, channel) == scope


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "SO-{yyyy}",
        "{seq:6}{seq:6}",
        "{seq:0}",
        "{seq:19}",
        "{seq:}",
        "{seq}",
        "{week}-{seq:6}",
        "{mm}-{seq:6}",
        "}{seq:6}{",
        "{seq:6}" + "x" * 42,
    ],
)
def test_patterns_that_are_refused(pattern: str) -> None:
    with pytest.raises(BadPattern):
        Pattern.parse(pattern)


NUMBERED = st.tuples(
    st.integers(1, 10**8),
    st.dates(date(2000, 1, 1), date(2099, 12, 31)),
    st.from_regex(r"[A-Z0-9]{1,8}", fullmatch=True),
)


@given(NUMBERED, NUMBERED)
def test_no_number_is_made_twice(one: tuple[int, date, str], other: tuple[int, date, str]) -> None:
    pattern = Pattern.parse(ORDERS)
    same = (one[0], pattern.scope(one[1], one[2])) == (other[0], pattern.scope(other[1], other[2]))
    assert (pattern.format(*one) == pattern.format(*other)) is same
