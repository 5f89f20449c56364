"""Decisions, money and returns of the demo's orders."""

from collections import Counter
from datetime import datetime
from uuid import UUID

from models.fulfillment import Return, ReturnLine
from models.orders import OrderLine
from models.payments import Payment
from models.rules.access import Actor
from models.rules.events import EventKind
from models.rules.numbering import NumberKind
from models.rules.order_states import PAYING, OrderAction, OrderGuard
from models.rules.payment_states import PaymentKind, check_payment
from models.rules.return_states import (
    MOVEMENTS,
    RETURN_TABLE,
    Disposition,
    ReturnAction,
    ReturnState,
    after_receipt,
    share_out,
)
from models.rules.shipment_states import ShipmentStatus, has_left
from services.aggregates import order_status
from services.aggregates.amounts import sum_up, sums_of, totals_of
from services.aggregates.billing import count_payment
from services.aggregates.orders import facts
from services.demo.case import Case, Comeback
from services.demo.handling import advance
from services.demo.journal import FINANCE, SALES, SUPPORT, WAREHOUSE
from services.demo.rows import made


def decide(case: Case, action: OrderAction, at: datetime, actor: Actor = SALES) -> None:
    """SUBMIT, APPROVE, HOLD or RELEASE the order."""
    before = facts(case.order)
    order_status.step(case.order, action)
    if action is OrderAction.SUBMIT:
        case.promise(at, actor)
        case.order.placed_at = case.order.sorted_at = at
    case.settle(at, actor, before, {"action": action.value})


def cancel(case: Case, at: datetime, lines: list[OrderLine] | None = None) -> None:
    """Cancel what has not left of some lines, or of all, and free what was promised to them."""
    before = facts(case.order)
    chosen = case.lines if lines is None else lines
    for consignment in case.consignments:
        inside = consignment.shipment.status is not ShipmentStatus.CANCELLED and not has_left(
            consignment.shipment.status
        )
        if inside and any(line.id in consignment.units for line in chosen):
            advance(case, consignment, ShipmentStatus.CANCELLED, at)
            before = facts(case.order)
    for line in chosen:
        units = line.quantity - line.shipped - line.cancelled
        line.backordered = 0
        if line.reserved:
            case.release(line, line.reserved, at, SUPPORT, "the customer changed their mind")
        line.cancelled += units
    if all(line.cancelled == line.quantity for line in case.lines):
        order_status.step(case.order, OrderAction.CANCEL, OrderGuard.NOTHING_LEFT)
    else:
        for line in case.lines:
            totals = totals_of(line, case.order.rounding)
            line.net_minor, line.tax_minor = totals.net_minor, totals.tax_minor
            line.discount_minor = totals.discount_minor
        sum_up(case.order, case.lines, case.office.numbers.policy.currency)
    case.settle(at, SUPPORT, before, {"action": OrderAction.CANCEL.value})


def note(case: Case, text: str, at: datetime) -> None:
    """Note something on the order."""
    order = case.order
    order.note = f"{order.note}\n{text}" if order.note else text
    order.updated_at = at
    data = {"field": "note"}
    case.office.journal.record(at, SUPPORT, order, EventKind.NOTE_ADDED, data, order=order)


def pay(
    case: Case,
    kind: PaymentKind,
    amount_minor: int,
    method: str,
    at: datetime,
    earlier: Payment | None = None,
) -> Payment:
    """Record a payment; `earlier` is the one that it captures, releases or gives back.

    Raises:
        ImpossiblePayment: the payments so far do not allow it.
        NotAllowed: nor does the order's status.
    """
    order, dice = case.order, case.office.dice
    order_status.step(order, PAYING[kind])
    check_payment(sums_of(order), kind, amount_minor, left(case, earlier) if earlier else None)
    before = facts(order)
    payment = made(
        Payment,
        id=dice.id_at(at),
        order_id=order.id,
        kind=kind,
        amount_minor=amount_minor,
        currency=order.currency,
        method=method,
        reference=f"{method[:2].upper()}-{dice.between(10**7, 10**8 - 1)}",
        payment_id=earlier.id if earlier else None,
        at=at,
        created_at=at,
        actor_kind=FINANCE.kind,
        actor_id=FINANCE.id,
        actor_name=FINANCE.name,
    )
    data = count_payment(order, payment)
    case.payments.append(payment)
    case.settle(at, FINANCE, before, data, EventKind.PAYMENT_RECORDED)
    return payment


def give_back(case: Case, amount_minor: int, at: datetime) -> None:
    """Refund an amount by the way that it came, the latest charge first."""
    for charge in [each for each in reversed(case.payments) if each.kind is PaymentKind.CHARGE]:
        refunded = min(amount_minor, left(case, charge))
        if refunded:
            pay(case, PaymentKind.REFUND, refunded, charge.method, at, charge)
            amount_minor -= refunded


