"""How units are named, and which go first."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Final
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.catalog import TrackingPolicy
from models.rules.inventory import MovementKind
from models.rules.tracking import (
    MAX_NAMED,
    FreeUnits,
    NamedUnits,
    check_units,
    first_out,
    is_expired,
    sold_after,
)

NONE, LOT, SERIAL = TrackingPolicy.NONE, TrackingPolicy.LOT, TrackingPolicy.SERIAL
Named = NamedUnits

CASES: Final[list[tuple[TrackingPolicy, int, list[NamedUnits] | None, list[tuple[str, str]]]]] = [
    (NONE, 2, None, []),
    (NONE, 2, [], []),
    (NONE, 1, [Named("A")], [("INVALID", "units")]),
    (LOT, 3, [Named("A", 2), Named("B")], []),
    (LOT, 0, None, []),
    (LOT, 0, [], []),
    (LOT, 3, None, [("REQUIRED", "units")]),
    (LOT, 3, [Named("A", 2)], [("INVALID", "units")]),
    (LOT, 3, [Named("A", 4)], [("INVALID", "units")]),
    (LOT, 0, [Named("A", 0)], [("INVALID", "units.0.quantity")]),
    (LOT, 1, [Named("A", 2), Named("B", -1)], [("INVALID", "units.1.quantity")]),
    (LOT, 2, [Named("A"), Named(" A ")], [("DUPLICATE", "units.1.code")]),
    (LOT, 2, [Named("A"), Named("a")], []),
    (LOT, 2, [Named("\u00e9"), Named("e\u0301")], [("DUPLICATE", "units.1.code")]),
    (LOT, 1, [Named("")], [("INVALID", "units.0.code")]),
    (LOT, 1, [Named("A\x00")], [("INVALID", "units.0.code")]),
    (LOT, 1, [Named("A" * 64)], []),
    (LOT, 1, [Named("A" * 65)], [("INVALID", "units.0.code")]),
    (SERIAL, 2, [Named("A"), Named("B")], []),
    (SERIAL, 2, [Named("A", 2)], [("INVALID", "units.0.quantity")]),
    (SERIAL, MAX_NAMED + 1, [Named(str(n)) for n in range(MAX_NAMED + 1)], [("INVALID", "units")]),
]


@pytest.mark.parametrize(("tracking", "quantity", "named", "expected"), CASES)
def test_units_come_to_the_quantity(
    tracking: TrackingPolicy,
    quantity: int,
    named: list[NamedUnits] | None,
    expected: list[tuple[str, str]],
) -> None:
    errors = check_units(tracking, quantity, named, ("lines", "0"), needed=True)
    found = [(error.code.value, ".".join(error.path)) for error in errors]
    assert found == [(code, f"lines.0.{path}") for code, path in expected]


def test_what_is_not_needed_may_be_missing_but_not_wrong() -> None:
    assert [*check_units(SERIAL, 2, None, (), needed=False)] == []
    (error,) = check_units(SERIAL, 2, [], (), needed=False)
    assert error.path == ("units",)


def lot(number: int, free: int, expires_on: date | None, day: int = 1) -> FreeUnits:
    since = datetime(2026, 1, day, tzinfo=UTC)
    return FreeUnits(UUID(int=number), free, expires_on, since, f"L{number}")


def test_what_expires_first_goes_first_then_what_is_oldest() -> None:
    soon, late = date(2027, 1, 1), date(2027, 6, 1)
    lots = [
        lot(1, 5, None),
        lot(2, 2, late, day=2),
        lot(3, 2, late, day=1),
        lot(4, 1, soon),
        lot(5, 0, soon),
    ]
    order = [(4, 1), (3, 2), (2, 2), (1, 5)]
    for quantity in range(12):
        left = quantity
        expected = {}
        for number, free in order:
            if left > 0:
                expected[UUID(int=number)] = min(left, free)
            left -= free
        assert first_out(lots, quantity) == expected


@pytest.mark.parametrize(
    ("expires_on", "over"),
    [
        (None, False),
        (date(2027, 1, 2), False),
        (date(2027, 1, 1), False),
        (date(2026, 12, 31), True),
    ],
)
def test_a_unit_is_good_on_its_last_day(expires_on: date | None, over: bool) -> None:
    assert is_expired(expires_on, date(2027, 1, 1)) is over


def test_what_has_expired_goes_after_all_else() -> None:
    over = replace(lot(1, 2, date(2026, 1, 1)), is_expired=True)
    fresh, never = lot(2, 2, date(2027, 1, 1)), lot(3, 2, None)
    assert [*first_out([over, never, fresh], 5)] == [fresh.key, never.key, over.key]


@given(
    st.lists(st.tuples(st.integers(0, 9), st.none() | st.dates()), max_size=8), st.integers(0, 40)
)
def test_never_more_than_is_free_and_all_that_is_wanted_if_it_is(
    lots: list[tuple[int, date | None]], quantity: int
) -> None:
    there = [lot(number, free, day) for number, (free, day) in enumerate(lots)]
    taken = first_out(there, quantity)
    assert sum(taken.values()) == min(quantity, sum(free for free, _ in lots))
    assert all(0 < taken[each.key] <= each.free for each in there if each.key in taken)


@pytest.mark.parametrize(
    ("sold", "kind", "quantity", "after"),
    [
        (0, MovementKind.SHIP, -3, 3),
        (3, MovementKind.RETURN, 2, 1),
        (0, MovementKind.RETURN, 2, 0),
        (3, MovementKind.SCRAP, -2, 3),
        (3, MovementKind.ADJUST, 2, 3),
    ],
)
def test_what_customers_have(sold: int, kind: MovementKind, quantity: int, after: int) -> None:
    assert sold_after(sold, kind, quantity) == after
