"""The schema: every root field, bound to what serves it and to the permission that it needs."""

from typing import Any, Final

import strawberry
from graphql import GraphQLInputObjectType, GraphQLObjectType, GraphQLSchema, Undefined
from strawberry.schema.config import StrawberryConfig

import resolvers.catalog
import resolvers.customers
import resolvers.entry
import resolvers.events
import resolvers.fulfillment
import resolvers.inventory
import resolvers.nodes
import resolvers.orders
import resolvers.payments
import resolvers.tracking
from graph.binding import changed_by, resolved_by, streamed_by
from graph.fields import paged_by
from graph.flat_inputs import read_flat_inputs_at_once
from graph.idempotent import DIRECTIVE
from graph.names import Names
from graph.payloads import (
    CategoryPayload,
    CustomerGroupPayload,
    CustomerPayload,
    EditPreview,
    OrderPayload,
    OrderPreview,
    ProductPayload,
    StockPayload,
    SupplierPayload,
    WarehousePayload,
)
from graph.types.catalog import Category, Product, Supplier
from graph.types.customers import Customer, CustomerGroup
from graph.types.entry import AvailabilityLine, OrderEntryDefaults
from graph.types.errors import ERROR_TYPES
from graph.types.events import Event, OrderStreamItem
from graph.types.fulfillment import Parcel, Return, Shipment
from graph.types.inventory import StockItem, StockMovement, Warehouse
from graph.types.node import Node
from graph.types.orders import Order, OrderLine
from graph.types.paging import Connection, Log
from graph.types.payments import Invoice, Payment
from graph.types.tracking import Trace
from models.rules.access import Permission
from resolvers.scalars import SCALARS
from subscriptions.streams import orders as streams


@strawberry.type(description="What can be read.")
class Query:
    node: Node | None = resolved_by(
        resolvers.nodes.node,
        Permission.API_USE,
        "The object with an id; null where you see none. What is no id is refused.",
    )
    nodes: list[Node | None] = resolved_by(
        resolvers.nodes.nodes,
        Permission.API_USE,
        "The objects with these ids, in their order; null where you see none.",
    )
    order: Order | None = resolved_by(
        resolvers.orders.order, Permission.ORDERS_READ, "One order; give exactly one argument."
    )
    orders: Connection[Order] = paged_by(
        resolvers.orders.orders, "Orders, the latest first.", Permission.ORDERS_READ
    )
    customer: Customer | None = resolved_by(
        resolvers.customers.customer,
        Permission.CUSTOMERS_READ,
        "One customer; give exactly one argument.",
    )
    customers: Connection[Customer] = paged_by(
        resolvers.customers.customers, "Customers, by name.", Permission.CUSTOMERS_READ
    )
    customer_groups: list[CustomerGroup] = resolved_by(
        resolvers.customers.customer_groups,
        Permission.CUSTOMERS_READ,
        "All groups, by name; at most 1000.",
    )
    product: Product | None = resolved_by(
        resolvers.catalog.product,
        Permission.CATALOG_READ,
        "One product; give exactly one argument.",
    )
    products: Connection[Product] = paged_by(
        resolvers.catalog.products, "Products, by name.", Permission.CATALOG_READ
    )
    categories: list[Category] = resolved_by(
        resolvers.catalog.categories,
        Permission.CATALOG_READ,
        "All categories, by name; at most 1000.",
    )
    supplier: Supplier | None = resolved_by(
        resolvers.catalog.supplier,
        Permission.CATALOG_READ,
        "One supplier; give exactly one argument.",
    )
    suppliers: Connection[Supplier] = paged_by(
        resolvers.catalog.suppliers, "Suppliers, by name.", Permission.CATALOG_READ
    )
    warehouse: Warehouse | None = resolved_by(
        resolvers.inventory.warehouse,
        Permission.STOCK_READ,
        "One warehouse; give exactly one argument.",
    )
    warehouses: list[Warehouse] = resolved_by(
        resolvers.inventory.warehouses,
        Permission.STOCK_READ,
        "All warehouses, by priority; at most 1000.",
    )
    stock_item: StockItem | None = resolved_by(
        resolvers.inventory.stock_item,
        Permission.STOCK_READ,
        "What lies of one product in one warehouse.",
    )
    stock_items: Connection[StockItem] = paged_by(
        resolvers.inventory.stock_items, "Stock of all warehouses, by SKU.", Permission.STOCK_READ
    )
    order_entry_defaults: OrderEntryDefaults | None = resolved_by(
        resolvers.entry.order_entry_defaults,
        Permission.ORDERS_WRITE,
        "What an order of a customer begins with; null where you see no such customer.",
    )
    order_preview: OrderPreview | None = resolved_by(
        resolvers.orders.order_preview,
        Permission.ORDERS_WRITE,
        "What `orderPlace` of the same input would come to now. Nothing is written or promised.",
    )
    order_edit_preview: EditPreview | None = resolved_by(
        resolvers.orders.order_edit_preview,
        Permission.ORDERS_WRITE,
        "What an edit would come to; null where you see no such order. Nothing is changed.",
    )
    availability: list[AvailabilityLine] = resolved_by(
        resolvers.entry.availability,
        Permission.STOCK_READ,
        "What of a wish can be promised, line by line. Nothing is promised by asking.",
    )
    shipment: Shipment | None = resolved_by(
        resolvers.fulfillment.shipment,
        Permission.SHIPMENTS_READ,
        "One shipment; give exactly one argument.",
    )
    shipments: Connection[Shipment] = paged_by(
        resolvers.fulfillment.shipments,
        "Shipments, the latest first; `last` begins with those that wait longest.",
        Permission.SHIPMENTS_READ,
    )
    returns: Connection[Return] = paged_by(
        resolvers.fulfillment.returns_listed,
        "Returns, the latest first; `last` begins with those that wait longest.",
        Permission.ORDERS_READ,
    )
    invoice: Invoice | None = resolved_by(
        resolvers.payments.invoice,
        Permission.PAYMENTS_READ,
        "One invoice; give exactly one argument.",
    )
    invoices: Connection[Invoice] = paged_by(
        resolvers.payments.invoices,
        "Invoices, the latest first; `last` begins with the oldest.",
        Permission.PAYMENTS_READ,
    )
    payments: Connection[Payment] = paged_by(
        resolvers.payments.payments, "Payments, the latest first.", Permission.PAYMENTS_READ
    )
    trace: Trace | None = resolved_by(
        resolvers.tracking.trace,
        Permission.CATALOG_READ,
        "The way of a lot or a serial number, from the supplier to the customer and back; null for "
        "a code that nobody knows. Of several products with the code, the one that moved last.",
    )
    events: Log[Event] = resolved_by(
        resolvers.events.events, Permission.EVENTS_READ, "The feed of everything, the oldest first."
    )


