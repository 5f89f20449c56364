"""The schema: each root field, bound to its resolver and its permission."""

from typing import Any, Final

import strawberry
from graphql import GraphQLInputObjectType, GraphQLObjectType, GraphQLSchema, Undefined
from graphql.utilities.print_schema import print_schema_definition
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
from graph.binding import resolved_by, streamed_by
from graph.fields import paged_by
from graph.flat_inputs import read_flat_inputs_at_once
from graph.idempotent import DIRECTIVE
from graph.mutations import Mutation
from graph.names import Names
from graph.payloads import EditPreview, OrderPreview
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


@strawberry.type(
    description="The reads. Each field needs its permission; without it the request is "
    "answered with the error FORBIDDEN."
)
class Query:
    node: Node | None = resolved_by(
        resolvers.nodes.node,
        Permission.API_USE,
        "The object with a global id, or null where the caller sees none. A text of "
        "another form than an id is a BAD_REQUEST.",
    )
    nodes: list[Node | None] = resolved_by(
        resolvers.nodes.nodes,
        Permission.API_USE,
        "The objects with these global ids, in the order of the ids; null in each "
        "place where the caller sees none.",
    )
    order: Order | None = resolved_by(
        resolvers.orders.order,
        Permission.ORDERS_READ,
        "One order, or null where the caller sees none. Give exactly one argument.",
    )
    orders: Connection[Order] = paged_by(
        resolvers.orders.orders,
        "Orders, the latest `placedAt` first unless `sort` and `desc` differ.",
        Permission.ORDERS_READ,
    )
    customer: Customer | None = resolved_by(
        resolvers.customers.customer,
        Permission.CUSTOMERS_READ,
        "One customer, or null where the caller sees none. Give exactly one argument.",
    )
    customers: Connection[Customer] = paged_by(
        resolvers.customers.customers,
        "Customers, by name unless `sort` and `desc` differ.",
        Permission.CUSTOMERS_READ,
    )
    customer_groups: list[CustomerGroup] = resolved_by(
        resolvers.customers.customer_groups,
        Permission.CUSTOMERS_READ,
        "The customer groups by name, at most 1000.",
    )
    product: Product | None = resolved_by(
        resolvers.catalog.product,
        Permission.CATALOG_READ,
        "One product, or null where the caller sees none. Give exactly one argument.",
    )
    products: Connection[Product] = paged_by(
        resolvers.catalog.products,
        "Products, by name unless `sort` and `desc` differ.",
        Permission.CATALOG_READ,
    )
    categories: list[Category] = resolved_by(
        resolvers.catalog.categories,
        Permission.CATALOG_READ,
        "The categories by name, at most 1000.",
    )
    supplier: Supplier | None = resolved_by(
        resolvers.catalog.supplier,
        Permission.CATALOG_READ,
        "One supplier, or null where the caller sees none. Give exactly one argument.",
    )
    suppliers: Connection[Supplier] = paged_by(
        resolvers.catalog.suppliers, "Suppliers, by name.", Permission.CATALOG_READ
    )
    warehouse: Warehouse | None = resolved_by(
        resolvers.inventory.warehouse,
        Permission.STOCK_READ,
        "One warehouse, or null where the caller sees none. Give exactly one argument.",
    )
    warehouses: list[Warehouse] = resolved_by(
        resolvers.inventory.warehouses,
        Permission.STOCK_READ,
        "The warehouses by priority, at most 1000.",
    )
    stock_item: StockItem | None = resolved_by(
        resolvers.inventory.stock_item,
        Permission.STOCK_READ,
        "The stock item of one product in one warehouse, or null where there is none.",
    )
    stock_items: Connection[StockItem] = paged_by(
        resolvers.inventory.stock_items,
        "Stock items of all warehouses, by SKU unless `sort` and `desc` differ.",
        Permission.STOCK_READ,
    )
    order_entry_defaults: OrderEntryDefaults | None = resolved_by(
        resolvers.entry.order_entry_defaults,
        Permission.ORDERS_WRITE,
        "The values that a new order of a customer starts with, or null where the "
        "caller sees no such customer.",
    )
    order_preview: OrderPreview | None = resolved_by(
        resolvers.orders.order_preview,
        Permission.ORDERS_WRITE,
        "The order that `orderPlace` would make of the same input now. The preview "
        "writes nothing and reserves nothing.",
    )
    order_edit_preview: EditPreview | None = resolved_by(
        resolvers.orders.order_edit_preview,
        Permission.ORDERS_WRITE,
        "The totals that `orderEdit` would give an order, or null where the caller "
        "sees no such order. The preview writes nothing.",
    )
    availability: list[AvailabilityLine] = resolved_by(
        resolvers.entry.availability,
        Permission.STOCK_READ,
        "The available units of each line's product, in the order of the lines. The "
        "answer reserves nothing.",
    )
    shipment: Shipment | None = resolved_by(
        resolvers.fulfillment.shipment,
        Permission.SHIPMENTS_READ,
        "One shipment, or null where the caller sees none. Give exactly one argument.",
    )
    shipments: Connection[Shipment] = paged_by(
        resolvers.fulfillment.shipments,
        "Shipments, the latest made first. `last` gives the oldest.",
        Permission.SHIPMENTS_READ,
    )
    returns: Connection[Return] = paged_by(
        resolvers.fulfillment.returns_listed,
        "Returns, the latest announced first. `last` gives the oldest.",
        Permission.ORDERS_READ,
    )
    invoice: Invoice | None = resolved_by(
        resolvers.payments.invoice,
        Permission.PAYMENTS_READ,
        "One invoice, or null where the caller sees none. Give exactly one argument.",
    )
    invoices: Connection[Invoice] = paged_by(
        resolvers.payments.invoices,
        "Invoices, the latest issued first. `last` gives the oldest.",
        Permission.PAYMENTS_READ,
    )
    payments: Connection[Payment] = paged_by(
        resolvers.payments.payments, "Payments, the latest `at` first.", Permission.PAYMENTS_READ
    )
    trace: Trace | None = resolved_by(
        resolvers.tracking.trace,
        Permission.CATALOG_READ,
        "The trace of a lot or a serial number, from the supplier to the customer "
        "and back, or null for an unknown code. Where several products have the code, the "
        "trace is of the unit with the latest movement.",
    )
    events: Log[Event] = resolved_by(
        resolvers.events.events,
        Permission.EVENTS_READ,
        "The feed of all numbered events, the oldest first.",
    )


