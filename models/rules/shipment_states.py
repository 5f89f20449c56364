"""The states of a shipment."""

from enum import StrEnum
from typing import Final


class ShipmentStatus(StrEnum):
    PENDING = "PENDING"
    PICKING = "PICKING"
    PACKED = "PACKED"
    SHIPPED = "SHIPPED"
    IN_TRANSIT = "IN_TRANSIT"
    OUT_FOR_DELIVERY = "OUT_FOR_DELIVERY"
    DELIVERED = "DELIVERED"
    EXCEPTION = "EXCEPTION"
    CANCELLED = "CANCELLED"


INSIDE: Final = (ShipmentStatus.PENDING, ShipmentStatus.PICKING, ShipmentStatus.PACKED)
UNDER_WAY: Final = (
    ShipmentStatus.SHIPPED,
    ShipmentStatus.IN_TRANSIT,
    ShipmentStatus.OUT_FOR_DELIVERY,
    ShipmentStatus.DELIVERED,
)
LEFT: Final = frozenset({*UNDER_WAY, ShipmentStatus.EXCEPTION})

_FORWARD: Final = INSIDE + UNDER_WAY


def has_left(status: ShipmentStatus) -> bool:
    """Whether the goods have left the warehouse."""
    return status in LEFT


def allowed_statuses(status: ShipmentStatus) -> tuple[ShipmentStatus, ...]:
    """The next possible statuses. Steps may be skipped, because carriers do not report all.

    A shipment that has left may meet with an exception and recover; before, it may be cancelled.
    """
    if status is ShipmentStatus.CANCELLED:
        return ()
    if status is ShipmentStatus.DELIVERED:
        return (ShipmentStatus.EXCEPTION,)
    if status is ShipmentStatus.EXCEPTION:
        return UNDER_WAY[1:]
    later = _FORWARD[_FORWARD.index(status) + 1 :]
    if status in INSIDE:
        return (*later, ShipmentStatus.CANCELLED)
    return (*later, ShipmentStatus.EXCEPTION)


def may_be_reported(status: ShipmentStatus, reported: ShipmentStatus) -> bool:
    """Whether a tracking event may have the status: after leaving in any order, also repeated."""
    return (
        reported is status
        or reported in allowed_statuses(status)
        or (has_left(status) and has_left(reported))
    )


def moves(status: ShipmentStatus, reported: ShipmentStatus, *, is_late: bool) -> bool:
    """Whether a tracking event changes the status; `is_late`: it is older than an earlier one.

    Statuses only advance. An exception begins and ends only by the newest event.
    """
    if reported not in allowed_statuses(status):
        return False
    return not (is_late and ShipmentStatus.EXCEPTION in (status, reported))
