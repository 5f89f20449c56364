"""Amounts are exact: decimals at the edge, integers inside, halves to the even neighbor."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.money import (
    CODES_BY_EXPONENT,
    MAX_COMPARABLE,
    MAX_MINOR,
    TaxedAmount,
    UnknownCurrency,
    comparable,
    comparable_bound,
    comparable_exact,
    exponent,
    half_even,
    to_decimal,
    to_minor,
)

CURRENCIES = st.sampled_from([code for codes in CODES_BY_EXPONENT.values() for code in codes])


@pytest.mark.parametrize(
    ("code", "decimals"), [("JPY", 0), ("EUR", 2), ("USD", 2), ("CHF", 2), ("KWD", 3), ("CLF", 4)]
)
def test_decimals_of_a_currency(code: str, decimals: int) -> None:
    assert exponent(code) == decimals


def test_no_currency_is_listed_twice() -> None:
    codes = [code for codes in CODES_BY_EXPONENT.values() for code in codes]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("code", ["", "eur", "EURO", "ZZZ", "DEM"])
def test_what_is_no_currency(code: str) -> None:
    with pytest.raises(UnknownCurrency):
        exponent(code)


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("12.50", "EUR", 1250),
        ("12.5", "EUR", 1250),
        ("12.500", "EUR", 1250),
        ("0.1", "EUR", 10),
        ("0.29", "EUR", 29),  # 28.999... as a float
        ("1200", "JPY", 1200),
        ("1.234", "KWD", 1234),
        ("-3.01", "EUR", -301),
        ("1E+2", "EUR", 10_000),
        (str(Decimal(MAX_MINOR) / 100), "EUR", MAX_MINOR),
    ],
)
def test_an_amount_in_minor_units(amount: str, currency: str, minor: int) -> None:
    assert to_minor(Decimal(amount), currency) == minor


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("0.001", "EUR"),
        ("0.5", "JPY"),
        ("NaN", "EUR"),
        ("Infinity", "EUR"),
        (str(Decimal(MAX_MINOR + 1) / 100), "EUR"),
        ("1E+999999", "EUR"),
        ("1", "ABC"),
    ],
)
def test_what_is_no_amount(amount: str, currency: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each has a message of its own
        to_minor(Decimal(amount), currency)


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [(1200, "EUR", "12.00"), (5, "EUR", "0.05"), (1200, "JPY", "1200"), (-1, "KWD", "-0.001")],
)
def test_a_decimal_has_its_currency_s_places(minor: int, currency: str, text: str) -> None:
    assert str(to_decimal(minor, currency)) == text


@given(st.integers(-MAX_MINOR, MAX_MINOR), CURRENCIES)
def test_there_and_back_nothing_is_lost(minor: int, currency: str) -> None:
    assert to_minor(to_decimal(minor, currency), currency) == minor


@pytest.mark.parametrize(
    ("value", "rounded"),
    [
        (Fraction(1, 2), 0),
        (Fraction(3, 2), 2),
        (Fraction(5, 2), 2),
        (Fraction(-1, 2), 0),
        (Fraction(-3, 2), -2),
        (Fraction(5, 2) + Fraction(1, 10**20), 3),
        (Decimal("2.5"), 2),
        (Decimal("2.675"), 3),
        (Fraction(2 * 10**18 + 1, 2), 10**18),
    ],
)
def test_halves_go_to_the_even_neighbor(value: Fraction | Decimal, rounded: int) -> None:
    assert half_even(value) == rounded


def test_an_amount_with_its_tax() -> None:
    amount = TaxedAmount(net_minor=1000, tax_minor=190, currency="EUR")
    assert (amount.net.minor, amount.tax.minor, amount.gross.minor) == (1000, 190, 1190)
    assert amount.gross.currency == "EUR"


SMALL = st.integers(-(10**12), 10**12)


@given(SMALL, CURRENCIES, SMALL, CURRENCIES)
def test_amounts_compare_whatever_their_currency(
    one: int, currency: str, other: int, another: str
) -> None:
    compared = comparable(one, currency) < comparable(other, another)
    assert compared is (to_decimal(one, currency) < to_decimal(other, another))


@given(SMALL, CURRENCIES, st.decimals(-(10**12), 10**12, allow_nan=False))
def test_an_amount_is_found_by_what_it_is_compared_with(
    minor: int, currency: str, wanted: Decimal
) -> None:
    amount, scaled = to_decimal(minor, currency), comparable(minor, currency)
    assert (scaled >= comparable_bound(wanted)) is (amount >= wanted)
    assert (scaled < comparable_bound(wanted)) is (amount < wanted)
    assert (scaled == comparable_exact(wanted)) is (amount == wanted)
    assert scaled == comparable_exact(amount)


def test_amounts_that_no_column_holds_are_the_greatest() -> None:
    assert comparable(MAX_MINOR, "JPY") == MAX_COMPARABLE
    assert comparable(-MAX_MINOR, "JPY") == -MAX_COMPARABLE
    assert comparable_bound(Decimal("1E+40")) == MAX_COMPARABLE
    assert comparable_exact(Decimal("-1E+40")) == -MAX_COMPARABLE
