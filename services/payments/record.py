"""Records payments of orders."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from models.orders import Order
from models.payments import Payment
from models.rules.access import Permission
from models.rules.errors import duplicate, invalid, not_found, required
from models.rules.events import EventKind
from models.rules.order_states import ORDER_TABLE, PAYING, takes_payment
from models.rules.payment_states import FOLLOWS, PaymentKind, check_payment
from models.rules.text import clean, key
from services.aggregates import order_status
from services.aggregates.amounts import sums_of
from services.aggregates.billing import count_payment, payment_of
from services.aggregates.lines import lines_of
from services.aggregates.orders import facts, lock_order, not_possible, settle
from services.use_case import use_case
from services.work.inputs import amount
from services.work.work import Work


@dataclass(frozen=True)
class RecordPayment:
    """A payment of an order, a decimal in the order's currency.

    `payment_id` is the authorization that a charge captures or a void releases, or the charge that
    a refund returns.
    """

    order_id: UUID
    kind: PaymentKind
    amount: Decimal
    method: str
    reference: str | None = None
    payment_id: UUID | None = None
    at: datetime | None = None
    allow_duplicate: bool = False


@use_case(Permission.PAYMENTS_WRITE)
async def record_payment(work: Work, command: RecordPayment) -> Order:
    """The order with the payment, and its payment status derived anew.

    Raises:
        Refused: an unknown order or payment, an amount that is not above zero, a refund above the
            charges, a void or a capture above the authorized amount, more than the unused part of
            the payment referred to, a payment that cannot refer to that one, a time in the future
            or more than a year before the order; DUPLICATE: one of its kind, method and reference.
        IllegalTransition: the order's status takes no such payment: a draft none, and a completed
            or cancelled order no authorization and no capture of one.
    """
    order = await lock_order(work, command.order_id, "orderId")
    lines = await lines_of(work, order)
    captures = command.payment_id is not None
    never_placed = order.placed_at is None  # a draft, possibly cancelled
    if never_placed or not takes_payment(order.status, command.kind, captures=captures):
        raise await not_possible(work, order, lines, _attempted(order, command.kind))
    payment = await _payment(work, order, command)
    before = facts(order)
    data = count_payment(order, payment)
    order_status.step(order, PAYING[payment.kind])
    await work.insert([payment])
    await settle(work, order, lines, before, EventKind.PAYMENT_RECORDED, data)
    return order


def _attempted(order: Order, kind: PaymentKind) -> str:
    """The refused step: the action, or the kind of payment if only that is refused."""
    action = PAYING[kind]
    if action not in ORDER_TABLE.allowed(order.status):
        return action
    return "CAPTURE" if kind is PaymentKind.CHARGE else kind


async def _payment(work: Work, order: Order, command: RecordPayment) -> Payment:
    """The payment, checked but not stored."""
    minor = amount(command.amount, order.currency, "amount")
    left = await _left(work, order, command)
    try:
        check_payment(sums_of(order), command.kind, minor, left)
    except ValueError as error:
        raise invalid(str(error), "amount") from None
    method = clean(command.method)
    if not method:
        raise required("How was it paid?", "method")
    reference = key(command.reference) if command.reference else None
    for text, limit, field in ((method, 64, "method"), (reference, 200, "reference")):
        if len(text or "") > limit:
            raise invalid(f"At most {limit} characters.", field)
    if command.at and command.at > work.now:
        raise invalid("What is recorded has happened: no time in the future.", "at")
    if command.at and command.at < _year_before(order.sorted_at):
        raise invalid("That is more than a year before the order was placed.", "at")
    if reference and not command.allow_duplicate:
        await _refuse_duplicate(work, order, command.kind, method, reference)
    return payment_of(
        work,
        order,
        command.kind,
        minor,
        method,
        reference=reference,
        earlier_id=command.payment_id,
        at=command.at,
    )


def _year_before(at: datetime) -> datetime:
    """The same day and time a year before; the 28th for a 29 February."""
    day = min(at.day, 28) if at.month == 2 else at.day
    return at.replace(year=at.year - 1, day=day)


async def _refuse_duplicate(
    work: Work, order: Order, kind: PaymentKind, method: str, reference: str
) -> None:
    # unscoped: a reference is unique among all payments of the order
    rows = Payment.filter(order_id=order.id, kind=kind, method=method, reference=reference)
    if await rows.using_db(work.connection).exists():
        raise duplicate("The order has such a payment already.", "reference")


async def _left(work: Work, order: Order, command: RecordPayment) -> int | None:
    """The unused part of the payment referred to, in minor units; None without one."""
    if command.payment_id is None:
        return None
    earlier = await work.rows(Payment).get_or_none(id=command.payment_id, order_id=order.id)
    if earlier is None:
        raise not_found("The order has no such payment.", "paymentId")
    if FOLLOWS.get(command.kind) is not earlier.kind:
        raise invalid(f"{command.kind} does not follow {earlier.kind}.", "paymentId")
    # unscoped: what all payments took of one that the actor sees
    rows = Payment.filter(order_id=order.id, payment_id=earlier.id).using_db(work.connection)
    taken = sum(each.amount_minor for each in await rows)
    left: int = earlier.amount_minor - taken
    return left