@strawberry.type(
    description="The streams, over a WebSocket with the protocol graphql-transport-ws."
)
class Subscription:
    order_updates: OrderStreamItem = streamed_by(
        streams.order_updates,
        Permission.ORDERS_READ,
        "A stream of one order, or of all orders that match a filter: each event "
        "once, in feed order. Give exactly one of `id`, `trackingToken` and `where`. "
        "Without `after` the stream starts with one update of the order, or with a "
        "heartbeat for a filter. Heartbeats follow while no event matches, every 15 seconds "
        "unless the operator has set another pace.",
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


DESCRIPTION: Final = (
    "Customers, catalog, inventory and orders of one company, with live order updates. Amounts of "
    "money are exact decimals with a currency. Quantities are whole numbers of the product's unit. "
    "Instants are in UTC. Lists are Relay connections of at most 100 objects a page. Rates are "
    "fractions: 0.19 is 19 %. An object is null or missing from a list where the caller lacks the "
    "permission to read it. Mutations answer refusals as `userErrors`; malformed requests are "
    "answered as GraphQL errors."
)


class DescribedSchema(strawberry.Schema):
    """A schema that prints its description, which Strawberry leaves out."""

    def as_str(self) -> str:
        """The schema in GraphQL's schema definition language."""
        return f"{print_schema_definition(self._schema)}\n\n{super().as_str()}"


def _build() -> strawberry.Schema:
    made = DescribedSchema(
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
    core.description = DESCRIPTION
    core.directives = (*core.directives, DIRECTIVE)
    _forget_null_defaults(core)
    read_flat_inputs_at_once(core, Names())
    return made


def _forget_null_defaults(schema: GraphQLSchema) -> None:
    """Prints `first: Int` instead of `first: Int = null`, which means the same."""
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
