"""The steps of a demo order, by its plan.

Each is a generator: it yields the time until its next step, or None while it waits for goods.
"""

from collections.abc import Generator
from datetime import timedelta
from typing import Final

from models.rules.access import Actor
from models.rules.order_states import OrderAction
from models.rules.payment_states import PaymentKind
from models.rules.return_states import ReturnAction, ReturnState
from models.rules.shipment_states import ShipmentStatus
from services.aggregates.amounts import sums_of
from services.demo.case import Case, Consignment, GoodsReturn, OrderRun
from services.demo.goods_returns import conclude, receive, request_return
from services.demo.plans import Cancellation, Payment, Plan
from services.demo.words import NOTES, RETURN_REASONS

Part = Generator[timedelta | None, None, bool]
"""A part of an order's run; it returns whether the run continues after it."""

HOURS: Final[dict[ShipmentStatus, tuple[float, float]]] = {
    ShipmentStatus.PICKING: (1, 5),
    ShipmentStatus.PACKED: (0.5, 4),
    ShipmentStatus.SHIPPED: (1, 8),
    ShipmentStatus.IN_TRANSIT: (6, 20),
    ShipmentStatus.OUT_FOR_DELIVERY: (10, 30),
    ShipmentStatus.EXCEPTION: (2, 6),
    ShipmentStatus.DELIVERED: (2, 8),
}
"""The time since the step before, in hours: at least, at most."""

REPORT_PROBABILITY: Final = {
    ShipmentStatus.PICKING: 0.3,
    ShipmentStatus.PACKED: 0.6,
    ShipmentStatus.OUT_FOR_DELIVERY: 0.6,
}
"""The probability that a step is reported."""

DEPOSIT: Final = 0.3


def run_order(case: Case, plan: Plan, buyer: Actor) -> OrderRun:
    """The run of an order that is placed now, by `buyer`."""
    if not (yield from _begin(case, plan, buyer)):
        return
    yield from _pay_ahead(case, plan)
    if not (yield from _wait_to_be_packed(case, plan)):
        return
    if not (yield from _prepare_and_send(case, plan)):
        return
    if (yield from _settle(case, plan)) and plan.returned:
        yield from _return_goods(case, plan, plan.returned)


def _begin(case: Case, plan: Plan, buyer: Actor) -> Part:
    """Drafts or places the order, and approves it if the customer would owe too much."""
    dice = case.office.dice
    if plan.drafted:
        case.draft()
        if not plan.goes_on:
            return False
        yield dice.hours(2, 40)
        case.submit()
    else:
        case.place(buyer)
    if case.waits_for_approval():
        if not plan.goes_on:
            return False
        yield dice.hours(2, 40)
        if case.waits_for_approval():
            case.decide(OrderAction.APPROVE)
    return True


def _wait_to_be_packed(case: Case, plan: Plan) -> Part:
    """Adds notes, holds or cancels the order, until it can be packed."""
    dice = case.office.dice
    if plan.noted:
        yield dice.hours(1, 20)
        case.note(dice.one(NOTES))
    if plan.held:
        yield dice.hours(1, 6)
        case.decide(OrderAction.HOLD)
        if not plan.goes_on:
            return False
        yield dice.hours(12, 90)
        case.decide(OrderAction.RELEASE)
    if plan.cancelled is Cancellation.AT_ONCE:
        yield dice.hours(1, 12)
        yield from _call_off(case)
        return False
    if plan.cancelled is Cancellation.ONE_LINE and len(case.lines) > 1:
        yield dice.hours(0.5, 3)
        case.cancel([case.lines[-1]])
    return True


def _pay_ahead(case: Case, plan: Plan) -> OrderRun:
    """Payments before shipping."""
    dice = case.office.dice
    method = plan.payment.value
    match plan.payment:
        case Payment.CARD:
            yield dice.hours(0.01, 0.2)
            case.pay(PaymentKind.AUTHORIZATION, case.order.total_gross_minor, method)
        case Payment.PREPAID:
            yield dice.hours(5, 50)
            extra = dice.between(1, 20) * 100 if plan.overpaid else 0
            case.pay(PaymentKind.CHARGE, case.due + extra, method)
        case Payment.DEPOSIT:
            yield dice.hours(5, 50)
            case.pay(PaymentKind.CHARGE, max(1, int(case.due * DEPOSIT)), method)


