"""What customers owe, and what they have bought: each order's part in it."""

from dataclasses import dataclass
from typing import Final

from models.rules.order_states import OrderStatus

PLACED: Final = (
    OrderStatus.AWAITING_APPROVAL,
    OrderStatus.CONFIRMED,
    OrderStatus.ON_HOLD,
    OrderStatus.COMPLETED,
)
"""Orders that count: neither drafts nor cancelled ones."""


@dataclass(frozen=True, slots=True)
class Share:
    """An order's part in its customer's counters, in minor units of the company's currency."""

    credit_minor: int = 0
    lifetime_minor: int = 0


def share(status: OrderStatus, total_minor: int, balance_minor: int) -> Share:
    """What is still to be paid takes of the credit; the whole total counts for the lifetime value.

    What the customer has too much of one order does not pay for another.
    """
    if status not in PLACED:
        return Share()
    return Share(max(0, balance_minor), total_minor)