def left(case: Case, payment: Payment) -> int:
    """What no other payment took of this one, in minor units."""
    taken = sum(each.amount_minor for each in case.payments if each.payment_id == payment.id)
    amount_left: int = payment.amount_minor - taken
    return amount_left


def due(case: Case) -> int:
    """What is still to be paid, in minor units; below zero where too much was."""
    unpaid: int = case.order.total_gross_minor - sums_of(case.order).paid_minor
    return unpaid


def last(case: Case, kind: PaymentKind) -> Payment | None:
    """The latest payment of a kind."""
    return next((each for each in reversed(case.payments) if each.kind is kind), None)


def request_return(case: Case, share: float, at: datetime, reason: str) -> Comeback:
    """The customer announces that a share of what arrived comes back."""
    order, dice = case.order, case.office.dice
    before = facts(order)
    request = Return(
        id=dice.id_at(at),
        number=case.office.numbers.of_order(NumberKind.RETURN, order, len(case.comebacks), at),
        order_id=order.id,
        status=ReturnState.REQUESTED,
        reason=reason,
        created_at=at,
        updated_at=at,
        version=0,
    )
    lines = [
        ReturnLine(
            id=dice.id_at(at),
            return_request_id=request.id,
            order_line_id=line.id,
            quantity=max(1, int(line.delivered * share)),
        )
        for line in case.lines
        if line.delivered
    ]
    comeback = Comeback(request, lines if share == 1 else lines[:1])
    case.comebacks.append(comeback)
    _tell(case, comeback, at, SUPPORT)
    case.settle(at, SUPPORT, before)
    return comeback


def conclude(case: Case, comeback: Comeback, action: ReturnAction, at: datetime) -> None:
    """REJECT or CANCEL a return that nothing of has arrived."""
    before = facts(case.order)
    _move_on(comeback, RETURN_TABLE.next(comeback.request.status, action), at)
    _tell(case, comeback, at, SUPPORT)
    case.settle(at, SUPPORT, before)


def receive(case: Case, comeback: Comeback, at: datetime, *, partly: bool = False) -> None:
    """Goods of a return arrive and are put on the shelf, aside, or away."""
    before = facts(case.order)
    for row in comeback.lines:
        open_units = row.quantity - row.received
        units = max(1, open_units // 2) if partly else open_units
        if units:
            row.disposition = case.office.dice.weighted(
                [(Disposition.RESTOCK, 7), (Disposition.QUARANTINE, 2), (Disposition.SCRAP, 1)]
            )
            row.received += units
            _put_away(case, comeback, row, units, at)
    units_left = sum(row.quantity - row.received for row in comeback.lines)
    _move_on(comeback, after_receipt(comeback.request.status, units_left), at)
    _tell(case, comeback, at, WAREHOUSE)
    case.settle(at, WAREHOUSE, before)


def _put_away(case: Case, comeback: Comeback, row: ReturnLine, units: int, at: datetime) -> None:
    """Back into the warehouses that the units were shipped from."""
    stockroom, line = case.office.stockroom, case.line(row.order_line_id)
    if line.product_id is None:
        raise ValueError("a line without a product was never shipped")
    line.returned += units
    kinds = MOVEMENTS[row.disposition] if row.disposition else ()
    rooms: Counter[UUID] = Counter()
    for each in case.consignments:
        if has_left(each.shipment.status):
            rooms[each.shipment.warehouse_id] += each.units.get(line.id, 0)
    rooms.subtract(case.back[line.id])
    items = sorted(
        stockroom.by_product[line.product_id],
        key=lambda each: stockroom.priorities[each.warehouse_id],
    )
    shares = share_out(units, {each.warehouse_id: rooms[each.warehouse_id] for each in items})
    for item in items if kinds else ():
        if some := shares.get(item.warehouse_id):
            case.back[line.id][item.warehouse_id] += some
            for kind in kinds:
                stockroom.move(at, WAREHOUSE, item, kind, some, comeback.request.number, line)


def _move_on(comeback: Comeback, status: ReturnState, at: datetime) -> None:
    comeback.request.status = status
    comeback.request.version += 1
    comeback.request.updated_at = at


def _tell(case: Case, comeback: Comeback, at: datetime, actor: Actor) -> None:
    request = comeback.request
    lines = [
        {"lineId": row.order_line_id.hex, "quantity": row.received or row.quantity}
        | ({"disposition": row.disposition.value} if row.disposition else {})
        for row in comeback.lines
    ]
    data = {"status": request.status, "number": request.number, "lines": lines}
    kind = EventKind.RETURN_UPDATED
    case.office.journal.record(at, actor, request, kind, data, order=case.order)
