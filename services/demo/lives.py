"""An order's life, step by step, as its plan says.

Each is a generator: it yields how long until its next step, or None while it waits for goods, and
is sent the instant at which it goes on.
"""

from collections.abc import Generator
from datetime import datetime, timedelta
from typing import Final

from models.rules.access import Actor
from models.rules.order_states import OrderAction, OrderStatus
from models.rules.payment_states import PaymentKind
from models.rules.return_states import ReturnAction, ReturnState
from models.rules.shipment_states import ShipmentStatus
from services.aggregates.amounts import sums_of
from services.demo.case import Case, Comeback, Consignment, Story
from services.demo.dealing import (
    cancel,
    conclude,
    decide,
    due,
    give_back,
    last,
    left,
    note,
    pay,
    receive,
    request_return,
)
from services.demo.handling import advance, prepare
from services.demo.journal import SALES
from services.demo.plans import Cancellation, Payment, Plan
from services.demo.words import NOTES, RETURN_REASONS

Part = Generator[timedelta | None, datetime, datetime | None]
"""A part of a life; it returns when the next may begin, or None where the life goes no further."""

HOURS: Final[dict[ShipmentStatus, tuple[float, float]]] = {
    ShipmentStatus.PICKING: (1, 5),
    ShipmentStatus.PACKED: (0.5, 4),
    ShipmentStatus.SHIPPED: (1, 8),
    ShipmentStatus.IN_TRANSIT: (6, 20),
    ShipmentStatus.OUT_FOR_DELIVERY: (10, 30),
    ShipmentStatus.EXCEPTION: (2, 6),
    ShipmentStatus.DELIVERED: (2, 8),
}
"""How long after the step before."""

SELDOM_TOLD: Final = {
    ShipmentStatus.PICKING: 0.3,
    ShipmentStatus.PACKED: 0.6,
    ShipmentStatus.OUT_FOR_DELIVERY: 0.6,
}
"""How probable it is that somebody tells of the step."""

DEPOSIT: Final = 0.3


def live(case: Case, plan: Plan, buyer: Actor, at: datetime) -> Story:
    """The whole life of an order that comes in now, `buyer` being who ordered."""
    begun = yield from _begin(case, plan, buyer, at)
    if begun is None:
        return
    packed = yield from _prepare_and_send(case, plan, begun)
    if packed is None:
        return
    settled = yield from _settle(case, plan, packed)
    if settled is not None and plan.returned:
        yield from _come_back(case, plan, plan.returned, settled)


def _begin(case: Case, plan: Plan, buyer: Actor, at: datetime) -> Part:
    """Drafted, approved, held, paid for in advance or called off, until it can be packed."""
    dice = case.office.dice
    if plan.begins is OrderStatus.DRAFT:
        case.draft(at, SALES)
    else:
        case.place(at, buyer, plan.begins)
    if plan.begins is not OrderStatus.CONFIRMED:
        if not plan.goes_on:
            return None
        at = yield dice.hours(2, 40)
        is_draft = plan.begins is OrderStatus.DRAFT
        decide(case, OrderAction.SUBMIT if is_draft else OrderAction.APPROVE, at)
    at = yield from _pay_ahead(case, plan, at)
    if plan.noted:
        at = yield dice.hours(1, 20)
        note(case, dice.one(NOTES), at)
    if plan.held:
        at = yield dice.hours(1, 6)
        decide(case, OrderAction.HOLD, at)
        if not plan.goes_on:
            return None
        at = yield dice.hours(12, 90)
        decide(case, OrderAction.RELEASE, at)
    if plan.cancelled is Cancellation.AT_ONCE:
        at = yield dice.hours(1, 12)
        yield from _call_off(case, at)
        return None
    if plan.cancelled is Cancellation.ONE_LINE and len(case.lines) > 1:
        at = yield dice.hours(0.5, 3)
        cancel(case, at, [case.lines[-1]])
    return at


def _pay_ahead(
    case: Case, plan: Plan, at: datetime
) -> Generator[timedelta | None, datetime, datetime]:
    """The money that comes before the goods go."""
    dice = case.office.dice
    method = plan.payment.value
    match plan.payment:
        case Payment.CARD:
            at = yield dice.hours(0.01, 0.2)
            pay(case, PaymentKind.AUTHORIZATION, case.order.total_gross_minor, method, at)
        case Payment.PREPAID:
            at = yield dice.hours(5, 50)
            extra = dice.between(1, 20) * 100 if plan.overpaid else 0
            pay(case, PaymentKind.CHARGE, due(case) + extra, method, at)
        case Payment.DEPOSIT:
            at = yield dice.hours(5, 50)
            part = max(1, int(due(case) * DEPOSIT))
            pay(case, PaymentKind.CHARGE, part, method, at)
    return at


