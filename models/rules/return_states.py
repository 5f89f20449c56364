"""Returns: their states, and the disposition of their units."""

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
"""The states in which units are still awaited."""

MOVEMENTS: Final = {
    Disposition.RESTOCK: (MovementKind.RETURN,),
    Disposition.QUARANTINE: (MovementKind.RETURN, MovementKind.DAMAGE),
    Disposition.SCRAP: (),
}
"""The stock movements of returned units: scrapped ones never enter the stock."""


def returnable_units(shipped: int, returned: int, announced: int) -> int:
    """The units of a line that can still be announced as a return.

    They have left, are not back, and are not among the `announced` ones of other returns.
    """
    return max(0, shipped - returned - announced)


def share_out(units: int, rooms: Mapping[Place, int]) -> dict[Place, int]:
    """The units by place: each place takes as many as it has room for, in order.

    Units without room are left out.
    """
    shares: dict[Place, int] = {}
    for place, room in rooms.items():
        if (some := min(units, room)) > 0:
            shares[place] = some
            units -= some
    return shares


def after_receipt(state: ReturnState, units_left: int) -> ReturnState:
    """The state of a return after a receipt; `units_left` are still awaited.

    Raises:
        NotAllowed: the return awaits no units.
    """
    action = ReturnAction.RECEIVE_PART if units_left else ReturnAction.RECEIVE_ALL
    return RETURN_TABLE.next(state, action)


@dataclass(frozen=True)
class ReturnUnits:
    """Units of one order line in a return. The disposition is known on receipt.

    `units` are its lots and serial numbers, which a receipt of a tracked product needs.
    """

    line_id: UUID
    quantity: int
    disposition: Disposition | None = None
    units: tuple[NamedUnits, ...] | None = None
