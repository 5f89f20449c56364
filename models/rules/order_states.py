"""The four statuses of an order: the commercial one is decided, the others are derived."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from models.rules.payment_states import PaymentKind, PaymentSums
from models.rules.transitions import OTHERWISE, Table
from models.rules.units import LineCounts


class OrderStatus(StrEnum):
    DRAFT = "DRAFT"
    AWAITING_APPROVAL = "AWAITING_APPROVAL"
    CONFIRMED = "CONFIRMED"
    ON_HOLD = "ON_HOLD"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"


class FulfillmentStatus(StrEnum):
    UNFULFILLED = "UNFULFILLED"
    BACKORDERED = "BACKORDERED"
    RESERVED = "RESERVED"
    PREPARING = "PREPARING"
    PARTLY_SHIPPED = "PARTLY_SHIPPED"
    SHIPPED = "SHIPPED"
    PARTLY_DELIVERED = "PARTLY_DELIVERED"
    DELIVERED = "DELIVERED"


class PaymentStatus(StrEnum):
    UNPAID = "UNPAID"
    AUTHORIZED = "AUTHORIZED"
    PARTLY_PAID = "PARTLY_PAID"
    PAID = "PAID"
    OVERPAID = "OVERPAID"
    PARTLY_REFUNDED = "PARTLY_REFUNDED"
    """Not assigned any more; filters may still name it."""
    REFUNDED = "REFUNDED"


class ReturnStatus(StrEnum):
    NONE = "NONE"
    REQUESTED = "REQUESTED"
    PARTLY_RETURNED = "PARTLY_RETURNED"
    RETURNED = "RETURNED"


class Milestone(StrEnum):
    PLACED = "PLACED"
    PROCESSING = "PROCESSING"
    SHIPPED = "SHIPPED"
    ARRIVED = "ARRIVED"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"


class OrderAction(StrEnum):
    EDIT = "EDIT"
    SUBMIT = "SUBMIT"
    APPROVE = "APPROVE"
    HOLD = "HOLD"
    RELEASE = "RELEASE"
    PREPARE = "PREPARE"
    SHIP = "SHIP"
    RECORD_PAYMENT = "RECORD_PAYMENT"
    REFUND = "REFUND"
    RETURN = "RETURN"
    CANCEL = "CANCEL"
    COMPLETE = "COMPLETE"


class OrderGuard(StrEnum):
    """A condition that decides which of several states a step leads to."""

    OVER_LIMIT = "over the credit limit"
    NOTHING_LEFT = "nothing left"


ORDER_TABLE: Final = Table(
    OrderStatus,
    # An order that is placed at once is a draft that is submitted at the same instant.
    frozenset({OrderStatus.DRAFT}),
    {
        (OrderStatus.DRAFT, OrderAction.EDIT): OrderStatus.DRAFT,
        (OrderStatus.DRAFT, OrderAction.SUBMIT): {
            OrderGuard.OVER_LIMIT: OrderStatus.AWAITING_APPROVAL,
            OTHERWISE: OrderStatus.CONFIRMED,
        },
        (OrderStatus.DRAFT, OrderAction.CANCEL): {
            OrderGuard.NOTHING_LEFT: OrderStatus.CANCELLED,
            OTHERWISE: OrderStatus.DRAFT,
        },
        (OrderStatus.AWAITING_APPROVAL, OrderAction.EDIT): OrderStatus.AWAITING_APPROVAL,
        (OrderStatus.AWAITING_APPROVAL, OrderAction.APPROVE): OrderStatus.CONFIRMED,
        (OrderStatus.AWAITING_APPROVAL, OrderAction.RECORD_PAYMENT): OrderStatus.AWAITING_APPROVAL,
        (OrderStatus.AWAITING_APPROVAL, OrderAction.REFUND): OrderStatus.AWAITING_APPROVAL,
        (OrderStatus.AWAITING_APPROVAL, OrderAction.CANCEL): {
            OrderGuard.NOTHING_LEFT: OrderStatus.CANCELLED,
            OTHERWISE: OrderStatus.AWAITING_APPROVAL,
        },
        (OrderStatus.CONFIRMED, OrderAction.EDIT): OrderStatus.CONFIRMED,
        (OrderStatus.CONFIRMED, OrderAction.HOLD): OrderStatus.ON_HOLD,
        (OrderStatus.CONFIRMED, OrderAction.PREPARE): OrderStatus.CONFIRMED,
        (OrderStatus.CONFIRMED, OrderAction.SHIP): OrderStatus.CONFIRMED,
        (OrderStatus.CONFIRMED, OrderAction.RECORD_PAYMENT): OrderStatus.CONFIRMED,
        (OrderStatus.CONFIRMED, OrderAction.REFUND): OrderStatus.CONFIRMED,
        (OrderStatus.CONFIRMED, OrderAction.RETURN): OrderStatus.CONFIRMED,
        (OrderStatus.CONFIRMED, OrderAction.CANCEL): {
            OrderGuard.NOTHING_LEFT: OrderStatus.CANCELLED,
            OTHERWISE: OrderStatus.CONFIRMED,
        },
        (OrderStatus.CONFIRMED, OrderAction.COMPLETE): OrderStatus.COMPLETED,
        (OrderStatus.ON_HOLD, OrderAction.EDIT): OrderStatus.ON_HOLD,
        (OrderStatus.ON_HOLD, OrderAction.RELEASE): OrderStatus.CONFIRMED,
        (OrderStatus.ON_HOLD, OrderAction.RECORD_PAYMENT): OrderStatus.ON_HOLD,
        (OrderStatus.ON_HOLD, OrderAction.REFUND): OrderStatus.ON_HOLD,
        (OrderStatus.ON_HOLD, OrderAction.RETURN): OrderStatus.ON_HOLD,
        (OrderStatus.ON_HOLD, OrderAction.CANCEL): {
            OrderGuard.NOTHING_LEFT: OrderStatus.CANCELLED,
            OTHERWISE: OrderStatus.ON_HOLD,
        },
        (OrderStatus.COMPLETED, OrderAction.RECORD_PAYMENT): OrderStatus.COMPLETED,
        (OrderStatus.COMPLETED, OrderAction.REFUND): OrderStatus.COMPLETED,
        (OrderStatus.COMPLETED, OrderAction.RETURN): OrderStatus.COMPLETED,
        (OrderStatus.CANCELLED, OrderAction.RECORD_PAYMENT): OrderStatus.CANCELLED,
        (OrderStatus.CANCELLED, OrderAction.REFUND): OrderStatus.CANCELLED,
    },
)


PAYING: Final = {
    PaymentKind.AUTHORIZATION: OrderAction.RECORD_PAYMENT,
    PaymentKind.CHARGE: OrderAction.RECORD_PAYMENT,
    PaymentKind.VOID: OrderAction.REFUND,
    PaymentKind.REFUND: OrderAction.REFUND,
}
"""The action of each kind of payment, for the transition table: money comes in, or goes out."""

OVER: Final = frozenset({OrderStatus.COMPLETED, OrderStatus.CANCELLED})
"""Nothing more is owed: an authorization can only be released."""


def takes_payment(status: OrderStatus, kind: PaymentKind, *, captures: bool) -> bool:
    """Whether an order in this status takes the payment; `captures`: it charges an authorization.

    Money that came in is recorded however late, to be refunded. But for a closed order nothing is
    authorized, and no authorization is charged.
    """
    if PAYING[kind] not in ORDER_TABLE.allowed(status):
        return False
    is_early = kind is PaymentKind.AUTHORIZATION or (kind is PaymentKind.CHARGE and captures)
    return not (is_early and status in OVER)


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """The facts that decide an order's next steps; amounts in minor units.

    `announced_units` are awaited by its returns. An order that was never placed, such as a
    cancelled draft, has nothing to pay.
    """

    status: OrderStatus
    lines: Sequence[LineCounts]
    paid_minor: int
    balance_minor: int
    announced_units: int = 0
    is_placed: bool = True


def units_of(lines: Sequence[LineCounts]) -> LineCounts:
    """The units of all lines together."""
    return LineCounts(*map(sum, zip(*lines, strict=True))) if lines else LineCounts(0)


def fulfillment_status(lines: Sequence[LineCounts]) -> FulfillmentStatus:
    """The goods' status, by the units that have come furthest, and by whether all have."""
    units = units_of(lines)
    if units.delivered:
        everything = units.delivered == units.wanted
        return FulfillmentStatus.DELIVERED if everything else FulfillmentStatus.PARTLY_DELIVERED
    if units.shipped:
        everything = units.shipped == units.wanted
        return FulfillmentStatus.SHIPPED if everything else FulfillmentStatus.PARTLY_SHIPPED
    if units.preparing:
        return FulfillmentStatus.PREPARING
    if units.backordered:
        return FulfillmentStatus.BACKORDERED
    everything = units.reserved == units.wanted > 0
    return FulfillmentStatus.RESERVED if everything else FulfillmentStatus.UNFULFILLED


