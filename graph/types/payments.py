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


@stands_for(tables.Payment, "Money that was reserved, taken or given back.")
class Payment(Node):
    id: strawberry.ID = identified("Payment")
    order: Order = related(orders.order, "The order that it pays for.")
    kind: PaymentKind = strawberry.field(description="What happened to the money.")
    amount: Money = money("amount_minor", "How much; never negative.")
    method: str = strawberry.field(description="How: card, transfer, cash ...")
    reference: str | None = strawberry.field(description="The bank's or the provider's own key.")
    at: datetime = strawberry.field(description="When.")
    actor: Actor = actor("Who recorded it.")


@stands_for(tables.Invoice, "What was billed for a shipment. Numbers have no gap.")
class Invoice(Node):
    id: strawberry.ID = identified("Invoice")
    number: str = strawberry.field(description="Unique, without a gap.")
    order: Order = related(orders.order, "The order that it bills.")
    shipment: Shipment | None = related(fulfillment.shipment, "The shipment that it bills.")
    issued_at: datetime = strawberry.field(description="When it was made out.")
    due_at: datetime | None = strawberry.field(description="When it is to be paid.")
    total: TaxedMoney = taxed("", "What is to be paid.")
    balance: Money = computed_by(
        payments.invoice_balance,
        "id",
        "currency",
        orders.order,
        loaders.invoices_beside,
        description="What of it is neither paid nor refunded after goods came back; the oldest of "
        "an order is settled first.",
    )
