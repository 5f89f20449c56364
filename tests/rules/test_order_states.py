"""An order's four axes: the decided one by its table, the others by counting."""

import pytest

from models.rules.order_states import (
    ORDER_TABLE,
    FulfillmentStatus,
    LineCounts,
    Milestone,
    OrderAction,
    OrderFacts,
    OrderStatus,
    PaymentStatus,
    ReturnStatus,
    balance_minor,
    credited_minor,
    fulfillment_status,
    is_complete,
    milestone,
    order_actions,
    payment_status,
    return_status,
)
from models.rules.payment_states import PaymentSums

TABLE = {
    "DRAFT": "EDIT SUBMIT>CONFIRMED CANCEL>CANCELLED",
    "AWAITING_APPROVAL": "EDIT APPROVE>CONFIRMED RECORD_PAYMENT REFUND CANCEL>CANCELLED",
    "CONFIRMED": (
        "EDIT HOLD>ON_HOLD PREPARE SHIP RECORD_PAYMENT REFUND RETURN CANCEL>CANCELLED "
        "COMPLETE>COMPLETED"
    ),
    "ON_HOLD": "EDIT RELEASE>CONFIRMED RECORD_PAYMENT REFUND RETURN CANCEL>CANCELLED",
    "COMPLETED": "RECORD_PAYMENT REFUND RETURN",
    "CANCELLED": "RECORD_PAYMENT REFUND",
}
"""Each status with its actions, and where those lead that lead elsewhere."""


@pytest.mark.parametrize("status", OrderStatus)
def test_every_action_of_every_status(status: OrderStatus) -> None:
    steps = [each.partition(">") for each in TABLE[status].split()]
    assert ORDER_TABLE.allowed(status) == tuple(OrderAction(name) for name, _, _ in steps)
    for name, _, end in steps:
        assert ORDER_TABLE.next(status, OrderAction(name)) is OrderStatus(end or status)


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ([LineCounts(5)], "UNFULFILLED"),
        ([], "UNFULFILLED"),
        ([LineCounts(5, cancelled=5)], "UNFULFILLED"),
        ([LineCounts(5, reserved=5)], "RESERVED"),
        ([LineCounts(5, reserved=4)], "UNFULFILLED"),
        ([LineCounts(5, reserved=4, cancelled=1)], "RESERVED"),
        ([LineCounts(5, reserved=4, backordered=1)], "BACKORDERED"),
        ([LineCounts(5, reserved=5), LineCounts(1, backordered=1)], "BACKORDERED"),
        ([LineCounts(5, reserved=5, preparing=1)], "PREPARING"),
        ([LineCounts(5, reserved=4, backordered=1, preparing=1)], "PREPARING"),
        ([LineCounts(5, reserved=4, shipped=1)], "PARTLY_SHIPPED"),
        ([LineCounts(5, reserved=4, preparing=4, shipped=1)], "PARTLY_SHIPPED"),
        ([LineCounts(5, shipped=5), LineCounts(1, reserved=1)], "PARTLY_SHIPPED"),
        ([LineCounts(5, shipped=5)], "SHIPPED"),
        ([LineCounts(5, shipped=4, cancelled=1)], "SHIPPED"),
        ([LineCounts(5, shipped=5, delivered=1)], "PARTLY_DELIVERED"),
        ([LineCounts(5, reserved=1, shipped=4, delivered=4)], "PARTLY_DELIVERED"),
        ([LineCounts(5, shipped=5, delivered=5)], "DELIVERED"),
        ([LineCounts(5, shipped=4, delivered=4, cancelled=1)], "DELIVERED"),
        ([LineCounts(5, shipped=5, delivered=5, returned=5)], "DELIVERED"),
    ],
)
def test_how_far_the_goods_are(lines: list[LineCounts], status: str) -> None:
    assert fulfillment_status(lines) is FulfillmentStatus(status)


@pytest.mark.parametrize(
    ("sums", "status"),
    [
        (PaymentSums(100), "UNPAID"),
        (PaymentSums(0), "PAID"),
        (PaymentSums(100, authorized_minor=100), "AUTHORIZED"),
        (PaymentSums(100, authorized_minor=1), "AUTHORIZED"),
        (PaymentSums(100, authorized_minor=99, charged_minor=1), "PARTLY_PAID"),
        (PaymentSums(100, charged_minor=99), "PARTLY_PAID"),
        (PaymentSums(100, charged_minor=100), "PAID"),
        (PaymentSums(100, charged_minor=101), "OVERPAID"),
        (PaymentSums(100, charged_minor=100, refunded_minor=1), "PARTLY_REFUNDED"),
        (PaymentSums(100, charged_minor=150, refunded_minor=50), "PARTLY_REFUNDED"),
        (PaymentSums(100, charged_minor=100, refunded_minor=100), "REFUNDED"),
        (PaymentSums(100, charged_minor=50, refunded_minor=50), "REFUNDED"),
    ],
)
def test_how_far_the_money_is(sums: PaymentSums, status: str) -> None:
    assert payment_status(sums) is PaymentStatus(status)


