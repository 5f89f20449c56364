"""Invoices, issued when a shipment leaves and numbered without a gap, and payments."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from models.customers import Customer
from models.fulfillment import Shipment
from models.orders import Order, OrderLine
from models.payments import Invoice, Payment
from models.rules.freight import RatePart, sum_by_rate
from models.rules.numbering import NumberKind
from models.rules.payment_states import PaymentKind
from models.rules.pricing import LinePrice, LineTotals, price_line
from services.aggregates.amounts import parts_of, stored
from services.storage.rows import fresh
from services.work import numbering
from services.work.work import Work


async def issue(
    work: Work, order: Order, shipment: Shipment, units: dict[UUID, int], lines: list[OrderLine]
) -> Invoice:
    """The invoice of a shipment of `units` by line, which the lines count as shipped."""
    # unscoped: the first of all invoices of the order bills its freight
    is_first = not await Invoice.filter(order_id=order.id).using_db(work.connection).exists()
    # unscoped: the order's own customer has the terms
    customer = await Customer.get(id=order.customer_id, using_db=work.connection)
    pattern = work.policy.invoice_number_pattern
    number = await numbering.gapless(
        work.connection, NumberKind.INVOICE, pattern, work.today, order.channel
    )
    worth = worth_of(order, units, lines, is_first=is_first)
    invoice = invoice_of(work, order, shipment, number, worth, customer.terms_days)
    await work.insert([invoice])
    return invoice


def invoice_of(
    work: Work,
    order: Order,
    shipment: Shipment,
    number: str,
    worth: Sequence[RatePart],
    terms_days: int,
) -> Invoice:
    """The invoice of a shipment with these amounts, issued now. It is not saved here."""
    return fresh(
        Invoice,
        number=number,
        order_id=order.id,
        shipment_id=shipment.id,
        currency=order.currency,
        net_minor=sum(part.net_minor for part in worth),
        tax_minor=sum(part.tax_minor for part in worth),
        taxes=stored(worth),
        issued_at=work.now,
        due_at=work.now + timedelta(days=terms_days),
    )


def worth_of(
    order: Order, units: dict[UUID, int], lines: list[OrderLine], *, is_first: bool
) -> list[RatePart]:
    """The amounts of units that have just left, by tax rate; freight is on the first invoice.

    They cost the difference that they make to the price of all shipped units. So an order's
    invoices always add up to exactly the shipped units, rounded once, for any split.
    """
    parts = parts_of(order) if is_first else []
    for line in lines:
        if line.id in units:
            now = _price(order, line, line.shipped)
            before = _price(order, line, line.shipped - units[line.id])
            net_minor = now.net_minor - before.net_minor
            parts.append(RatePart(line.tax_rate, net_minor, now.tax_minor - before.tax_minor))
    return sum_by_rate(parts)


def _price(order: Order, line: OrderLine, units: int) -> LineTotals:
    return price_line(
        LinePrice(
            quantity=units,
            unit_price_minor=line.unit_price_minor,
            price_quantity=line.price_quantity,
            discount_rate=line.discount_rate,
            tax_rate=line.tax_rate,
            rounding=order.rounding,
        )
    )


def payment_of(
    work: Work,
    order: Order,
    kind: PaymentKind,
    amount_minor: int,
    method: str,
    *,
    reference: str | None = None,
    earlier_id: UUID | None = None,
    at: datetime | None = None,
) -> Payment:
    """A payment of the order, made at an instant or now. It is not saved here.

    `earlier_id` is the payment that it captures, releases or refunds.
    """
    return fresh(
        Payment,
        order_id=order.id,
        kind=kind,
        amount_minor=amount_minor,
        currency=order.currency,
        method=method,
        reference=reference,
        payment_id=earlier_id,
        at=at or work.now,
        created_at=work.now,
        actor_kind=work.actor.kind,
        actor_id=work.actor.id,
        actor_name=work.actor.name,
    )


def count_payment(order: Order, payment: Payment) -> dict[str, Any]:
    """Adds a checked payment to the order's sums; returns the data of its event.

    A charge that captures an authorization uses up the authorized amount. The order is not saved
    here.
    """
    amount_minor = payment.amount_minor
    match payment.kind:
        case PaymentKind.AUTHORIZATION:
            order.authorized_minor += amount_minor
        case PaymentKind.VOID:
            order.authorized_minor -= amount_minor
        case PaymentKind.CHARGE:
            order.charged_minor += amount_minor
            if payment.payment_id is not None:
                order.authorized_minor -= amount_minor
        case PaymentKind.REFUND:
            order.refunded_minor += amount_minor
    return {
        "paymentId": payment.id.hex,
        "kind": payment.kind,
        "amountMinor": amount_minor,
        "currency": payment.currency,
    }
