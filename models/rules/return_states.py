"""How goods come back: how far a return is, and what becomes of its units."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar
from uuid import UUID

from models.rules.inventory import MovementKind
from models.rules.tracking import NamedUnits
from models.rules.transitions import Table

Place = TypeVar("Place")


class ReturnState(StrEnum):
    REQUESTED = "REQUESTED"
    REJECTED = "REJECTED"
    PARTLY_RECEIVED = "PARTLY_RECEIVED"
    RECEIVED = "RECEIVED"
    CANCELLED = "CANCELLED"


class ReturnAction(StrEnum):
    RECEIVE_PART = "RECEIVE_PART"
    RECEIVE_ALL = "RECEIVE_ALL"
    REJECT = "REJECT"
    CANCEL = "CANCEL"


class Disposition(StrEnum):
    RESTOCK = "RESTOCK"
    QUARANTINE = "QUARANTINE"
    SCRAP = "SCRAP"


RETURN_TABLE: Final = Table(
    ReturnState,
    frozenset({ReturnState.REQUESTED}),
    {
        (ReturnState.REQUESTED, ReturnAction.RECEIVE_PART): ReturnState.PARTLY_RECEIVED,
        (ReturnState.REQUESTED, ReturnAction.RECEIVE_ALL): ReturnState.RECEIVED,
        (ReturnState.REQUESTED, ReturnAction.REJECT): ReturnState.REJECTED,
        (ReturnState.REQUESTED, ReturnAction.CANCEL): ReturnState.CANCELLED,
        (ReturnState.PARTLY_RECEIVED, ReturnAction.RECEIVE_PART): ReturnState.PARTLY_RECEIVED,
        (ReturnState.PARTLY_RECEIVED, ReturnAction.RECEIVE_ALL): ReturnState.RECEIVED,
    },
)

AWAITED: Final = tuple(state for state in ReturnState if RETURN_TABLE.allowed(state))
"""The states in which units are still to come."""

MOVEMENTS: Final = {
    Disposition.RESTOCK: (MovementKind.RETURN,),
    Disposition.QUARANTINE: (MovementKind.RETURN, MovementKind.DAMAGE),
    Disposition.SCRAP: (),
}
"""What returned units do to stock: those that are thrown away never get there."""


def returnable_units(shipped: int, returned: int, announced: int) -> int:
    """How many units of a line can be announced to come back.

    They have left, are not back, and no return awaits them; `announced` are those that one does.
    """
    return max(0, shipped - returned - announced)


def share_out(units: int, rooms: Mapping[Place, int]) -> dict[Place, int]:
    """The units by place: each takes what it has room for, the first before the next.

    What finds no room anywhere is left out.
    """
    shares: dict[Place, int] = {}
    for place, room in rooms.items():
        if (some := min(units, room)) > 0:
            shares[place] = some
            units -= some
    return shares


def after_receipt(state: ReturnState, units_left: int) -> ReturnState:
    """How far a return is once units of it have come; `units_left` are those that have not.

    Raises:
        NotAllowed: it awaits none.
    """
    action = ReturnAction.RECEIVE_PART if units_left else ReturnAction.RECEIVE_ALL
    return RETURN_TABLE.next(state, action)


@dataclass(frozen=True)
class ReturnUnits:
    """Units of one line of an order that come back; what becomes of them is known when they are
    here. `units` are its lots and serial numbers, which a receipt of a tracked product needs.
    """

    line_id: UUID
    quantity: int
    disposition: Disposition | None = None
    units: tuple[NamedUnits, ...] | None = None
