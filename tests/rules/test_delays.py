"""What an order waits for, until when, and from when on it is late."""

from datetime import UTC, datetime, timedelta

import pytest

from models.rules.delays import (
    USUAL,
    Deadlines,
    Stage,
    due_at,
    is_delayed,
    shipment_due_at,
    stage_of,
)
from models.rules.order_states import FulfillmentStatus, OrderStatus
from models.rules.shipment_states import ShipmentStatus

NOON = datetime(2026, 3, 9, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DEADLINES: Deadlines = {Stage.CONFIRM: HOUR, Stage.SHIP: 3 * HOUR, Stage.DELIVER: 10 * HOUR}
"""PREPARE has none."""


@pytest.mark.parametrize(
    ("status", "fulfillment", "stage"),
    [
        ("DRAFT", "UNFULFILLED", None),
        ("AWAITING_APPROVAL", "RESERVED", "CONFIRM"),
        ("AWAITING_APPROVAL", "BACKORDERED", "CONFIRM"),
        ("CONFIRMED", "UNFULFILLED", "PREPARE"),
        ("CONFIRMED", "BACKORDERED", "PREPARE"),
        ("CONFIRMED", "RESERVED", "PREPARE"),
        ("CONFIRMED", "PREPARING", "SHIP"),
        ("CONFIRMED", "PARTLY_SHIPPED", "SHIP"),
        ("CONFIRMED", "SHIPPED", "DELIVER"),
        ("CONFIRMED", "PARTLY_DELIVERED", "DELIVER"),
        ("CONFIRMED", "DELIVERED", None),
        ("ON_HOLD", "RESERVED", "PREPARE"),
        ("ON_HOLD", "SHIPPED", "DELIVER"),
        ("COMPLETED", "DELIVERED", None),
        ("COMPLETED", "SHIPPED", None),
        ("CANCELLED", "UNFULFILLED", None),
    ],
)
def test_what_an_order_waits_for(status: str, fulfillment: str, stage: str | None) -> None:
    found = stage_of(OrderStatus(status), FulfillmentStatus(fulfillment))
    assert found == (Stage(stage) if stage else None)


def test_every_open_order_waits_for_something_until_all_has_arrived() -> None:
    for fulfillment in FulfillmentStatus:
        for status in (OrderStatus.CONFIRMED, OrderStatus.ON_HOLD):
            waits = stage_of(status, fulfillment) is not None
            assert waits is (fulfillment is not FulfillmentStatus.DELIVERED)


@pytest.mark.parametrize(
    ("stage", "promised", "due"),
    [
        ("CONFIRM", None, 1),
        ("PREPARE", None, None),
        ("SHIP", None, 3),
        ("DELIVER", None, 10),
        # what was promised counts for the delivery, be it sooner or later than the deadline
        ("DELIVER", 2, 2),
        ("DELIVER", 20, 20),
        ("DELIVER", -5, -5),
        # nothing that comes before it may last longer
        ("SHIP", 2, 2),
        ("SHIP", 20, 3),
        ("PREPARE", 2, 2),
        ("CONFIRM", -5, -5),
    ],
)
def test_when_a_stage_is_due(stage: str, promised: int | None, due: int | None) -> None:
    """All in hours after it began."""
    promised_at = None if promised is None else NOON + promised * HOUR
    found = due_at(Stage(stage), NOON, promised_at, DEADLINES)
    assert found == (None if due is None else NOON + due * HOUR)


def test_no_time_is_no_deadline() -> None:
    off = dict.fromkeys(Stage, timedelta())
    assert {due_at(stage, NOON, None, off) for stage in Stage} == {None}


def test_usually_each_stage_has_a_deadline() -> None:
    assert set(USUAL) == set(Stage)


def test_a_stage_may_last_until_the_end_of_time() -> None:
    last = datetime.max.replace(tzinfo=UTC)
    assert due_at(Stage.SHIP, last - HOUR, None, DEADLINES) == last


@pytest.mark.parametrize(
    ("status", "due"),
    [
        ("PENDING", 3),
        ("PICKING", 3),
        ("PACKED", 3),
        ("SHIPPED", 12),
        ("IN_TRANSIT", 12),
        ("OUT_FOR_DELIVERY", 12),
        ("EXCEPTION", 12),
        ("DELIVERED", None),
        ("CANCELLED", None),
    ],
)
def test_when_a_shipment_is_due(status: str, due: int | None) -> None:
    """In hours after it was made; it left after two."""
    shipped_at = NOON + 2 * HOUR
    found = shipment_due_at(ShipmentStatus(status), NOON, shipped_at, None, DEADLINES)
    assert found == (None if due is None else NOON + due * HOUR)


def test_a_shipment_is_due_when_its_order_was_promised() -> None:
    promised_at = NOON + HOUR
    for status in (ShipmentStatus.PENDING, ShipmentStatus.SHIPPED):
        assert shipment_due_at(status, NOON, None, promised_at, DEADLINES) == promised_at


def test_a_shipment_that_left_nobody_knows_when_counts_from_its_making() -> None:
    found = shipment_due_at(ShipmentStatus.SHIPPED, NOON, None, None, DEADLINES)
    assert found == NOON + 10 * HOUR


@pytest.mark.parametrize(("microseconds", "late"), [(-1, False), (0, True), (1, True)])
def test_late_is_from_the_deadline_on(microseconds: int, late: bool) -> None:
    assert is_delayed(NOON, NOON + timedelta(microseconds=microseconds)) is late


def test_without_a_deadline_nothing_is_late() -> None:
    assert is_delayed(None, NOON) is False
