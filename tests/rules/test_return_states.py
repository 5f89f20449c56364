"""How far a return gets, what may come back, and what its units do to stock."""

import pytest

from models.rules.return_states import (
    AWAITED,
    MOVEMENTS,
    RETURN_TABLE,
    Disposition,
    ReturnAction,
    ReturnState,
    after_receipt,
    returnable_units,
    share_out,
)
from models.rules.transitions import NotAllowed

TABLE = {
    "REQUESTED": (
        "RECEIVE_PART>PARTLY_RECEIVED RECEIVE_ALL>RECEIVED REJECT>REJECTED CANCEL>CANCELLED"
    ),
    "PARTLY_RECEIVED": "RECEIVE_PART>PARTLY_RECEIVED RECEIVE_ALL>RECEIVED",
    "RECEIVED": "",
    "REJECTED": "",
    "CANCELLED": "",
}
"""Each state with its actions, and where those lead."""


@pytest.mark.parametrize("state", ReturnState)
def test_every_action_of_every_state(state: ReturnState) -> None:
    steps = [each.split(">") for each in TABLE[state].split()]
    assert RETURN_TABLE.allowed(state) == tuple(ReturnAction(name) for name, _ in steps)
    for name, end in steps:
        assert RETURN_TABLE.next(state, ReturnAction(name)) is ReturnState(end)
    assert (state in AWAITED) is bool(steps)


@pytest.mark.parametrize(
    ("state", "units_left", "after"),
    [
        ("REQUESTED", 1, "PARTLY_RECEIVED"),
        ("REQUESTED", 0, "RECEIVED"),
        ("PARTLY_RECEIVED", 3, "PARTLY_RECEIVED"),
        ("PARTLY_RECEIVED", 0, "RECEIVED"),
    ],
)
def test_where_a_receipt_leads(state: str, units_left: int, after: str) -> None:
    assert after_receipt(ReturnState(state), units_left) is ReturnState(after)


@pytest.mark.parametrize("state", ["RECEIVED", "REJECTED", "CANCELLED"])
def test_nothing_is_received_of_what_is_over(state: str) -> None:
    with pytest.raises(NotAllowed):
        after_receipt(ReturnState(state), 0)


@pytest.mark.parametrize(
    ("shipped", "returned", "announced", "units"),
    [(5, 0, 0, 5), (5, 2, 0, 3), (5, 0, 4, 1), (5, 2, 3, 0), (0, 0, 0, 0), (5, 3, 3, 0)],
)
def test_what_may_be_announced(shipped: int, returned: int, announced: int, units: int) -> None:
    assert returnable_units(shipped, returned, announced) == units


def test_what_becomes_of_units_is_what_stock_is_told() -> None:
    told = {name.value: [kind.value for kind in kinds] for name, kinds in MOVEMENTS.items()}
    assert told == {"RESTOCK": ["RETURN"], "QUARANTINE": ["RETURN", "DAMAGE"], "SCRAP": []}
    assert set(MOVEMENTS) == set(Disposition)


@pytest.mark.parametrize(
    ("units", "rooms", "shares"),
    [
        (0, {"A": 2}, {}),
        (1, {"A": 2, "B": 3}, {"A": 1}),
        (4, {"A": 2, "B": 3}, {"A": 2, "B": 2}),
        (4, {"A": 0, "B": 3}, {"B": 3}),
        (2, {"A": -1, "B": 3}, {"B": 2}),
        (2, {}, {}),
    ],
)
def test_units_are_shared_out_as_there_is_room(
    units: int, rooms: dict[str, int], shares: dict[str, int]
) -> None:
    assert share_out(units, rooms) == shares