@pytest.mark.parametrize(
    ("sums", "status"),
    [
        (PaymentSums(100), "UNPAID"),
        (PaymentSums(0), "UNPAID"),
        (PaymentSums(100, authorized_minor=100), "AUTHORIZED"),
        (PaymentSums(100, charged_minor=1), "OVERPAID"),
        (PaymentSums(100, charged_minor=100), "OVERPAID"),
        (PaymentSums(100, charged_minor=100, refunded_minor=99), "OVERPAID"),
        (PaymentSums(100, charged_minor=100, refunded_minor=100), "REFUNDED"),
    ],
)
def test_whatever_was_paid_for_a_cancelled_order_is_too_much(
    sums: PaymentSums, status: str
) -> None:
    assert payment_status(sums, is_cancelled=True) is PaymentStatus(status)


@pytest.mark.parametrize(
    ("lines", "requested", "status"),
    [
        ([LineCounts(5, shipped=5)], 0, "NONE"),
        ([LineCounts(5, shipped=5)], 2, "REQUESTED"),
        ([LineCounts(5, shipped=5, returned=1)], 0, "PARTLY_RETURNED"),
        ([LineCounts(5, shipped=5, returned=1)], 4, "PARTLY_RETURNED"),
        ([LineCounts(5, shipped=5, returned=5)], 0, "RETURNED"),
        ([LineCounts(5, shipped=3, returned=3)], 0, "RETURNED"),
        ([], 0, "NONE"),
    ],
)
def test_what_came_back(lines: list[LineCounts], requested: int, status: str) -> None:
    assert return_status(lines, requested) is ReturnStatus(status)


@pytest.mark.parametrize(
    ("returned", "charged", "refunded", "credited", "balance"),
    [
        ("NONE", 0, 0, 0, 100),
        ("NONE", 40, 0, 0, 60),
        ("NONE", 130, 0, 0, -30),
        ("NONE", 130, 30, 0, 0),
        ("NONE", 100, 100, 0, 100),  # the payment was taken back, and is still to be made
        ("REQUESTED", 100, 100, 0, 100),
        ("PARTLY_RETURNED", 100, 0, 0, 0),  # a return without a refund changes nothing
        ("PARTLY_RETURNED", 100, 30, 30, 0),
        ("RETURNED", 100, 100, 100, 0),
        ("RETURNED", 130, 20, 0, -10),  # what was overpaid goes back first
        ("RETURNED", 130, 130, 100, 0),
        ("RETURNED", 40, 40, 40, 60),
        ("RETURNED", 0, 0, 0, 100),
    ],
)
def test_what_is_still_to_be_paid(
    returned: str, charged: int, refunded: int, credited: int, balance: int
) -> None:
    sums = PaymentSums(100, charged_minor=charged, refunded_minor=refunded)
    assert credited_minor(ReturnStatus(returned), sums) == credited
    assert balance_minor(OrderStatus.CONFIRMED, ReturnStatus(returned), sums) == balance
    assert balance_minor(OrderStatus.COMPLETED, ReturnStatus(returned), sums) == balance


def test_a_cancelled_order_costs_nothing() -> None:
    for charged, refunded, balance in ((0, 0, 0), (100, 0, -100), (100, 100, 0)):
        sums = PaymentSums(100, charged_minor=charged, refunded_minor=refunded)
        assert balance_minor(OrderStatus.CANCELLED, ReturnStatus.NONE, sums) == balance


