"""Used credit and lifetime value: each order's part in them."""

from dataclasses import dataclass
from typing import Final

from models.rules.order_states import OrderStatus

PLACED: Final = (
    OrderStatus.AWAITING_APPROVAL,
    OrderStatus.CONFIRMED,
    OrderStatus.ON_HOLD,
    OrderStatus.COMPLETED,
)
"""The statuses of orders that count: neither drafts nor cancelled ones."""


@dataclass(frozen=True, slots=True)
class Share:
    """An order's part in its customer's counters, in minor units of the company's currency."""

    credit_minor: int = 0
    lifetime_minor: int = 0


def share(status: OrderStatus, total_minor: int, balance_minor: int) -> Share:
    """The balance uses credit; the whole total counts for the lifetime value.

    An overpayment of one order does not pay for another.
    """
    if status not in PLACED:
        return Share()
    return Share(max(0, balance_minor), total_minor)