def _call_off(case: Case, at: datetime) -> Generator[timedelta | None, datetime, None]:
    """Release what is set aside, cancel what has not left, and give the money back."""
    reserved = last(case, PaymentKind.AUTHORIZATION)
    if reserved and left(case, reserved):
        pay(case, PaymentKind.VOID, left(case, reserved), reserved.method, at, reserved)
    cancel(case, at)
    at = yield case.office.dice.hours(1, 24)
    give_back(case, sums_of(case.order).paid_minor, at)


def _prepare_and_send(case: Case, plan: Plan, at: datetime) -> Part:
    """Packed, shipped and delivered, in one go or two, when the goods are there."""
    dice = case.office.dice
    if plan.reach is None:
        return None
    at = yield dice.hours(1, 14)
    if not plan.split:
        at = yield from _until_complete(case, at)
    first = prepare(case, at, 0.5 if plan.split else 1)
    if plan.cancelled is Cancellation.WHILE_PACKING:
        at = yield dice.hours(1, 5)
        yield from _call_off(case, at)
        return None
    sent = yield from _send(case, plan, first, at)
    if sent is None or not plan.rest:
        return None
    at = yield from _until_complete(case, sent)
    return (yield from _send(case, plan, prepare(case, at), at))


def _until_complete(case: Case, at: datetime) -> Generator[timedelta | None, datetime, datetime]:
    while case.is_waiting:
        at = yield None
    return at


def _send(case: Case, plan: Plan, consignments: list[Consignment], at: datetime) -> Part:
    """The shipments' way to the door, or as far as the plan lets them get."""
    if not consignments:
        return at
    for status in _way(case, plan):
        if plan.reach is ShipmentStatus.PENDING:
            return None
        at = yield case.office.dice.hours(*HOURS[status])
        for consignment in consignments:
            advance(case, consignment, status, at)
        if status is ShipmentStatus.SHIPPED and plan.payment is Payment.CARD:
            _capture(case, len(consignments), at)
        if status is plan.reach and status is not ShipmentStatus.DELIVERED:
            return None
    return at


def _way(case: Case, plan: Plan) -> list[ShipmentStatus]:
    """The steps that somebody tells of. Neither warehouses nor carriers tell of all."""
    dice = case.office.dice
    quiet = {
        status
        for status, probability in SELDOM_TOLD.items()
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


def _capture(case: Case, shipments: int, at: datetime) -> None:
    """Charge the card with what has just been invoiced."""
    billed = sum(each.net_minor + each.tax_minor for each in case.invoices[-shipments:])
    amount = min(billed, due(case))
    authorization = last(case, PaymentKind.AUTHORIZATION)
    if amount > 0 and authorization:
        pay(case, PaymentKind.CHARGE, amount, authorization.method, at, authorization)


def _settle(case: Case, plan: Plan, at: datetime) -> Part:
    """What is still owed after the delivery is paid, by most."""
    if due(case) > 0:
        if not plan.settled:
            return None
        days = case.customer.terms_days
        at = yield timedelta(days=case.office.dice.between(days // 3, days + 6))
        pay(case, PaymentKind.CHARGE, due(case), Payment.PREPAID.value, at)
    return at


def _come_back(
    case: Case, plan: Plan, state: ReturnState, at: datetime
) -> Generator[timedelta | None, datetime, None]:
    """Some of it comes back, and the money for it goes back."""
    dice = case.office.dice
    at = yield dice.hours(24, 240)
    comeback = request_return(case, plan.share, at, dice.one(RETURN_REASONS))
    if state is ReturnState.REQUESTED:
        return
    at = yield dice.hours(24, 160)
    if state in (ReturnState.REJECTED, ReturnState.CANCELLED):
        refused = state is ReturnState.REJECTED
        conclude(case, comeback, ReturnAction.REJECT if refused else ReturnAction.CANCEL, at)
        return
    receive(case, comeback, at, partly=state is ReturnState.PARTLY_RECEIVED)
    at = yield dice.hours(2, 60)
    give_back(case, _worth_of(case, comeback), at)


def _worth_of(case: Case, comeback: Comeback) -> int:
    """What was paid for the units that came back, in minor units; all of it for all of them."""
    paid = sums_of(case.order).paid_minor
    if all(line.returned == line.shipped for line in case.lines):
        return paid
    worth = 0
    for row in comeback.lines:
        line = case.line(row.order_line_id)
        kept_units = line.quantity - line.cancelled
        worth += (line.net_minor + line.tax_minor) * row.received // kept_units
    return min(worth, paid)
