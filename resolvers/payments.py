"""Fields of payments and invoices, and the root field that records a payment."""

from typing import Annotated
from uuid import UUID

import strawberry

from models.orders import Order
from models.payments import Invoice
from models.rules.money import Amount
from resolvers.context import Info
from resolvers.identifiers import input_key
from resolvers.inputs.fulfillment import PaymentInput
from services import payments as services
from services.payments import RecordPayment


def invoice_balance(
    invoice_id: UUID, currency: str, order: Order | None, invoices: list[Invoice]
) -> Amount:
    """What of the invoice is not paid, where payments settle an order's oldest invoices first."""
    left = order.charged_minor - order.refunded_minor if order else 0
    for each in invoices:
        gross = each.net_minor + each.tax_minor
        settled = max(0, min(left, gross))
        if each.id == invoice_id:
            return Amount(gross - settled, currency)
        left -= settled
    raise LookupError(invoice_id)  # it is one of its order's invoices


async def payment_record(
    info: Info,
    order_id: Annotated[strawberry.ID, strawberry.argument(description="Which order.")],
    input: Annotated[PaymentInput, strawberry.argument(description="What was paid.")],
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
    )
    return await services.record_payment(info.context.actor, command)
