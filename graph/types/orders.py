"""Orders and their lines."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry

from graph.fields import LINES, Given, computed_by, paged_by, related
from graph.types.catalog import Product
from graph.types.customers import Customer
from graph.types.inventory import Warehouse
from graph.types.money import Money, TaxedMoney, money, taxed
from graph.types.node import Node, identified, stands_for
from graph.types.paging import Log
from graph.types.values import Address, Attribute, ExternalRef
from models import orders as tables
from models.rules.access import Permission
from models.rules.order_states import (
    FulfillmentStatus,
    Milestone,
    OrderAction,
    OrderStatus,
    PaymentStatus,
    ReturnStatus,
    milestone,
)
from resolvers import catalog, events, orders
from resolvers.loaders import catalog as catalog_loaders
from resolvers.loaders import customers as customer_loaders
from resolvers.loaders import fulfillment as fulfillment_loaders
from resolvers.loaders import inventory as inventory_loaders
from resolvers.loaders import orders as loaders
from resolvers.loaders import payments as payment_loaders
from services.aggregates.addresses import restored

if TYPE_CHECKING:
    from graph.types.events import Event
    from graph.types.fulfillment import Return, Shipment
    from graph.types.payments import Invoice, Payment


LazyEvent = Annotated["Event", strawberry.lazy("graph.types.events")]
LazyInvoice = Annotated["Invoice", strawberry.lazy("graph.types.payments")]
LazyPayment = Annotated["Payment", strawberry.lazy("graph.types.payments")]
LazyReturn = Annotated["Return", strawberry.lazy("graph.types.fulfillment")]
LazyShipment = Annotated["Shipment", strawberry.lazy("graph.types.fulfillment")]


@strawberry.type(description="Units of a line that one warehouse has promised.")
class Allocation:
    warehouse: Warehouse = related(inventory_loaders.warehouse_of_stock, "Where they lie.")
    quantity: int = strawberry.field(description="How many units.")
    expires_at: datetime | None = strawberry.field(
        description="Until when they are kept; null: until they ship."
    )


@stands_for(
    tables.OrderLine,
    "What was ordered of one product, with its name, price and tax as they were then.",
)
class OrderLine(Node):
    id: strawberry.ID = identified("OrderLine")
    product: Product | None = related(catalog_loaders.product, "The product as it is now.")
    sku: str = strawberry.field(description="The product's SKU at that time.")
    name: str = strawberry.field(description="The product's name at that time.")
    quantity: int = strawberry.field(description="Units that were ordered.")
    unit_price: Money = money("unit_price_minor", "Net, for `priceQuantity` units.")
    price_quantity: int = strawberry.field(
        description="For how many units `unitPrice` stands: 100 where a hundredth costs less than"
        " the currency's smallest coin."
    )
    unit: str = strawberry.field(
        description="What was counted, the product's unit at that time: piece, gram ..."
    )
    discount_rate: Decimal = strawberry.field(description="What was taken off: 0.05 is 5 %.")
    tax_rate: Decimal = strawberry.field(description="0.19 is 19 %.")
    total: TaxedMoney = taxed("", "What the line comes to, its discount taken off.")
    reserved: int = strawberry.field(description="Units that are promised and have not left.")
    backordered: int = strawberry.field(description="Units that wait for stock.")
    shipped: int = strawberry.field(description="Units that have left.")
    delivered: int = strawberry.field(description="Units that have arrived.")
    returned: int = strawberry.field(description="Units that came back.")
    cancelled: int = strawberry.field(description="Units that will not be delivered.")
    allocations: list[Allocation] = related(
        inventory_loaders.reservations_of_line, "Which warehouses have promised its units."
    )


@stands_for(tables.Order, "What a customer ordered, and how far it is.")
class Order(Node):
    id: strawberry.ID = identified("Order")
    version: int = strawberry.field(
        description="Goes up with every change; hand it back when you change the order."
    )
    number: str = strawberry.field(description="The number that people use. Unique.")
    channel: str = strawberry.field(description="Where the order came from.")
    external_refs: list[ExternalRef] = related(
        customer_loaders.external_refs, "The keys by which other systems know it."
    )
    created_at: datetime = strawberry.field(description="When it was entered.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")
    placed_at: datetime | None = strawberry.field(description="When it was placed; null: a draft.")
    status: OrderStatus = strawberry.field(description="The commercial status.")
    fulfillment_status: FulfillmentStatus = strawberry.field(description="How far the goods are.")
    payment_status: PaymentStatus = strawberry.field(description="How far the money is.")
    return_status: ReturnStatus = strawberry.field(description="What came back.")
    milestone: Milestone | None = computed_by(
        milestone,
        "status",
        "fulfillment_status",
        "has_shipment",
        description="All of that in one word for the customer; null for a draft.",
    )
    available_actions: list[OrderAction] = computed_by(
        orders.available_actions,
        Given.CONTEXT,
        "status",
        "charged_minor",
        "refunded_minor",
        "balance_minor",
        "placed_at",
        loaders.lines_of_order,
        fulfillment_loaders.announced_units_of_order,
        description="What may be done with it now.",
    )
    customer: Customer = related(customer_loaders.customer, "Who ordered.")
    billing_address: Address | None = computed_by(
        restored, "billing_address", description="Where the bill goes."
    )
    shipping_address: Address | None = computed_by(
        restored, "shipping_address", description="Where the goods go."
    )
    lines: list[OrderLine] = related(loaders.lines_of_order, "What was ordered.", size=LINES)
    line_count: int = strawberry.field(description="How many lines it has.")
    shipments: list[LazyShipment] = related(
        fulfillment_loaders.shipments_of_order, "Its shipments, the oldest first."
    )
    payments: list[LazyPayment] | None = related(
        payment_loaders.payments_of_order,
        "What was paid, the oldest first.",
        needs=Permission.PAYMENTS_READ,
    )
    returns: list[LazyReturn] = related(
        fulfillment_loaders.returns_of_order, "What came back or will, the oldest first."
    )
    invoices: list[LazyInvoice] | None = related(
        payment_loaders.invoices_of_order,
        "What was billed, the oldest first.",
        needs=Permission.PAYMENTS_READ,
    )
    subtotal: TaxedMoney = taxed("subtotal_", "All lines, their discounts taken off.")
    discount: Money = money("discount_minor", "What the lines' discounts took off, net.")
    shipping: TaxedMoney = taxed("shipping_", "What shipping costs.")
    total: TaxedMoney = taxed("total_", "Subtotal and shipping. A cancelled order keeps its sums.")
    paid: Money = computed_by(
        orders.paid,
        "charged_minor",
        "refunded_minor",
        "currency",
        description="What was charged and not given back.",
    )
    balance: Money = money(
        "balance_minor",
        "What is still to be paid; negative: owed to the customer. What was refunded after goods "
        "came back is not asked for again.",
    )
    promised_at: datetime | None = strawberry.field(description="When it was promised to arrive.")
    reserve_until: datetime | None = related(
        inventory_loaders.held_until_of_order,
        "Until when a draft holds its stock; null where it holds none, and for what was placed.",
    )
    stage_due_at: datetime | None = strawberry.field(
        description="When what it waits for should be done: to be confirmed, prepared, shipped or "
        "delivered. Null: it waits for nothing, or that has no deadline."
    )
    is_delayed: bool = computed_by(
        orders.is_delayed, "stage_due_at", description="Whether that time has come."
    )
    note: str | None = strawberry.field(description="For the people who handle it.")
    attributes: list[Attribute] = computed_by(
        catalog.attributes, "attributes", description="What else is kept about it, by key."
    )
    tracking_token: str | None = computed_by(
        orders.tracking_token,
        Given.CONTEXT,
        "id",
        description="Opens this order, and no other, to somebody without a login.",
    )
    timeline: Log[LazyEvent] = paged_by(
        events.timeline_of_order, "What happened to it, the latest first."
    )
