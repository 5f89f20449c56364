"""The only module that gives an order its status: by the table, or by an import's history."""

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
"""The statuses of a new order."""


def step(order: Order, action: OrderAction, *holds: OrderGuard) -> None:
    """Takes a step: sets the status by the table and the guards that hold.

    The order is not saved here.

    Raises:
        NotAllowed: its status does not allow the step.
    """
    _enter(order, ORDER_TABLE.next(order.status, action, holds))


def arrive(order: Order, status: OrderStatus) -> None:
    """Sets the status of an imported order by its history."""
    _enter(order, status)


def _enter(order: Order, status: OrderStatus) -> None:
    order.status = status
