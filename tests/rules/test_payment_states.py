"""Which payments an order takes, by what it has already."""

import pytest

from models.rules.payment_states import ImpossiblePayment, PaymentKind, PaymentSums, check_payment

SUMS = PaymentSums(total_minor=100, authorized_minor=40, charged_minor=70, refunded_minor=20)


def test_what_the_seller_has() -> None:
    assert SUMS.paid_minor == 50


@pytest.mark.parametrize(
    ("kind", "amount"),
    [
        ("AUTHORIZATION", 1),
        ("AUTHORIZATION", 1_000),
        ("CHARGE", 1_000),  # paying too much is possible, and shows
        ("VOID", 40),
        ("REFUND", 50),
    ],
)
def test_possible(kind: str, amount: int) -> None:
    check_payment(SUMS, PaymentKind(kind), amount)


@pytest.mark.parametrize(
    ("kind", "amount", "left"),
    [("CHARGE", 40, 40), ("CHARGE", 40, 90), ("VOID", 40, 40), ("REFUND", 50, 50)],
)
def test_possible_of_a_payment_that_is_named(kind: str, amount: int, left: int) -> None:
    check_payment(SUMS, PaymentKind(kind), amount, left)


@pytest.mark.parametrize(
    ("kind", "amount", "left", "reason"),
    [
        ("CHARGE", 31, 30, "more than is left"),
        ("CHARGE", 41, 90, "No more can be captured"),
        ("VOID", 31, 30, "more than is left"),
        ("REFUND", 31, 30, "more than is left"),
        ("REFUND", 51, 90, "No more can be refunded"),
        ("CHARGE", 1, 0, "more than is left"),
        ("CHARGE", 1, -5, "more than is left"),
    ],
)
def test_impossible_of_a_payment_that_is_named(
    kind: str, amount: int, left: int, reason: str
) -> None:
    with pytest.raises(ImpossiblePayment, match=reason):
        check_payment(SUMS, PaymentKind(kind), amount, left)


@pytest.mark.parametrize(
    ("kind", "amount", "reason"),
    [
        ("AUTHORIZATION", 0, "above zero"),
        ("CHARGE", -1, "above zero"),
        ("VOID", 0, "above zero"),
        ("REFUND", 0, "above zero"),
        ("VOID", 41, "No more can be released"),
        ("REFUND", 51, "No more can be refunded"),
    ],
)
def test_impossible(kind: str, amount: int, reason: str) -> None:
    with pytest.raises(ImpossiblePayment, match=reason):
        check_payment(SUMS, PaymentKind(kind), amount)
