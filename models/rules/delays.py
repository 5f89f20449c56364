"""The stage of an order, its deadline, and delays."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from models.rules.order_states import FulfillmentStatus, OrderStatus
from models.rules.shipment_states import ShipmentStatus, has_left


class Stage(StrEnum):
    """The event that an open order waits for, in the order of its life."""

    CONFIRM = "CONFIRM"
    PREPARE = "PREPARE"
    SHIP = "SHIP"
    DELIVER = "DELIVER"


Deadlines = Mapping[Stage, timedelta]
"""The time allowed for each stage. A missing one or zero: the stage has no deadline of its own."""

USUAL: Final[Deadlines] = {
    Stage.CONFIRM: timedelta(days=1),
    Stage.PREPARE: timedelta(days=2),
    Stage.SHIP: timedelta(days=2),
    Stage.DELIVER: timedelta(days=7),
}

_LAST: Final = datetime.max.replace(tzinfo=UTC)

NEVER: Final = 2**62
"""The result of `sortable` for no instant: later than any."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

OPEN: Final = (OrderStatus.AWAITING_APPROVAL, OrderStatus.CONFIRMED, OrderStatus.ON_HOLD)

_WAITING_FOR: Final = {
    FulfillmentStatus.UNFULFILLED: Stage.PREPARE,
    FulfillmentStatus.BACKORDERED: Stage.PREPARE,
    FulfillmentStatus.RESERVED: Stage.PREPARE,
    FulfillmentStatus.PREPARING: Stage.SHIP,
    FulfillmentStatus.PARTLY_SHIPPED: Stage.SHIP,
    FulfillmentStatus.SHIPPED: Stage.DELIVER,
    FulfillmentStatus.PARTLY_DELIVERED: Stage.DELIVER,
}


def sortable(instant: datetime | None) -> int:
    """Microseconds since 1970, which each database sorts alike; None is later than any instant."""
    return NEVER if instant is None else (instant - _EPOCH) // _MICROSECOND


def stage_of(status: OrderStatus, fulfillment: FulfillmentStatus) -> Stage | None:
    """The stage of an order; None after its delivery, and for orders that are not open.

    An order on hold stays in its stage, because its customer goes on waiting.
    """
    if status is OrderStatus.AWAITING_APPROVAL:
        return Stage.CONFIRM
    return _WAITING_FOR.get(fulfillment) if status in OPEN else None


def due_at(
    stage: Stage, since: datetime, promised_at: datetime | None, deadlines: Deadlines
) -> datetime | None:
    """The deadline of a stage entered at `since`; None without any.

    DELIVER is due at the promised instant, otherwise by its own deadline. Other stages are due by
    theirs, but not after the promise: by then the whole order should have arrived.
    """
    within = deadlines.get(stage)
    own = since + min(within, _LAST - since) if within else None
    if stage is Stage.DELIVER:
        return promised_at or own
    return min((each for each in (own, promised_at) if each), default=None)


def shipment_due_at(
    status: ShipmentStatus,
    made_at: datetime,
    shipped_at: datetime | None,
    promised_at: datetime | None,
    deadlines: Deadlines,
) -> datetime | None:
    """When a shipment should have left, or should arrive after leaving; None if it needs neither.

    `promised_at` is its order's. The deadlines are those of an order of this shipment alone.
    """
    if status in (ShipmentStatus.DELIVERED, ShipmentStatus.CANCELLED):
        return None
    if has_left(status):
        return due_at(Stage.DELIVER, shipped_at or made_at, promised_at, deadlines)
    return due_at(Stage.SHIP, made_at, promised_at, deadlines)


def is_delayed(due: datetime | None, now: datetime) -> bool:
    """Whether the deadline has come: at the very instant it is late."""
    return due is not None and due <= now