def payment_status(owed_minor: int, sums: PaymentSums) -> PaymentStatus:
    """The money's status, by the seller's receipts and the cost of the order."""
    if sums.paid_minor > owed_minor:
        return PaymentStatus.OVERPAID
    if not owed_minor:
        return PaymentStatus.REFUNDED if sums.charged_minor else PaymentStatus.PAID
    if sums.paid_minor == owed_minor:
        return PaymentStatus.PAID
    if sums.paid_minor:
        return PaymentStatus.PARTLY_PAID
    return PaymentStatus.AUTHORIZED if sums.authorized_minor else PaymentStatus.UNPAID


def return_status(lines: Sequence[LineCounts], requested_units: int) -> ReturnStatus:
    """Whether units were returned, or are announced."""
    units = units_of(lines)
    if units.returned:
        everything = units.returned == units.shipped
        return ReturnStatus.RETURNED if everything else ReturnStatus.PARTLY_RETURNED
    return ReturnStatus.REQUESTED if requested_units else ReturnStatus.NONE


def credited_minor(returned: ReturnStatus, payments: PaymentSums) -> int:
    """The part of the total that is credited, in minor units: at most the total.

    Refunds first return overpayments. The rest is a credit if goods came back; otherwise it only
    takes a payment back, and the order is to be paid again.
    """
    granted_minor = min(payments.credited_minor, payments.total_minor)
    if returned not in (ReturnStatus.PARTLY_RETURNED, ReturnStatus.RETURNED):
        return granted_minor
    overpaid_minor = max(0, payments.charged_minor - payments.total_minor)
    return max(granted_minor, payments.refunded_minor - overpaid_minor)


