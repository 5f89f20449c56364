"""A table of moves says what is possible, and is refused where a state cannot be reached."""

from enum import StrEnum

import pytest

from models.rules.transitions import NotAllowed, Table, Unreachable


class Light(StrEnum):
    RED = "RED"
    GREEN = "GREEN"
    BROKEN = "BROKEN"


class Press(StrEnum):
    GO = "GO"
    STOP = "STOP"
    HIT = "HIT"


MOVES = {
    (Light.RED, Press.GO): Light.GREEN,
    (Light.GREEN, Press.STOP): Light.RED,
    (Light.GREEN, Press.HIT): Light.BROKEN,
}


def test_moves() -> None:
    table = Table(Light, frozenset({Light.RED}), MOVES)
    assert table.allowed(Light.RED) == (Press.GO,)
    assert table.allowed(Light.GREEN) == (Press.STOP, Press.HIT)
    assert table.allowed(Light.BROKEN) == ()
    assert table.next(Light.GREEN, Press.HIT) is Light.BROKEN
    with pytest.raises(NotAllowed, match="GO in BROKEN"):
        table.next(Light.BROKEN, Press.GO)


def test_a_state_that_nothing_leads_to() -> None:
    without = {key: end for key, end in MOVES.items() if end is not Light.BROKEN}
    with pytest.raises(Unreachable, match=r"^BROKEN$"):
        Table(Light, frozenset({Light.RED}), without)


def test_a_state_that_only_unreachable_ones_lead_to() -> None:
    moves = {(Light.GREEN, Press.HIT): Light.BROKEN, (Light.BROKEN, Press.GO): Light.GREEN}
    with pytest.raises(Unreachable, match=r"^BROKEN, GREEN$"):
        Table(Light, frozenset({Light.RED}), moves)


def test_a_diagram() -> None:
    moves = {**MOVES, (Light.GREEN, Press.GO): Light.GREEN, (Light.RED, Press.HIT): Light.GREEN}
    assert Table(Light, frozenset({Light.RED}), moves).diagram().splitlines() == [
        "stateDiagram-v2",
        "    [*] --> RED",
        "    RED --> GREEN : GO, HIT",
        "    GREEN --> RED : STOP",
        "    GREEN --> BROKEN : HIT",
        "    GREEN --> GREEN : GO",
        "    BROKEN --> [*]",
    ]
