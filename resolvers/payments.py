"""Fields of payments and invoices, and the root field that records a payment."""

from typing import Annotated
from uuid import UUID

import strawberry

from models.orders import Order
from models.payments import Invoice, Payment
from models.rules.access import Actor
from models.rules.money import Amount
from resolvers.arguments import OptionalId
from resolvers.context import Info
from resolvers.filters.payments import invoice_query, payment_query
from resolvers.finding import Found, find_one
from resolvers.identifiers import input_key
from resolvers.inputs.fulfillment import InvoiceWhere, PaymentInput, PaymentWhere
from resolvers.listing import Listing, scope_of
from services.payments import record as services
from services.payments.record import RecordPayment
from services.work import clock


def invoice_balance(
    invoice_id: UUID, currency: str, order: Order | None, invoices: list[Invoice]
) -> Amount:
    """The unpaid and uncredited part of an invoice; an order's oldest invoice is settled first."""
    left = order.total_gross_minor - order.balance_minor if order else 0
    for each in invoices:
        gross = each.net_minor + each.tax_minor
        settled = max(0, min(left, gross))
        if each.id == invoice_id:
            return Amount(gross - settled, currency)
        left -= settled
    raise LookupError(invoice_id)  # it is one of its order's invoices


def payments(
    actor: Actor,
    where: Annotated[
        PaymentWhere | None,
        strawberry.argument(description="The filter. Without it: all payments."),
    ] = None,
) -> Listing:
    return Listing(
        table=Payment,
        scope=scope_of("payments", where),
        sort="at",
        descending=True,
        where=payment_query(actor, where),
    )


def invoice(
    info: Info,
    id: OptionalId = None,
    number: Annotated[str | None, strawberry.argument(description="The invoice's number.")] = None,
) -> Found:
    return find_one(info.context, Invoice, id, None, number=number)


def invoices(
    actor: Actor,
    where: Annotated[
        InvoiceWhere | None,
        strawberry.argument(description="The filter. Without it: all invoices."),
    ] = None,
) -> Listing:
    return Listing(
        table=Invoice,
        scope=scope_of("invoices", where),
        sort="issued_at",
        descending=True,
        where=invoice_query(actor, where, clock.now()),
    )


async def payment_record(
    info: Info,
    order_id: Annotated[strawberry.ID, strawberry.argument(description="The order's id.")],
    input: Annotated[PaymentInput, strawberry.argument(description="The payment.")],
) -> Order:
    payment_id = input.payment_id
    command = RecordPayment(
        order_id=input_key("Order", order_id, ("orderId",)),
        kind=input.kind,
        amount=input.amount,
        method=input.method,
        reference=input.reference,
        payment_id=input_key("Payment", payment_id, ("paymentId",)) if payment_id else None,
        at=input.at,
        allow_duplicate=input.allow_duplicate,
    )
    return await services.record_payment(info.context.actor, command)
