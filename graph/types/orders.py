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


@strawberry.type(description="A reservation: units of one order line that one warehouse holds.")
class Allocation:
    warehouse: Warehouse = related(inventory_loaders.warehouse_of_stock, "The warehouse.")
    quantity: int = strawberry.field(description="The reserved units, in stock units.")
    expires_at: datetime | None = strawberry.field(
        description="The instant at which the reservation ends. Null: it lasts until the units "
        "ship."
    )


@stands_for(
    tables.OrderLine,
    "A line of an order: one product, with its name, price and tax rate at the time of the order.",
)
class OrderLine(Node):
    id: strawberry.ID = identified("OrderLine")
    product: Product | None = related(
        catalog_loaders.product,
        "The product as it is now. Null for an imported line without a product, and "
        "where the caller may not read the catalog.",
    )
    sku: str = strawberry.field(description="The product's SKU at the time of the order.")
    name: str = strawberry.field(description="The product's name at the time of the order.")
    quantity: int = strawberry.field(
        description="The ordered units, cancelled ones included, in stock units."
    )
    unit_price: Money = money(
        "unit_price_minor",
        "The net price of `priceQuantity` stock units, before the line's discount.",
    )
    price_quantity: int = strawberry.field(
        description="The number of stock units that `unitPrice` is for: 100 where one unit's "
        "price is finer than the currency's minor unit."
    )
    unit: str = strawberry.field(
        description="The product's stock unit at the time of the order: piece, gram, millimeter."
    )
    discount_rate: Decimal = strawberry.field(
        description="The line's discount as a fraction: 0.05 is 5 %."
    )
    tax_rate: Decimal = strawberry.field(
        description="The line's tax rate as a fraction: 0.19 is 19 %."
    )
    total: TaxedMoney = taxed(
        "",
        "The line's total, discount taken off. Cancelled units do not count, except "
        "where the whole order is cancelled.",
    )
    reserved: int = strawberry.field(description="The reserved units that have not shipped.")
    backordered: int = strawberry.field(description="The units that wait for stock.")
    shipped: int = strawberry.field(
        description="The shipped units, delivered and returned ones included."
    )
    delivered: int = strawberry.field(description="The delivered units among the shipped ones.")
    returned: int = strawberry.field(description="The units received back among the shipped ones.")
    cancelled: int = strawberry.field(description="The cancelled units, which will not ship.")
    allocations: list[Allocation] = related(
        inventory_loaders.reservations_of_line, "The line's reservations, by warehouse."
    )


@stands_for(tables.Order, "An order of a customer.")
class Order(Node):
    id: strawberry.ID = identified("Order")
    version: int = strawberry.field(
        description="The version. Each change raises it; mutations take it to detect conflicts."
    )
    number: str = strawberry.field(description="The order's number. Unique.")
    channel: str = strawberry.field(
        description="The channel that the order came through: 1 to 32 letters, digits, `-` and `_`."
    )
    external_refs: list[ExternalRef] = related(
        customer_loaders.external_refs, "The keys of the order in other systems."
    )
    created_at: datetime = strawberry.field(
        description="The instant at which the order was entered."
    )
    updated_at: datetime = strawberry.field(description="The instant of the order's latest change.")
    placed_at: datetime | None = strawberry.field(
        description="The instant at which the order was placed. Null for a draft, and for a "
        "cancelled draft."
    )
    status: OrderStatus = strawberry.field(description="The commercial status.")
    fulfillment_status: FulfillmentStatus = strawberry.field(
        description="The status of the goods, derived from the lines and shipments."
    )
    payment_status: PaymentStatus = strawberry.field(
        description="The status of the money, derived from the payments."
    )
    return_status: ReturnStatus = strawberry.field(
        description="The status of the returns, derived from them."
    )
    milestone: Milestone | None = computed_by(
        milestone,
        "status",
        "fulfillment_status",
        "has_shipment",
        description="The order's progress in one word, for its customer. Null for a draft.",
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
        description="The actions that the order's state allows now. APPROVE is listed only with "
        "the permission `orders:approve`.",
    )
    customer: Customer = related(customer_loaders.customer, "The customer.")
    billing_address: Address | None = computed_by(
        restored,
        "billing_address",
        description="The address of the invoices. Null where none is known.",
    )
    shipping_address: Address | None = computed_by(
        restored,
        "shipping_address",
        description="The address of the shipments. Null where none is known.",
    )
    lines: list[OrderLine] = related(
        loaders.lines_of_order, "The order's lines, in the order of entry.", size=LINES
    )
    line_count: int = strawberry.field(description="The number of lines.")
    shipments: list[LazyShipment] = related(
        fulfillment_loaders.shipments_of_order, "The order's shipments, the oldest first."
    )
    payments: list[LazyPayment] | None = related(
        payment_loaders.payments_of_order,
        "The order's payments, the oldest first.",
        needs=Permission.PAYMENTS_READ,
    )
    returns: list[LazyReturn] = related(
        fulfillment_loaders.returns_of_order, "The order's returns, the oldest first."
    )
    invoices: list[LazyInvoice] | None = related(
        payment_loaders.invoices_of_order,
        "The order's invoices, the oldest first.",
        needs=Permission.PAYMENTS_READ,
    )
    subtotal: TaxedMoney = taxed(
        "subtotal_", "The total of the lines, their discounts taken off, without shipping."
    )
    discount: Money = money("discount_minor", "The sum of the lines' discounts, net.")
    shipping: TaxedMoney = taxed("shipping_", "The cost of shipping.")
    total: TaxedMoney = taxed(
        "total_", "The sum of subtotal and shipping. A cancelled order keeps its sums."
    )
    paid: Money = computed_by(
        orders.paid,
        "charged_minor",
        "refunded_minor",
        "currency",
        description="The charged amount less the refunded one.",
    )
    balance: Money = money(
        "balance_minor",
        "The amount that the customer still owes, gross. Below zero: the company "
        "owes it to the customer. A refund for returned goods is not owed again.",
    )
    promised_at: datetime | None = strawberry.field(
        description="The delivery date that the customer was promised. Null without a promise."
    )
    reserve_until: datetime | None = related(
        inventory_loaders.held_until_of_order,
        "The instant until which a draft's reservations last. Null for a draft "
        "without reservations, and for a placed order.",
    )
    stage_due_at: datetime | None = strawberry.field(
        description="The instant at which the order's stage is due: its approval, preparation, "
        "shipment or delivery. Null where it waits for nothing, or the stage has no "
        "deadline."
    )
    is_delayed: bool = computed_by(
        orders.is_delayed, "stage_due_at", description="True: `stageDueAt` has passed."
    )
    note: str | None = strawberry.field(
        description="The internal note, at most 10000 characters. Null where there is none."
    )
    attributes: list[Attribute] = computed_by(
        catalog.attributes,
        "attributes",
        description="The order's own attributes by key, at most 100.",
    )
    tracking_token: str | None = computed_by(
        orders.tracking_token,
        Given.CONTEXT,
        "id",
        description="The token of the order's tracking link. It opens this order alone, as an "
        "argument of `order` and `orderUpdates`.",
    )
    timeline: Log[LazyEvent] = paged_by(
        events.timeline_of_order, "The events of the order, the latest first."
    )
