"""Patterns of numbers: what they make, when they count anew, and which are refused."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.numbering import BadPattern, NumberKind, Pattern

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
        ("{order}-R{seq:1}", 12, "A{yyyy}-7-R12"),
    ],
)
def test_a_number(pattern: str, count: int, number: str) -> None:
    assert Pattern.parse(pattern).format(count, DAY, "web", "A{yyyy}-7") == number


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
        "{order}",
        "{order}-{yyyy}-{seq:1}",
        "{channel}{order}-{seq:1}",
        "{order}{seq:1}",
        "{channel}{seq:6}",
        "{channel}1{seq:6}",
        "{seq:6}20{channel}",
    ],
)
def test_patterns_that_are_refused(pattern: str) -> None:
    with pytest.raises(BadPattern):
        Pattern.parse(pattern)


@pytest.mark.parametrize(
    ("pattern", "resets"),
    [
        ("C-{seq:6}", "never"),
        ("{channel}-{seq:6}", "never"),
        ("INV-{yyyy}-{seq:6}", "yearly"),
        ("{yy}{seq:4}", "yearly"),
        (ORDERS, "monthly"),
        ("{yy}{mm}{seq:4}", "monthly"),
        ("{order}-{seq:1}", "for each order"),
    ],
)
def test_when_a_count_starts_again(pattern: str, resets: str) -> None:
    assert Pattern.parse(pattern).resets == resets


@pytest.mark.parametrize("kind", NumberKind)
def test_only_what_belongs_to_an_order_is_counted_in_it(kind: NumberKind) -> None:
    pattern = "{order}-{seq:1}"
    if kind in (NumberKind.SHIPMENT, NumberKind.RETURN):
        assert Pattern.of(kind, pattern).text == pattern
    else:
        with pytest.raises(BadPattern, match="only shipments and returns"):
            Pattern.of(kind, pattern)
    assert Pattern.of(kind, ORDERS).text == ORDERS


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


ANY_ORDER = st.text(alphabet="A1-", min_size=1, max_size=6)
IN_ORDERS = st.sampled_from(["{order}-{seq:1}", "{order}-R{seq:1}", "{order} {seq:2}"])


@given(IN_ORDERS, ANY_ORDER, ANY_ORDER, st.integers(1, 200), st.integers(1, 200))
def test_no_two_orders_share_a_number(
    text: str, one: str, other: str, count: int, another: int
) -> None:
    pattern = Pattern.parse(text)
    numbers = pattern.format(count, DAY, "", one), pattern.format(another, DAY, "", other)
    assert (numbers[0] == numbers[1]) is ((one, count) == (other, another))
