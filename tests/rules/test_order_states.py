"""An order's four axes: the decided one by its table, the others by counting."""

import pytest

from models.rules.order_states import (
    ORDER_TABLE,
    FulfillmentStatus,
    Milestone,
    OrderAction,
    OrderFacts,
    OrderGuard,
    OrderStatus,
    PaymentStatus,
    ReturnStatus,
    balance_minor,
    credited_minor,
    fulfillment_status,
    is_complete,
    milestone,
    order_actions,
    owed_minor,
    payment_status,
    return_status,
)
from models.rules.payment_states import PaymentSums
from models.rules.units import LineCounts

TABLE = {
    "DRAFT": "EDIT SUBMIT>CONFIRMED CANCEL",
    "AWAITING_APPROVAL": "EDIT APPROVE>CONFIRMED RECORD_PAYMENT REFUND CANCEL",
    "CONFIRMED": (
        "EDIT HOLD>ON_HOLD PREPARE SHIP RECORD_PAYMENT REFUND RETURN CANCEL COMPLETE>COMPLETED"
    ),
    "ON_HOLD": "EDIT RELEASE>CONFIRMED RECORD_PAYMENT REFUND RETURN CANCEL",
    "COMPLETED": "RECORD_PAYMENT REFUND RETURN",
    "CANCELLED": "RECORD_PAYMENT REFUND",
}
"""Each status with its actions, and where those lead that lead elsewhere."""


GUARDED = {
    OrderGuard.NOTHING_LEFT: {
        (status, "CANCEL"): "CANCELLED"
        for status in ("DRAFT", "AWAITING_APPROVAL", "CONFIRMED", "ON_HOLD")
    },
    OrderGuard.OVER_LIMIT: {("DRAFT", "SUBMIT"): "AWAITING_APPROVAL"},
}
"""Where steps lead with each guard that lead elsewhere without."""


@pytest.mark.parametrize("guard", OrderGuard)
def test_a_guard_decides_about_its_steps_alone(guard: OrderGuard) -> None:
    decided = {
        (status, action): ORDER_TABLE.next(status, action, {guard})
        for status, action in ORDER_TABLE.moves
        if ORDER_TABLE.next(status, action, {guard}) is not ORDER_TABLE.next(status, action)
    }
    assert decided == {
        (OrderStatus(status), OrderAction(action)): OrderStatus(end)
        for (status, action), end in GUARDED[guard].items()
    }


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
    ("owed", "authorized", "charged", "refunded", "status"),
    [
        (100, 0, 0, 0, "UNPAID"),
        (100, 100, 0, 0, "AUTHORIZED"),
        (100, 1, 0, 0, "AUTHORIZED"),
        (100, 99, 1, 0, "PARTLY_PAID"),
        (100, 0, 99, 0, "PARTLY_PAID"),
        (100, 0, 100, 0, "PAID"),
        (100, 0, 101, 0, "OVERPAID"),
        (100, 0, 100, 1, "PARTLY_PAID"),  # the payment was taken back, and is still to be made
        (100, 0, 150, 50, "PAID"),
        (100, 0, 150, 51, "PARTLY_PAID"),
        (100, 0, 100, 100, "UNPAID"),
        (100, 5, 100, 100, "AUTHORIZED"),
        (70, 0, 100, 30, "PAID"),  # 30 of it were credited
        (70, 0, 100, 0, "OVERPAID"),
        (0, 0, 0, 0, "PAID"),
        (0, 100, 0, 0, "PAID"),
        (0, 0, 1, 0, "OVERPAID"),
        (0, 0, 100, 99, "OVERPAID"),
        (0, 0, 100, 100, "REFUNDED"),
    ],
)
def test_how_far_the_money_is(
    owed: int, authorized: int, charged: int, refunded: int, status: str
) -> None:
    sums = PaymentSums(100, authorized, charged, refunded)
    assert payment_status(owed, sums) is PaymentStatus(status)


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


@pytest.mark.parametrize(
    ("granted", "returned", "charged", "refunded", "owed"),
    [
        (30, "NONE", 0, 0, 70),
        (100, "NONE", 100, 100, 0),
        (130, "NONE", 0, 0, 0),
        (30, "RETURNED", 100, 20, 70),  # the greater of both, and not both
        (30, "RETURNED", 100, 60, 40),
    ],
)
def test_what_is_not_asked_for_whatever_came_back(
    granted: int, returned: str, charged: int, refunded: int, owed: int
) -> None:
    sums = PaymentSums(100, 0, charged, refunded, granted)
    assert owed_minor(OrderStatus.CONFIRMED, ReturnStatus(returned), sums) == owed
    assert owed_minor(OrderStatus.CANCELLED, ReturnStatus(returned), sums) == 0


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
    ("lines", "balance", "complete"),
    [
        ([LineCounts(2, shipped=2, delivered=2)], 0, True),
        ([LineCounts(2, shipped=2, delivered=2)], -1, True),
        ([LineCounts(2, shipped=1, delivered=1, cancelled=1)], 0, True),
        ([LineCounts(2, shipped=2, delivered=2)], 1, False),
        ([LineCounts(2, shipped=2, delivered=1)], 0, False),
        ([LineCounts(2, cancelled=2)], 0, False),
        ([LineCounts(2, shipped=2, returned=2)], 0, True),  # the carrier brought it back
        ([LineCounts(2, shipped=2, returned=2)], 1, False),
        ([LineCounts(2, shipped=2, delivered=1, returned=1)], 0, False),  # it may be the same one
        ([LineCounts(2, shipped=2, delivered=2), LineCounts(1, shipped=1)], 0, False),
        ([LineCounts(2, shipped=2, delivered=2), LineCounts(1, shipped=1, returned=1)], 0, True),
        ([LineCounts(2, shipped=2, delivered=2), LineCounts(1, cancelled=1)], 0, True),
        ([], 0, False),
    ],
)
def test_an_order_is_complete_once_nothing_is_to_come_and_nothing_is_owed(
    lines: list[LineCounts], balance: int, complete: bool
) -> None:
    assert is_complete(lines, balance) is complete


@pytest.mark.parametrize(("announced", "offered"), [(0, True), (1, True), (2, False)])
def test_a_return_is_offered_while_units_are_left_to_announce(
    announced: int, offered: bool
) -> None:
    line = LineCounts(4, shipped=3, returned=1)
    facts = OrderFacts(OrderStatus.COMPLETED, [line], 0, 100, announced)
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
    facts = OrderFacts(OrderStatus(status), [line], charged, balance_minor=100 - charged)
    possible = order_actions(facts)
    assert possible == tuple(OrderAction(name) for name in actions.split())


@pytest.mark.parametrize("status", OrderStatus)
@pytest.mark.parametrize("is_placed", [True, False])
def test_what_was_never_placed_is_not_paid(status: OrderStatus, is_placed: bool) -> None:
    """Every pair of status and action, where there is something to act on."""
    whole = {
        OrderAction.PREPARE: LineCounts(2, reserved=2),
        OrderAction.COMPLETE: LineCounts(2, shipped=2, delivered=2),
        OrderAction.RETURN: LineCounts(2, shipped=2),
    }
    for action in OrderAction:
        line = whole.get(action, LineCounts(2, reserved=2))
        facts = OrderFacts(status, [line], 100, 0, is_placed=is_placed)
        paying = action in (OrderAction.RECORD_PAYMENT, OrderAction.REFUND)
        due = (status, action) in ORDER_TABLE.moves and (is_placed or not paying)
        assert (action in order_actions(facts)) is due, action