def _call_off(case: Case) -> OrderRun:
    """Releases reservations, cancels unshipped units, and refunds the money."""
    reserved = case.last(PaymentKind.AUTHORIZATION)
    if reserved and (left := case.left(reserved)):
        case.pay(PaymentKind.VOID, left, reserved.method, reserved)
    case.cancel()
    yield case.office.dice.hours(1, 24)
    case.refund(sums_of(case.order).paid_minor)


def _prepare_and_send(case: Case, plan: Plan) -> Part:
    """Packs, ships and delivers the goods when they are available, in one or two shipments."""
    dice = case.office.dice
    if plan.reach is None:
        return False
    yield dice.hours(1, 14)
    if not plan.split:
        yield from _until_complete(case)
    first = case.prepare(0.5 if plan.split else 1)
    if plan.cancelled is Cancellation.WHILE_PACKING:
        yield dice.hours(1, 5)
        yield from _call_off(case)
        return False
    if not (yield from _send(case, plan, first)) or not plan.rest:
        return False
    yield from _until_complete(case)
    return (yield from _send(case, plan, case.prepare()))


def _until_complete(case: Case) -> OrderRun:
    while case.is_waiting:
        yield None


def _send(case: Case, plan: Plan, consignments: list[Consignment]) -> Part:
    """The steps of the shipments to the door, or as far as the plan says."""
    for status in _reported_steps(case, plan) if consignments else ():
        if plan.reach is ShipmentStatus.PENDING:
            return False
        yield case.office.dice.hours(*HOURS[status])
        for consignment in consignments:
            case.advance(consignment, status)
        if status is ShipmentStatus.SHIPPED and plan.payment is Payment.CARD:
            _capture(case, len(consignments))
        if status is plan.reach and status is not ShipmentStatus.DELIVERED:
            return False
    return True


def _reported_steps(case: Case, plan: Plan) -> list[ShipmentStatus]:
    """The reported steps: neither warehouses nor carriers report all."""
    dice = case.office.dice
    quiet = {
        status
        for status, probability in REPORT_PROBABILITY.items()
        if status is not plan.reach and not dice.happens(probability)
    }
    again = (ShipmentStatus.EXCEPTION, ShipmentStatus.OUT_FOR_DELIVERY) if plan.exception else ()
    every = (
        *(ShipmentStatus.PICKING, ShipmentStatus.PACKED, ShipmentStatus.SHIPPED),
        *(ShipmentStatus.IN_TRANSIT, ShipmentStatus.OUT_FOR_DELIVERY),
        *again,
        ShipmentStatus.DELIVERED,
    )
    return [status for status in every if status not in quiet]


def _capture(case: Case, shipments: int) -> None:
    """Captures the newly invoiced amount from the card."""
    billed = sum(each.net_minor + each.tax_minor for each in case.invoices[-shipments:])
    amount = min(billed, case.due)
    authorization = case.last(PaymentKind.AUTHORIZATION)
    if amount > 0 and authorization:
        case.pay(PaymentKind.CHARGE, amount, authorization.method, authorization)


def _settle(case: Case, plan: Plan) -> Part:
    """Payments after delivery; most customers pay."""
    if case.due > 0:
        if not plan.settled:
            return False
        days = case.buyer.customer.terms_days
        yield timedelta(days=case.office.dice.between(days // 3, days + 6))
        case.pay(PaymentKind.CHARGE, case.due, Payment.PREPAID.value)
    return True


def _return_goods(case: Case, plan: Plan, state: ReturnState) -> OrderRun:
    """A return of some units, and its refund."""
    dice = case.office.dice
    yield dice.hours(24, 240)
    goods_return = request_return(case, plan.share, dice.one(RETURN_REASONS))
    if state is ReturnState.REQUESTED:
        return
    yield dice.hours(24, 160)
    if state in (ReturnState.REJECTED, ReturnState.CANCELLED):
        refused = state is ReturnState.REJECTED
        conclude(case, goods_return, ReturnAction.REJECT if refused else ReturnAction.CANCEL)
        return
    receive(case, goods_return, partly=state is ReturnState.PARTLY_RECEIVED)
    yield dice.hours(2, 60)
    case.refund(_worth_of(case, goods_return))


def _worth_of(case: Case, goods_return: GoodsReturn) -> int:
    """The paid amount of the returned units, in minor units; the whole payment for all of them."""
    paid = sums_of(case.order).paid_minor
    if all(line.returned == line.shipped for line in case.lines):
        return paid
    worth = 0
    for row in goods_return.lines.values():
        line = case.by_id[row.order_line_id]
        kept_units = line.quantity - line.cancelled
        worth += (line.net_minor + line.tax_minor) * row.received // kept_units
    return min(worth, paid)
