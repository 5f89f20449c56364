"""Warehouses, what lies in them, and the ledger of every change."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from graph.fields import asked_of, computed_by, paged_by, related
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


@stands_for(tables.Warehouse, "A place where stock lies and from which it ships.")
class Warehouse(Node):
    id: strawberry.ID = identified("Warehouse")
    version: int = strawberry.field(description="Goes up with every change.")
    code: str = strawberry.field(description="The key that people use. Unique.")
    name: str = strawberry.field(description="What it is called.")
    address: Address | None = computed_by(restored, "address", description="Where it is.")
    priority: int = strawberry.field(description="Orders are served from the lowest first.")
    stock: Connection[LazyStockItem] = paged_by(
        inventory.stock_of_warehouse, "What lies there, oldest entries first."
    )


@stands_for(tables.StockMovement, "One line of the ledger: what changed the stock, and who did.")
class StockMovement(Node):
    id: strawberry.ID = identified("StockMovement")
    at: datetime = strawberry.field(description="When.")
    kind: MovementKind = strawberry.field(description="What happened.")
    quantity: int = strawberry.field(description="Units; negative where it took some away.")
    on_hand_after: int = strawberry.field(description="What was there afterwards.")
    reserved_after: int = strawberry.field(description="What was promised afterwards.")
    reason: str | None = strawberry.field(description="Why, where somebody said.")
    actor: Actor = actor("Who did it.")
    order: LazyOrder | None = related(orders_loaders.order, "The order that it was for.")


@strawberry.type(description="How many units there were.")
class StockBalance:
    on_hand: int = strawberry.field(description="Units that were there.")
    reserved: int = strawberry.field(description="Units of them that were promised to orders.")
    damaged: int = strawberry.field(description="Units of them that nobody could sell.")


@stands_for(tables.StockItem, "What lies of one product in one warehouse.")
class StockItem(Node):
    id: strawberry.ID = identified("StockItem")
    version: int = strawberry.field(description="Goes up with every change.")
    product: Product = related(catalog.product, "What lies there.")
    warehouse: Warehouse = related(loaders.warehouse, "Where.")
    on_hand: int = strawberry.field(description="Units that are there.")
    reserved: int = strawberry.field(description="Units of them that are promised to orders.")
    damaged: int = strawberry.field(description="Units of them that nobody can sell.")
    incoming: int = strawberry.field(description="Units that suppliers have been asked for.")
    safety_stock: int = strawberry.field(description="Units that are kept back.")
    available: int = strawberry.field(
        description="Units that can be promised: `onHand - reserved - damaged - safetyStock`. "
        "Negative where more is kept back than there is.",
    )
    reorder_point: int | None = strawberry.field(description="Reorder from here on.")
    reorder_quantity: int | None = strawberry.field(description="Reorder this many.")
    is_low: bool = strawberry.field(
        description="Whether what can be promised and comes is at or below `reorderPoint`."
    )
    movements: Log[StockMovement] = paged_by(inventory.movements, "The ledger, the latest first.")
    balance_at: StockBalance | None = asked_of(
        inventory.balance_at,
        "What was there at an instant, as the ledger has it; null before its first line.",
        "id",
    )