@strawberry.type(
    description="What can be changed. Each field is one transaction: all of it happens, or nothing."
)
class Mutation:
    order_place: OrderPayload = changed_by(
        resolvers.orders.order_place,
        OrderPayload,
        Permission.ORDERS_WRITE,
        "Place an order: its stock is checked and promised, or the whole order is refused.",
    )
    order_draft: OrderPayload = changed_by(
        resolvers.orders.order_draft,
        OrderPayload,
        Permission.ORDERS_WRITE,
        "Draft an order. It holds stock only until `reserveUntil`; SUBMIT places it.",
    )
    order_edit: OrderPayload = changed_by(
        resolvers.orders.order_edit,
        OrderPayload,
        Permission.ORDERS_WRITE,
        "Edit an order. Stock is promised and freed for the difference; what has shipped stays.",
    )
    order_act: OrderPayload = changed_by(
        resolvers.orders.order_act,
        OrderPayload,
        Permission.ORDERS_WRITE,
        "Take an order's next step.",
    )
    order_note: OrderPayload = changed_by(
        resolvers.orders.order_note,
        OrderPayload,
        Permission.ORDERS_WRITE,
        "Note something on the timeline.",
    )
    shipment_create: OrderPayload = changed_by(
        resolvers.fulfillment.shipment_create,
        OrderPayload,
        Permission.SHIPMENTS_WRITE,
        "Prepare a shipment. Its units stay promised until it leaves.",
    )
    shipment_track: OrderPayload = changed_by(
        resolvers.fulfillment.shipment_track,
        OrderPayload,
        Permission.SHIPMENTS_WRITE,
        "Say how far a shipment is. When it leaves, its units leave the stock.",
    )
    parcel_save: OrderPayload = changed_by(
        resolvers.fulfillment.parcel_save,
        OrderPayload,
        Permission.SHIPMENTS_WRITE,
        "Add a parcel to a shipment, or correct its carrier, number and URL, at any time: also "
        "after it has left. No version is needed, and none goes up.",
    )
    return_request: OrderPayload = changed_by(
        resolvers.fulfillment.return_request,
        OrderPayload,
        Permission.ORDERS_WRITE,
        "Announce units that come back: such as have left and are neither back nor announced.",
    )
    return_receive: OrderPayload = changed_by(
        resolvers.fulfillment.return_receive,
        OrderPayload,
        Permission.SHIPMENTS_WRITE,
        "Say what has come of a return, and what becomes of it. Its money is a REFUND of its own.",
    )
    payment_record: OrderPayload = changed_by(
        resolvers.payments.payment_record,
        OrderPayload,
        Permission.PAYMENTS_WRITE,
        "Record money that was set aside, taken, released or given back elsewhere.",
    )
    stock_adjust: StockPayload = changed_by(
        resolvers.inventory.stock_adjust,
        StockPayload,
        Permission.STOCK_WRITE,
        "Correct what is on hand, with a line in the ledger for each change.",
    )
    stock_transfer: StockPayload = changed_by(
        resolvers.inventory.stock_transfer,
        StockPayload,
        Permission.STOCK_WRITE,
        "Move units from one warehouse to another. What is promised stays.",
    )
    reorder_rule_set: StockPayload = changed_by(
        resolvers.inventory.reorder_rule_set,
        StockPayload,
        Permission.STOCK_WRITE,
        "Set from which stock on a product is reordered, and how much of it is kept back.",
    )
    customer_save: CustomerPayload = changed_by(
        resolvers.customers.customer_save,
        CustomerPayload,
        Permission.CUSTOMERS_WRITE,
        "Make a customer, or change one.",
    )
    customer_credit_set: CustomerPayload = changed_by(
        resolvers.customers.customer_credit_set,
        CustomerPayload,
        Permission.CREDIT_WRITE,
        "Set how much a customer may owe.",
    )
    customer_group_save: CustomerGroupPayload = changed_by(
        resolvers.customers.customer_group_save,
        CustomerGroupPayload,
        Permission.CUSTOMERS_WRITE,
        "Make a group, or change one.",
    )
    product_save: ProductPayload = changed_by(
        resolvers.catalog.product_save,
        ProductPayload,
        Permission.CATALOG_WRITE,
        "Make a product, or change one. A new one needs sku, name, price and currencyCode.",
    )
    category_save: CategoryPayload = changed_by(
        resolvers.catalog.category_save,
        CategoryPayload,
        Permission.CATALOG_WRITE,
        "Make a category, or change one.",
    )
    supplier_save: SupplierPayload = changed_by(
        resolvers.catalog.supplier_save,
        SupplierPayload,
        Permission.CATALOG_WRITE,
        "Make a supplier, or change one.",
    )
    warehouse_save: WarehousePayload = changed_by(
        resolvers.inventory.warehouse_save,
        WarehousePayload,
        Permission.STOCK_WRITE,
        "Make a warehouse, or change one.",
    )