def owed_minor(status: OrderStatus, returned: ReturnStatus, payments: PaymentSums) -> int:
    """The cost of the order for its customer, in minor units; 0 for a cancelled order.

    A return alone changes nothing: its refund does.
    """
    if status is OrderStatus.CANCELLED:
        return 0
    return payments.total_minor - credited_minor(returned, payments)


def balance_minor(status: OrderStatus, returned: ReturnStatus, payments: PaymentSums) -> int:
    """The unpaid amount in minor units; below zero: the seller owes it to the customer."""
    return owed_minor(status, returned, payments) - payments.paid_minor


def milestone(
    status: OrderStatus, fulfillment: FulfillmentStatus, has_shipment: bool
) -> Milestone | None:
    """An order's progress in one word, for its customer; None for a draft."""
    match status:
        case OrderStatus.DRAFT:
            return None
        case OrderStatus.CANCELLED:
            return Milestone.CANCELLED
        case OrderStatus.COMPLETED:
            return Milestone.COMPLETED
    match fulfillment:
        case FulfillmentStatus.DELIVERED:
            return Milestone.ARRIVED
        case (
            FulfillmentStatus.PARTLY_SHIPPED
            | FulfillmentStatus.SHIPPED
            | FulfillmentStatus.PARTLY_DELIVERED
        ):
            return Milestone.SHIPPED
    return Milestone.PROCESSING if has_shipment else Milestone.PLACED


def is_complete(lines: Sequence[LineCounts], balance_minor: int) -> bool:
    """Whether all wanted units have arrived or come back, and the customer owes nothing."""
    return balance_minor <= 0 and units_of(lines).wanted > 0 and all(map(_is_over, lines))


def _is_over(line: LineCounts) -> bool:
    """Whether no unit of the line is due: all have arrived, or all are back."""
    return line.wanted in (line.delivered, line.returned)


def order_actions(facts: OrderFacts) -> tuple[OrderAction, ...]:
    """The possible steps: those of the transition table for which there are units or amounts."""
    units = units_of(facts.lines)
    possible = {
        OrderAction.EDIT: units.inside > 0,
        OrderAction.PREPARE: units.reserved > units.preparing or units.open > 0,
        OrderAction.SHIP: units.reserved > 0 or units.open > 0,
        OrderAction.RECORD_PAYMENT: facts.is_placed,
        OrderAction.REFUND: facts.is_placed and facts.paid_minor > 0,
        OrderAction.RETURN: units.shipped - units.returned > facts.announced_units,
        OrderAction.CANCEL: units.inside > 0,
        OrderAction.COMPLETE: is_complete(facts.lines, facts.balance_minor),
    }
    return tuple(
        action for action in ORDER_TABLE.allowed(facts.status) if possible.get(action, True)
    )
