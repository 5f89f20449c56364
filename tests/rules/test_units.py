"""The trade in units: what each step makes of a line's counts and moves in stock, and refuses."""

from functools import partial
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules import units
from models.rules.inventory import MAX_QUANTITY, Balance, Movement, MovementKind, Uncovered
from models.rules.return_states import Disposition
from models.rules.units import ImpossibleStep, LineCounts, Rule

RULES: Final[dict[str, Rule]] = {
    "promise": units.promise,
    "wait": units.wait,
    "stop_waiting": units.stop_waiting,
    "release": units.release,
    "pack": units.pack,
    "unpack": units.unpack,
    "ship": units.ship,
    "deliver": units.deliver,
    "miss": units.miss,
    "restock": partial(units.take_back, disposition=Disposition.RESTOCK),
    "quarantine": partial(units.take_back, disposition=Disposition.QUARANTINE),
    "scrap": partial(units.take_back, disposition=Disposition.SCRAP),
    "cancel": units.cancel,
}

# Of 20 units 1 is open; 5 are promised, of which 2 are packed; 3 wait; 9 have left, of which 6
# have arrived and 4 are back; 2 were cancelled.
LINE: Final = LineCounts(
    quantity=20,
    reserved=5,
    backordered=3,
    preparing=2,
    shipped=9,
    delivered=6,
    returned=4,
    cancelled=2,
)

STEPS: Final = [
    ("promise", 1, {"reserved": 6}, [("RESERVE", 1)]),
    ("wait", 1, {"backordered": 4}, []),
    ("stop_waiting", 1, {"backordered": 2}, []),
    ("stop_waiting", 3, {"backordered": 0}, []),
    ("release", 1, {"reserved": 4}, [("RELEASE", -1)]),
    ("release", 3, {"reserved": 2}, [("RELEASE", -3)]),
    ("pack", 1, {"preparing": 3}, []),
    ("pack", 3, {"preparing": 5}, []),
    ("unpack", 1, {"preparing": 1}, []),
    ("unpack", 2, {"preparing": 0}, []),
    ("ship", 1, {"preparing": 1, "reserved": 4, "shipped": 10}, [("SHIP", -1)]),
    ("ship", 2, {"preparing": 0, "reserved": 3, "shipped": 11}, [("SHIP", -2)]),
    ("deliver", 1, {"delivered": 7}, []),
    ("deliver", 3, {"delivered": 9}, []),
    ("miss", 1, {"delivered": 5}, []),
    ("miss", 6, {"delivered": 0}, []),
    ("restock", 1, {"returned": 5}, [("RETURN", 1)]),
    ("restock", 5, {"returned": 9}, [("RETURN", 5)]),
    ("quarantine", 2, {"returned": 6}, [("RETURN", 2), ("DAMAGE", 2)]),
    ("quarantine", 5, {"returned": 9}, [("RETURN", 5), ("DAMAGE", 5)]),
    ("scrap", 2, {"returned": 6}, []),
    ("scrap", 5, {"returned": 9}, []),
    ("cancel", 1, {"cancelled": 3}, []),
    ("cancel", 2, {"cancelled": 4, "backordered": 2}, []),
    ("cancel", 4, {"cancelled": 6, "backordered": 0}, []),
    ("cancel", 5, {"cancelled": 7, "backordered": 0}, []),
    ("cancel", 9, {"cancelled": 11, "backordered": 0}, []),
]

MOST: Final = {
    "promise": 1,
    "wait": 1,
    "stop_waiting": 3,
    "release": 3,
    "pack": 3,
    "unpack": 2,
    "ship": 2,
    "deliver": 3,
    "miss": 6,
    "restock": 5,
    "quarantine": 5,
    "scrap": 5,
    "cancel": 9,
}


@pytest.mark.parametrize(("rule", "some", "changes", "moved"), STEPS)
def test_what_each_step_does(
    rule: str, some: int, changes: dict[str, int], moved: list[tuple[str, int]]
) -> None:
    step = RULES[rule](LINE, some)
    assert step.line == LINE._replace(**changes)
    assert step.movements == tuple(Movement(MovementKind(kind), units) for kind, units in moved)


@pytest.mark.parametrize("rule", RULES)
def test_a_step_is_of_one_unit_or_more_and_of_no_more_than_there_are(rule: str) -> None:
    most = MOST[rule]
    for some in (-1, 0, most + 1):
        with pytest.raises(ImpossibleStep) as refused:
            RULES[rule](LINE, some)
        assert refused.value.most == most
        assert str(refused.value) == f"{some} units, where 1 to {most} are possible"
    RULES[rule](LINE, most)


@pytest.mark.parametrize("rule", RULES)
def test_of_a_line_that_is_over_only_what_arrived_can_be_missed_or_come_back(rule: str) -> None:
    over = LineCounts(3, shipped=2, delivered=2, cancelled=1)
    possible = {"miss": 2, "restock": 2, "quarantine": 2, "scrap": 2}
    with pytest.raises(ImpossibleStep) as refused:
        RULES[rule](over, 3)
    assert refused.value.most == possible.get(rule, 0)


