"""Fields of payments and invoices, and the root field that records a payment."""

from typing import Annotated

import strawberry

from models.orders import Order
from models.payments import Invoice
from models.rules.money import Amount
from resolvers.context import Info
from resolvers.identifiers import input_key
from resolvers.inputs.fulfillment import PaymentInput
from resolvers.loaders import orders
from resolvers.loaders import payments as loaders
from services import payments as services
from services.payments import RecordPayment


async def invoice_balance(invoice: strawberry.Parent[Invoice], info: Info) -> Amount:
    """What of the invoice is not paid, where payments settle an order's oldest invoices first."""
    order = await info.context.related(orders.order, invoice)
    invoices = await info.context.by_key(loaders.invoices_of_order, invoice.order_id)
    left = order.charged_minor - order.refunded_minor if order else 0
    for each in invoices:
        gross = each.net_minor + each.tax_minor
        settled = max(0, min(left, gross))
        if each.id == invoice.id:
            return Amount(gross - settled, invoice.currency)
        left -= settled
    return Amount(invoice.net_minor + invoice.tax_minor, invoice.currency)


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
