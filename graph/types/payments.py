"""Payments and invoices."""

from datetime import datetime

import strawberry

from graph.fields import computed_by, related
from graph.types.access import Actor, actor
from graph.types.fulfillment import Shipment
from graph.types.money import Money, TaxedMoney, money, taxed
from graph.types.node import Node, identified, stands_for
from graph.types.orders import Order
from models import payments as tables
from models.rules.payment_states import PaymentKind
from resolvers import payments
from resolvers.loaders import fulfillment, orders
from resolvers.loaders import payments as loaders


@stands_for(
    tables.Payment, "A payment of an order: money authorized, charged, released or refunded."
)
class Payment(Node):
    id: strawberry.ID = identified("Payment")
    order: Order = related(orders.order, "The order.")
    kind: PaymentKind = strawberry.field(description="The kind of payment.")
    amount: Money = money(
        "amount_minor",
        "The amount in the order's currency, above zero. The kind tells the direction.",
    )
    method: str = strawberry.field(
        description="The method, such as card, transfer or cash, at most 64 characters."
    )
    reference: str | None = strawberry.field(
        description="The bank's or the provider's key of the payment, at most 200 characters. "
        "Null where none is known."
    )
    at: datetime = strawberry.field(description="The instant of the payment.")
    actor: Actor = actor("The actor that recorded the payment.")


@stands_for(tables.Invoice, "An invoice for one shipment of an order.")
class Invoice(Node):
    id: strawberry.ID = identified("Invoice")
    number: str = strawberry.field(
        description="The invoice's number. Unique; the sequence has no gap."
    )
    order: Order = related(orders.order, "The invoiced order.")
    shipment: Shipment | None = related(
        fulfillment.shipment,
        "The invoiced shipment. Null where the invoice has none, or the caller may "
        "not read shipments.",
    )
    issued_at: datetime = strawberry.field(description="The instant of issue.")
    due_at: datetime | None = strawberry.field(
        description="The due date: the instant of issue and the customer's payment terms. Null "
        "where none is known."
    )
    total: TaxedMoney = taxed("", "The invoiced amount.")
    balance: Money = computed_by(
        payments.invoice_balance,
        "id",
        "currency",
        orders.order,
        loaders.invoices_beside,
        description="The unpaid part of the total, gross, less refunds for returned goods. "
        "Payments settle an order's oldest invoice first.",
    )
