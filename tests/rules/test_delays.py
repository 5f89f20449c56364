"""When an order is late, and when nobody waits for it any more."""

from datetime import UTC, datetime, timedelta

import pytest

from models.rules.delays import due_at, is_delayed
from models.rules.order_states import FulfillmentStatus, OrderStatus

PROMISED = datetime(2026, 3, 9, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "fulfillment", "waiting"),
    [
        ("DRAFT", "UNFULFILLED", False),
        ("AWAITING_APPROVAL", "RESERVED", True),
        ("CONFIRMED", "BACKORDERED", True),
        ("CONFIRMED", "SHIPPED", True),
        ("CONFIRMED", "PARTLY_DELIVERED", True),
        ("CONFIRMED", "DELIVERED", False),
        ("ON_HOLD", "RESERVED", True),
        ("COMPLETED", "DELIVERED", False),
        ("COMPLETED", "SHIPPED", False),
        ("CANCELLED", "UNFULFILLED", False),
    ],
)
def test_who_waits(status: str, fulfillment: str, waiting: bool) -> None:
    due = due_at(PROMISED, OrderStatus(status), FulfillmentStatus(fulfillment))
    assert due == (PROMISED if waiting else None)


def test_nothing_was_promised() -> None:
    assert due_at(None, OrderStatus.CONFIRMED, FulfillmentStatus.RESERVED) is None


@pytest.mark.parametrize(("seconds", "late"), [(-1, False), (0, False), (1, True)])
def test_late_is_after_the_deadline(seconds: int, late: bool) -> None:
    assert is_delayed(PROMISED, PROMISED + timedelta(seconds=seconds)) is late


def test_without_a_deadline_nothing_is_late() -> None:
    assert is_delayed(None, PROMISED) is False
