"""Where a shipment may go from each of its statuses."""

import pytest

from models.rules.shipment_states import ShipmentStatus, allowed_statuses, has_left

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
