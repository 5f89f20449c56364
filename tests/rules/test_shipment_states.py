"""Where a shipment may go from each of its statuses."""

import pytest

from models.rules.shipment_states import (
    ShipmentStatus,
    allowed_statuses,
    has_left,
    may_be_reported,
    moves,
)

ALLOWED = {
    "PENDING": "PICKING PACKED SHIPPED IN_TRANSIT OUT_FOR_DELIVERY DELIVERED CANCELLED",
    "PICKING": "PACKED SHIPPED IN_TRANSIT OUT_FOR_DELIVERY DELIVERED CANCELLED",
    "PACKED": "SHIPPED IN_TRANSIT OUT_FOR_DELIVERY DELIVERED CANCELLED",
    "SHIPPED": "IN_TRANSIT OUT_FOR_DELIVERY DELIVERED EXCEPTION",
    "IN_TRANSIT": "OUT_FOR_DELIVERY DELIVERED EXCEPTION",
    "OUT_FOR_DELIVERY": "DELIVERED EXCEPTION",
    "DELIVERED": "EXCEPTION",
    "EXCEPTION": "IN_TRANSIT OUT_FOR_DELIVERY DELIVERED",
    "CANCELLED": "",
}
INSIDE = {"PENDING", "PICKING", "PACKED", "CANCELLED"}


@pytest.mark.parametrize("status", ShipmentStatus)
def test_every_step_of_every_status(status: ShipmentStatus) -> None:
    assert allowed_statuses(status) == tuple(ShipmentStatus(s) for s in ALLOWED[status].split())


@pytest.mark.parametrize("status", ShipmentStatus)
def test_what_has_left_never_comes_back_inside(status: ShipmentStatus) -> None:
    assert has_left(status) is (status not in INSIDE)
    if has_left(status):
        assert all(has_left(each) for each in allowed_statuses(status))


@pytest.mark.parametrize("status", ShipmentStatus)
def test_of_what_has_left_everything_outside_can_be_told(status: ShipmentStatus) -> None:
    outside = {*ShipmentStatus} - {ShipmentStatus(each) for each in INSIDE}
    due = {status, *allowed_statuses(status), *(outside if has_left(status) else ())}
    assert {each for each in ShipmentStatus if may_be_reported(status, each)} == due


@pytest.mark.parametrize("status", ShipmentStatus)
def test_news_moves_where_a_shipment_may_go(status: ShipmentStatus) -> None:
    moved = {each for each in ShipmentStatus if moves(status, each, is_late=False)}
    assert moved == {*allowed_statuses(status)}
    late = {each for each in ShipmentStatus if moves(status, each, is_late=True)}
    turns = {*moved} if status is ShipmentStatus.EXCEPTION else {ShipmentStatus.EXCEPTION}
    assert late == moved - turns
