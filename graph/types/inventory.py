"""Warehouses, stock items, and the ledger of stock movements."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from graph.fields import computed_by, paged_by, related, resolved_for_each
from graph.types.access import Actor, actor
from graph.types.catalog import Product
from graph.types.node import Node, identified, stands_for
from graph.types.paging import Connection, Log
from graph.types.values import Address
from models import inventory as tables
from models.rules.inventory import MovementKind
from resolvers import inventory
from resolvers.loaders import catalog
from resolvers.loaders import inventory as loaders
from resolvers.loaders import orders as orders_loaders
from services.aggregates.addresses import restored

if TYPE_CHECKING:
    from graph.types.orders import Order


LazyOrder = Annotated["Order", strawberry.lazy("graph.types.orders")]
LazyStockItem = Annotated["StockItem", strawberry.lazy("graph.types.inventory")]


@stands_for(tables.Warehouse, "A warehouse: a place that holds stock and ships it.")
class Warehouse(Node):
    id: strawberry.ID = identified("Warehouse")
    version: int = strawberry.field(description="The version. Each change raises it.")
    code: str = strawberry.field(description="The warehouse's code, at most 64 characters. Unique.")
    name: str = strawberry.field(description="The warehouse's name, at most 200 characters.")
    address: Address | None = computed_by(
        restored, "address", description="The warehouse's address. Null where none is known."
    )
    priority: int = strawberry.field(
        description="The priority, 0 to 1000000. Orders take stock from the lowest number first."
    )
    stock: Connection[LazyStockItem] = paged_by(
        inventory.stock_of_warehouse, "The warehouse's stock items, the oldest first."
    )


@stands_for(
    tables.StockMovement,
    "A stock movement: one line of a stock item's ledger. Movements never change.",
)
class StockMovement(Node):
    id: strawberry.ID = identified("StockMovement")
    at: datetime = strawberry.field(description="The instant of the movement.")
    kind: MovementKind = strawberry.field(description="The kind of movement.")
    quantity: int = strawberry.field(
        description="The moved units, negative where they leave a counter."
    )
    on_hand_after: int = strawberry.field(description="The units on hand after the movement.")
    reserved_after: int = strawberry.field(description="The reserved units after the movement.")
    reason: str | None = strawberry.field(
        description="The reason, or the number of the document that the movement belongs to. "
        "Null where none was given."
    )
    actor: Actor = actor("The actor of the movement.")
    order: LazyOrder | None = related(
        orders_loaders.order,
        "The order that the movement is for. Null for other movements, and where "
        "the caller may not read orders.",
    )


@strawberry.type(description="The counters of a stock item at one instant, in stock units.")
class StockBalance:
    on_hand: int = strawberry.field(description="The units on hand, damaged ones included.")
    reserved: int = strawberry.field(description="The reserved units among those on hand.")
    damaged: int = strawberry.field(description="The damaged units among those on hand.")


@stands_for(
    tables.StockItem,
    "A stock item: one product in one warehouse, with its counters in stock units.",
)
class StockItem(Node):
    id: strawberry.ID = identified("StockItem")
    version: int = strawberry.field(description="The version. Each change raises it.")
    product: Product = related(catalog.product, "The product.")
    warehouse: Warehouse = related(loaders.warehouse, "The warehouse.")
    on_hand: int = strawberry.field(
        description="The units on hand, reserved and damaged ones included."
    )
    reserved: int = strawberry.field(description="The units that order lines have reserved.")
    damaged: int = strawberry.field(description="The damaged units, which are not sold.")
    incoming: int = strawberry.field(
        description="The incoming units: ordered from suppliers and not received yet."
    )
    safety_stock: int = strawberry.field(
        description="The safety stock: units that are kept back from orders."
    )
    available: int = strawberry.field(
        description="The available units: `onHand - reserved - damaged - safetyStock`. Negative "
        "where the safety stock exceeds the free units.",
    )
    reorder_point: int | None = strawberry.field(
        description="The reorder point in units. Null where no rule is set."
    )
    reorder_quantity: int | None = strawberry.field(
        description="The reorder quantity in units. Null where no rule is set."
    )
    is_low: bool = strawberry.field(
        description="True: `available + incoming` is at most `reorderPoint`. False without a "
        "reorder point."
    )
    movements: Log[StockMovement] = paged_by(
        inventory.movements, "The stock movements, the latest first."
    )
    balance_at: StockBalance | None = resolved_for_each(
        inventory.balance_at,
        "The counters at an instant, by the ledger. Null before the first movement.",
        "id",
    )
