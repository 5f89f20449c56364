"""How a shipment gets to the door."""

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
    """Whether the goods are out of the warehouse."""
    return status in LEFT


def allowed_statuses(status: ShipmentStatus) -> tuple[ShipmentStatus, ...]:
    """Where a shipment may go from here. Steps may be skipped, for carriers do not tell all.

    What has left may meet with an exception and come back from it; what has not may be cancelled.
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


def may_be_told(status: ShipmentStatus, told: ShipmentStatus) -> bool:
    """Whether there can be news of a status: what has left is told of in any order, and twice."""
    return (
        told is status or told in allowed_statuses(status) or (has_left(status) and has_left(told))
    )


def moves(status: ShipmentStatus, told: ShipmentStatus, *, is_late: bool) -> bool:
    """Whether news of a status brings a shipment there; `is_late`: it is older than other news.

    The way to the door leads forward only. Into an exception and out of it leads what is newest.
    """
    if told not in allowed_statuses(status):
        return False
    return not (is_late and ShipmentStatus.EXCEPTION in (status, told))