@strawberry.type(description="What can be watched, over a WebSocket.")
class Subscription:
    order_updates: OrderStreamItem = streamed_by(
        streams.order_updates,
        Permission.ORDERS_READ,
        "What happens to one order, or to all that a filter asks for: each event once, in order. "
        "Give exactly one of id, trackingToken and where.",
    )


NODES: Final = (
    Category,
    Customer,
    CustomerGroup,
    Event,
    Invoice,
    Order,
    OrderLine,
    Parcel,
    Payment,
    Product,
    Return,
    Shipment,
    StockItem,
    StockMovement,
    Supplier,
    Warehouse,
)


def _build() -> strawberry.Schema:
    made = strawberry.Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[*NODES, *ERROR_TYPES],
        config=StrawberryConfig(
            name_converter=Names(),
            scalar_map=SCALARS,
            enable_experimental_incremental_execution=True,  # @defer and @stream
        ),
    )
    core: GraphQLSchema = made._schema  # noqa: SLF001 - Strawberry has no public name for it
    core.directives = (*core.directives, DIRECTIVE)
    _forget_null_defaults(core)
    read_flat_inputs_at_once(core, Names())
    return made


def _forget_null_defaults(schema: GraphQLSchema) -> None:
    """`first: Int` instead of `first: Int = null`, which says the same in more words."""
    for declared in schema.type_map.values():
        if isinstance(declared, GraphQLInputObjectType):
            inputs: list[Any] = list(declared.fields.values())
        elif isinstance(declared, GraphQLObjectType):
            inputs = [each for field in declared.fields.values() for each in field.args.values()]
        else:
            continue
        for each in inputs:
            if each.default_value is None:
                each.default_value = Undefined


schema: Final = _build()
