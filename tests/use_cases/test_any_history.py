"""Whatever happens to a company, all is as its model foresees, and its books are sound."""

from typing import Final

import pytest
from hypothesis import settings

from tests.support.databases import DIALECTS, Databases, Dialect
from tests.support.model.machine import SEARCHING, Runs, run_seed, search
from tests.support.server_programs import Unavailable
from tests.support.servers import give_up

SEEDS: Final = {"sqlite": (4, 9, 12), "postgres": (8, 10), "mariadb": (9, 14), "mysql": (8, 14)}
"""Histories in which all is done, and on SQLite all refused that can be."""
MANY_HISTORIES: Final = 100

DONE: Final = {
    *(
        "Place",
        "Edit",
        "Preview",
        "Assign",
        "Extend",
        "Name",
        "SUBMIT",
        "APPROVE",
        "HOLD",
        "RELEASE",
        "PREPARE",
        "SHIP",
        "CANCEL",
    ),
    *(
        "Ship",
        "Follow",
        "Label",
        "AUTHORIZATION",
        "CHARGE",
        "VOID",
        "REFUND",
        "Announce",
        "Receive",
    ),
    *("Correct", "Transfer", "KeepBack", "Expect", "Credit"),
    *("Sweep", "TellDelays", "Note", "again"),
}
"""What is done; to complete an order is not among it, because it completes by itself."""
REFUSED: Final = {
    *("INSUFFICIENT_STOCK", "CREDIT_EXCEEDED", "ILLEGAL_TRANSITION", "VERSION_CONFLICT"),
    *("KEY_REUSED", "INVALID", "DUPLICATE"),
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_all_is_as_foreseen_in_any_history(databases: Databases, dialect: Dialect) -> None:
    runs = Runs(databases, dialect)
    try:
        for seed in SEEDS[dialect]:
            run_seed(runs, seed)
    except Unavailable as reason:
        give_up(reason)
    outcomes = runs.outcomes
    # Refusals alone prove nothing; nor does it that time passes.
    del outcomes["Pass", ""]
    done = {kind for kind, codes in outcomes if not codes}
    assert (
        sum(count for (_, codes), count in outcomes.items() if not codes) > outcomes.total() * 3 / 4
    )
    assert DONE - done == set()
    if dialect == "sqlite":
        assert REFUSED - {code for _, codes in outcomes for code in codes.split(", ")} == set()


@pytest.mark.soak
@pytest.mark.parametrize("dialect", DIALECTS)
def test_all_is_as_foreseen_in_many_histories(databases: Databases, dialect: Dialect) -> None:
    runs = Runs(databases, dialect)
    try:
        search(runs, settings(SEARCHING, max_examples=MANY_HISTORIES))
    except Unavailable as reason:
        give_up(reason)
    assert runs.count >= MANY_HISTORIES
