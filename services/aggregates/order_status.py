"""The one place that gives an order its status: the table's moves, and what history says."""

from typing import Any, Final

from models.orders import Order
from models.rules.order_states import (
    ORDER_TABLE,
    FulfillmentStatus,
    OrderAction,
    OrderGuard,
    OrderStatus,
    PaymentStatus,
    ReturnStatus,
)

BEGINNING: Final[dict[str, Any]] = {
    "status": OrderStatus.DRAFT,
    "fulfillment_status": FulfillmentStatus.UNFULFILLED,
    "payment_status": PaymentStatus.UNPAID,
    "return_status": ReturnStatus.NONE,
}
"""The axes of an order before anything is known of it."""


def step(order: Order, action: OrderAction, *holds: OrderGuard) -> None:
    """Take a step: the status is where the table leads with the guards that hold.

    The order is not saved here.

    Raises:
        NotAllowed: its status does not have the step.
    """
    _enter(order, ORDER_TABLE.next(order.status, action, holds))


def arrive(order: Order, status: OrderStatus) -> None:
    """Give an order that comes with its history the status that it had got to."""
    _enter(order, status)


def _enter(order: Order, status: OrderStatus) -> None:
    order.status = status
