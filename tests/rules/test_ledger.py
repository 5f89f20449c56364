"""What documents book, and on which accounts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.ledger import (
    Accounts,
    BadAccounts,
    charge_postings,
    invoice_postings,
    refund_postings,
)

USUAL = Accounts()
MINOR = st.integers(-(10**12), 10**12)


def test_an_invoice_is_owed_by_the_customer() -> None:
    assert invoice_postings(USUAL, 2490, 380, 490) == [
        ("receivables", 2870),
        ("revenue", -2000),
        ("shipping", -490),
        ("tax", -380),
    ]


def test_what_comes_to_nothing_is_left_out() -> None:
    assert invoice_postings(USUAL, 2000, 0, 0) == [("receivables", 2000), ("revenue", -2000)]
    assert invoice_postings(USUAL, 490, 0, 490) == [("receivables", 490), ("shipping", -490)]
    assert invoice_postings(USUAL, 0, 0, 0) == []


def test_an_invoice_below_nothing_stands_on_the_other_side() -> None:
    """An order's last invoice takes back what rounding made the others too dear."""
    assert invoice_postings(USUAL, -1, 0, 0) == [("receivables", -1), ("revenue", 1)]


def test_money_comes_and_goes_by_its_method() -> None:
    assert charge_postings(USUAL, "card", 500) == [("cash:card", 500), ("receivables", -500)]
    assert refund_postings(USUAL, "card", 500) == [("receivables", 500), ("cash:card", -500)]


@given(net=MINOR, tax=MINOR, shipping=MINOR, paid=MINOR)
def test_every_document_comes_to_nothing(net: int, tax: int, shipping: int, paid: int) -> None:
    for postings in (
        invoice_postings(USUAL, net, tax, shipping),
        charge_postings(USUAL, "card", paid),
        refund_postings(USUAL, "card", paid),
    ):
        assert sum(posting.minor for posting in postings) == 0
        assert all(posting.minor for posting in postings)


def test_accounts_of_a_chart() -> None:
    texts = ("receivables=1400", "revenue = 8400", "tax=1776", "cash=1200", "cash:card=1360")
    accounts = Accounts.parse(texts)
    assert invoice_postings(accounts, 200, 38, 50) == [
        ("1400", 238),
        ("8400", -150),
        ("shipping", -50),
        ("1776", -38),
    ]
    assert accounts.of_method("card") == "1360"
    assert accounts.of_method("transfer") == "1200"
    assert Accounts.parse(["cash=12-{method}"]).of_method("card") == "12-card"
    assert Accounts.parse([]) == USUAL


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["profit=1"], "profit=1: known are receivables, revenue, shipping, tax, cash and"),
        (["revenue"], "revenue: each is given one account"),
        (["revenue="], "revenue=: each is given one account"),
        (["tax=1", "tax=2"], "tax=2: each is given one account"),
        (["cash:card=1", "cash:card=2"], "cash:card=2: each is given one account"),
        (["revenue:card=1"], "revenue:card=1: known are"),
        (["cash:=1"], "cash:=1: known are"),
    ],
)
def test_accounts_that_nobody_can_mean(texts: list[str], message: str) -> None:
    with pytest.raises(BadAccounts) as refused:
        Accounts.parse(texts)
    assert str(refused.value).startswith(message)
