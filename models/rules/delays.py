"""When an order is late."""

from datetime import datetime

from models.rules.order_states import FulfillmentStatus, OrderStatus

OPEN = (OrderStatus.AWAITING_APPROVAL, OrderStatus.CONFIRMED, OrderStatus.ON_HOLD)


def due_at(
    promised_at: datetime | None, status: OrderStatus, fulfillment: FulfillmentStatus
) -> datetime | None:
    """When the order must have arrived; None once it has, and for what nobody waits for."""
    waiting = status in OPEN and fulfillment is not FulfillmentStatus.DELIVERED
    return promised_at if waiting else None


def is_delayed(due: datetime | None, now: datetime) -> bool:
    """Whether a deadline has passed."""
    return due is not None and due < now