@pytest.mark.parametrize(
    ("status", "fulfillment", "has_shipment", "word"),
    [
        ("DRAFT", "UNFULFILLED", False, None),
        ("AWAITING_APPROVAL", "RESERVED", False, "PLACED"),
        ("CONFIRMED", "UNFULFILLED", False, "PLACED"),
        ("CONFIRMED", "BACKORDERED", False, "PLACED"),
        ("CONFIRMED", "RESERVED", False, "PLACED"),
        ("CONFIRMED", "RESERVED", True, "PROCESSING"),
        ("CONFIRMED", "PREPARING", True, "PROCESSING"),
        ("ON_HOLD", "PREPARING", True, "PROCESSING"),
        ("CONFIRMED", "PARTLY_SHIPPED", True, "SHIPPED"),
        ("CONFIRMED", "SHIPPED", True, "SHIPPED"),
        ("CONFIRMED", "PARTLY_DELIVERED", True, "SHIPPED"),
        ("CONFIRMED", "DELIVERED", True, "ARRIVED"),
        ("COMPLETED", "DELIVERED", True, "COMPLETED"),
        ("COMPLETED", "SHIPPED", True, "COMPLETED"),
        ("CANCELLED", "UNFULFILLED", True, "CANCELLED"),
    ],
)
def test_one_word_for_the_customer(
    status: str, fulfillment: str, has_shipment: bool, word: str | None
) -> None:
    told = milestone(OrderStatus(status), FulfillmentStatus(fulfillment), has_shipment)
    assert told is (Milestone(word) if word else None)


@pytest.mark.parametrize(
    ("lines", "charged", "complete"),
    [
        ([LineCounts(2, shipped=2, delivered=2)], 100, True),
        ([LineCounts(2, shipped=2, delivered=2)], 101, True),
        ([LineCounts(2, shipped=1, delivered=1, cancelled=1)], 100, True),
        ([LineCounts(2, shipped=2, delivered=2)], 99, False),
        ([LineCounts(2, shipped=2, delivered=1)], 100, False),
        ([LineCounts(2, cancelled=2)], 100, False),
    ],
)
def test_an_order_is_complete_once_all_has_arrived_and_is_paid(
    lines: list[LineCounts], charged: int, complete: bool
) -> None:
    assert is_complete(lines, PaymentSums(100, charged_minor=charged)) is complete


@pytest.mark.parametrize(("announced", "offered"), [(0, True), (1, True), (2, False)])
def test_a_return_is_offered_while_units_are_left_to_announce(
    announced: int, offered: bool
) -> None:
    line = LineCounts(4, shipped=3, returned=1)
    facts = OrderFacts(OrderStatus.COMPLETED, [line], PaymentSums(100), announced)
    assert (OrderAction.RETURN in order_actions(facts)) is offered


@pytest.mark.parametrize(
    ("status", "line", "charged", "actions"),
    [
        ("DRAFT", LineCounts(2), 0, "EDIT SUBMIT CANCEL"),
        ("AWAITING_APPROVAL", LineCounts(2, reserved=2), 0, "EDIT APPROVE RECORD_PAYMENT CANCEL"),
        (
            "CONFIRMED",
            LineCounts(2, reserved=2),
            0,
            "EDIT HOLD PREPARE SHIP RECORD_PAYMENT CANCEL",
        ),
        ("CONFIRMED", LineCounts(2), 0, "EDIT HOLD PREPARE SHIP RECORD_PAYMENT CANCEL"),
        ("CONFIRMED", LineCounts(2, backordered=2), 0, "EDIT HOLD RECORD_PAYMENT CANCEL"),
        (
            "CONFIRMED",
            LineCounts(2, reserved=2, preparing=2),
            100,
            "EDIT HOLD SHIP RECORD_PAYMENT REFUND CANCEL",
        ),
        ("CONFIRMED", LineCounts(2, shipped=2), 0, "HOLD RECORD_PAYMENT RETURN"),
        ("CONFIRMED", LineCounts(2, shipped=2, returned=2), 0, "HOLD RECORD_PAYMENT"),
        (
            "CONFIRMED",
            LineCounts(2, shipped=2, delivered=2),
            100,
            "HOLD RECORD_PAYMENT REFUND RETURN COMPLETE",
        ),
        ("ON_HOLD", LineCounts(2, reserved=2), 0, "EDIT RELEASE RECORD_PAYMENT CANCEL"),
        ("COMPLETED", LineCounts(2, shipped=2, delivered=2), 100, "RECORD_PAYMENT REFUND RETURN"),
        ("COMPLETED", LineCounts(2, shipped=2, returned=2), 0, "RECORD_PAYMENT"),
        ("CANCELLED", LineCounts(2, cancelled=2), 1, "RECORD_PAYMENT REFUND"),
        ("CANCELLED", LineCounts(2, cancelled=2), 0, "RECORD_PAYMENT"),
    ],
)
def test_the_next_steps_are_the_table_s_where_there_is_something_to_act_on(
    status: str, line: LineCounts, charged: int, actions: str
) -> None:
    sums = PaymentSums(100, charged_minor=charged)
    possible = order_actions(OrderFacts(OrderStatus(status), [line], sums))
    assert possible == tuple(OrderAction(name) for name in actions.split())
