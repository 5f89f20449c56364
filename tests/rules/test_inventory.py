"""How each kind of movement changes the counters of stock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.inventory import Balance, MovementKind, is_low

START = Balance(on_hand=100, reserved=20, damaged=5, safety_stock=10)
EFFECTS = {
    "RECEIPT": (3, Balance(103, 20, 5, 10)),
    "RESERVE": (3, Balance(100, 23, 5, 10)),
    "RELEASE": (-3, Balance(100, 17, 5, 10)),
    "SHIP": (-3, Balance(97, 17, 5, 10)),
    "RETURN": (3, Balance(103, 20, 5, 10)),
    "ADJUST": (-3, Balance(97, 20, 5, 10)),
    "DAMAGE": (3, Balance(100, 20, 8, 10)),
    "TRANSFER_OUT": (-3, Balance(97, 20, 5, 10)),
    "TRANSFER_IN": (3, Balance(103, 20, 5, 10)),
    "COUNT": (-3, Balance(97, 20, 5, 10)),
    "SCRAP": (-3, Balance(97, 20, 2, 10)),
}


@pytest.mark.parametrize("kind", MovementKind)
def test_what_each_movement_does(kind: MovementKind) -> None:
    quantity, after = EFFECTS[kind]
    assert START.after(kind, quantity) == after


@given(st.sampled_from(MovementKind), st.integers(-1000, 1000))
def test_the_opposite_movement_undoes_it(kind: MovementKind, quantity: int) -> None:
    assert START.after(kind, quantity).after(kind, -quantity) == START


@pytest.mark.parametrize(
    ("balance", "available"),
    [
        (Balance(100, 20, 5, 10), 65),
        (Balance(100, 20, 5), 75),
        (Balance(0, 0, 0), 0),
        (Balance(5, 0, 0, 10), -5),
    ],
)
def test_what_may_still_be_promised(balance: Balance, available: int) -> None:
    assert balance.available == available


@pytest.mark.parametrize("kind", ["SHIP", "RELEASE"])
def test_shipping_what_was_reserved_leaves_available_alone(kind: str) -> None:
    after = START.after(MovementKind(kind), -3)
    assert after.available - START.available == (0 if kind == "SHIP" else 3)


@pytest.mark.parametrize(
    ("available", "incoming", "reorder_point", "low"),
    [(5, 0, None, False), (6, 0, 5, False), (5, 0, 5, True), (0, 6, 5, False), (-9, 0, 0, True)],
)
def test_when_stock_is_low(
    available: int, incoming: int, reorder_point: int | None, low: bool
) -> None:
    assert is_low(available, incoming, reorder_point) is low