@pytest.mark.parametrize(
    ("line", "facts"),
    [
        (LINE, {"wanted": 18, "inside": 9, "open": 1, "loose": 3, "surplus": 0, "fewest": 13}),
        (
            LineCounts(5),
            {"wanted": 5, "inside": 5, "open": 5, "loose": 0, "surplus": 0, "fewest": 0},
        ),
        (
            LineCounts(5, reserved=4, preparing=1, cancelled=3),
            {"wanted": 2, "inside": 2, "open": -2, "loose": 3, "surplus": 2, "fewest": 4},
        ),
    ],
)
def test_what_follows_from_counts(line: LineCounts, facts: dict[str, int]) -> None:
    assert {name: getattr(line, name) for name in facts} == facts


@pytest.mark.parametrize(
    ("line", "waiting", "surplus"),
    [
        (LineCounts(10, reserved=4, backordered=6), 6, 0),
        (LineCounts(9, reserved=4, backordered=6), 5, 0),
        (LineCounts(4, reserved=4, backordered=6), 0, 0),
        (LineCounts(3, reserved=4, backordered=6), 0, 1),
        (LineCounts(3, reserved=4, backordered=6, cancelled=2), 0, 3),
    ],
)
def test_who_wants_less_lets_those_go_first_that_wait(
    line: LineCounts, waiting: int, surplus: int
) -> None:
    after = units.settle_for(line)
    assert after == line._replace(backordered=waiting)
    assert after.surplus == surplus
    assert units.settle_for(after) == after


def test_what_a_cancelled_line_has_too_many_of_is_released() -> None:
    cancelled = units.cancel(LINE, 6).line
    assert (cancelled.open, cancelled.surplus) == (-2, 2)
    assert units.release(cancelled, 2).line.open == 0


def test_a_life_from_promise_to_return() -> None:
    line, stock = LineCounts(4), Balance(10, 0, 0)
    for rule in ("promise", "pack", "ship", "deliver", "quarantine"):
        line, movements = RULES[rule](line, 4)
        stock = stock.moved(movements)
    assert line == LineCounts(4, shipped=4, delivered=4, returned=4)
    assert stock == Balance(10, 0, 4)


@given(st.lists(st.tuples(st.sampled_from(sorted(RULES)), st.integers(1, 9))))
def test_no_way_leads_out_of_the_bounds(way: list[tuple[str, int]]) -> None:
    """The line's checks hold after every step, and stock keeps what is promised."""
    line, stock = LineCounts(12), Balance(12, 0, 0)
    for rule, some in way:
        try:
            step = RULES[rule](line, some)
            stock = stock.moved(step.movements)
        except (ImpossibleStep, Uncovered):
            continue
        line = step.line
        if line.surplus:
            freed = min(line.surplus, line.loose)
            line = units.release(line, freed).line if freed else line
            stock = stock.after(MovementKind.RELEASE, -freed)
        if line.surplus:  # packed units: their shipment would have been cancelled first
            return
        assert min(line) >= 0
        assert line.reserved + line.backordered + line.shipped + line.cancelled <= line.quantity
        assert line.preparing <= line.reserved
        assert max(line.delivered, line.returned) <= line.shipped
        assert stock.reserved == line.reserved
        assert stock.on_hand >= stock.reserved + stock.damaged


@pytest.mark.parametrize(
    ("movements", "promise", "after"),
    [
        ([], False, Balance(10, 4, 1, 2)),
        ([("RESERVE", 3)], True, Balance(10, 7, 1, 2)),
        ([("RESERVE", 4)], True, None),
        ([("RESERVE", 5)], False, Balance(10, 9, 1, 2)),
        ([("RESERVE", 6)], False, None),
        ([("SHIP", -4)], False, Balance(6, 0, 1, 2)),
        ([("SHIP", -5)], False, None),
        ([("RELEASE", -4)], False, Balance(10, 0, 1, 2)),
        ([("RELEASE", -5)], False, None),
        ([("ADJUST", -5)], False, Balance(5, 4, 1, 2)),
        ([("ADJUST", -6)], False, None),
        ([("ADJUST", -6), ("RELEASE", -1)], False, Balance(4, 3, 1, 2)),
        ([("SCRAP", -1)], False, Balance(9, 4, 0, 2)),
        ([("SCRAP", -2)], False, None),
        ([("RECEIPT", MAX_QUANTITY - 10)], False, Balance(MAX_QUANTITY, 4, 1, 2)),
        ([("RECEIPT", MAX_QUANTITY - 9)], False, None),
    ],
)
def test_what_counters_cover(
    movements: list[tuple[str, int]], promise: bool, after: Balance | None
) -> None:
    """Of 10 on hand 4 are promised, 1 is damaged and 2 are kept back."""
    made = [Movement(MovementKind(kind), units) for kind, units in movements]
    stock = Balance(10, 4, 1, 2)
    if after is None:
        with pytest.raises(Uncovered):
            stock.moved(made, promise=promise)
    else:
        assert stock.moved(made, promise=promise) == after
