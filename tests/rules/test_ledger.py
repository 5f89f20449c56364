"""What documents book, and on which accounts."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.ledger import (
    Accounts,
    BadAccounts,
    BilledRate,
    charge_postings,
    invoice_postings,
    refund_postings,
)

USUAL = Accounts()
MINOR = st.integers(-(10**12), 10**12)


def at(rate: str | None, goods: int, shipping: int = 0, tax: int = 0) -> list[BilledRate]:
    return [BilledRate(None if rate is None else Decimal(rate), goods, shipping, tax)]


def test_an_invoice_is_owed_by_the_customer() -> None:
    assert invoice_postings(USUAL, at(None, 2000, 490, 380)) == [
        ("receivables", 2870),
        ("revenue", -2000),
        ("shipping", -490),
        ("tax", -380),
    ]


def test_what_comes_to_nothing_is_left_out() -> None:
    assert invoice_postings(USUAL, at("0", 2000)) == [("receivables", 2000), ("revenue", -2000)]
    assert invoice_postings(USUAL, at("0", 0, 490)) == [("receivables", 490), ("shipping", -490)]
    assert invoice_postings(USUAL, at("0", 0)) == []


def test_an_invoice_below_nothing_stands_on_the_other_side() -> None:
    """An order's last invoice takes back what rounding made the others too dear."""
    assert invoice_postings(USUAL, at("0.19", -1)) == [("receivables", -1), ("revenue", 1)]


def test_money_comes_and_goes_by_its_method() -> None:
    assert charge_postings(USUAL, "card", 500) == [("cash:card", 500), ("receivables", -500)]
    assert refund_postings(USUAL, "card", 500) == [("receivables", 500), ("cash:card", -500)]


@given(net=MINOR, tax=MINOR, shipping=MINOR, paid=MINOR)
def test_every_document_comes_to_nothing(net: int, tax: int, shipping: int, paid: int) -> None:
    for postings in (
        invoice_postings(USUAL, [*at(None, net, shipping, tax), *at("0.19", tax, net, shipping)]),
        charge_postings(USUAL, "card", paid),
        refund_postings(USUAL, "card", paid),
    ):
        assert sum(posting.minor for posting in postings) == 0
        assert all(posting.minor for posting in postings)


def test_accounts_of_a_chart() -> None:
    texts = ("receivables=1400", "revenue = 8400", "tax=1776", "cash=1200", "cash:card=1360")
    accounts = Accounts.parse(texts)
    assert invoice_postings(accounts, at("0.19", 150, 50, 38)) == [
        ("1400", 238),
        ("8400", -150),
        ("shipping", -50),
        ("1776", -38),
    ]
    assert accounts.of_method("card") == "1360"
    assert accounts.of_method("transfer") == "1200"
    assert Accounts.parse(["cash=12-{method}"]).of_method("card") == "12-card"
    assert Accounts.parse([]) == USUAL


def test_rates_have_accounts_of_their_own_or_share_one() -> None:
    billed = [*at("0.07", 1000, 100, 77), *at("0.19", 2000, 390, 454)]
    assert invoice_postings(USUAL, billed) == [
        ("receivables", 4021),
        ("revenue", -3000),
        ("shipping", -490),
        ("tax", -531),
    ]
    apart = Accounts.parse(["tax:0.070=1771", "tax:0.19=1776", "revenue:0.07=8300", "tax=1770"])
    assert invoice_postings(apart, [*billed, *at("0.05", 100, 0, 5)]) == [
        ("receivables", 4126),
        ("8300", -1000),
        ("revenue", -2100),
        ("shipping", -490),
        ("1771", -77),
        ("1776", -454),
        ("1770", -5),
    ]
    # Whose rates were not kept stands where no rate has an account of its own.
    assert invoice_postings(apart, at(None, 100, 0, 19))[2] == ("1770", -19)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (
            ["profit=1"],
            "profit=1: known are receivables, revenue, shipping, tax, cash, cash:",
        ),
        (["revenue"], "revenue: each is given one account"),
        (["revenue="], "revenue=: each is given one account"),
        (["tax=1", "tax=2"], "tax=2: each is given one account"),
        (["cash:card=1", "cash:card=2"], "cash:card=2: each is given one account"),
        (["revenue:card=1"], "revenue:card=1: known are"),
        (["cash:=1"], "cash:=1: known are"),
        (["tax:0.07=1", "tax:0.070=2"], "tax:0.070=2: each is given one account"),
        (["tax:19=1"], "tax:19=1: known are"),
        (["receivables:0.19=1"], "receivables:0.19=1: known are"),
    ],
)
def test_accounts_that_nobody_can_mean(texts: list[str], message: str) -> None:
    with pytest.raises(BadAccounts) as refused:
        Accounts.parse(texts)
    assert str(refused.value).startswith(message)
