"""The way of a lot or a serial number."""

from datetime import date, datetime

import strawberry

from graph.fields import computed_by, related
from graph.types.catalog import Product, Supplier
from graph.types.inventory import Warehouse
from graph.types.orders import Order
from models.rules.inventory import MovementKind
from resolvers import tracking
from resolvers.loaders import catalog, inventory, orders


@strawberry.type(description="One step on the way of a lot or a serial number.")
class TraceStep:
    at: datetime = strawberry.field(description="When.")
    kind: MovementKind = strawberry.field(description="What happened.")
    warehouse: Warehouse | None = related(
        inventory.warehouse_of_stock,
        "The warehouse that it came to or left; null where you see none, and for goods that came "
        "back and were thrown away.",
    )
    supplier: Supplier | None = related(catalog.supplier, "Who delivered it, where it came new.")
    order: Order | None = related(
        orders.order, "The order that it was for; null for whoever may not see orders."
    )
    place: str | None = computed_by(
        tracking.place,
        "kind",
        inventory.warehouse_of_stock,
        orders.order,
        description="Where the step led to, in words: the city that the order went to, else the "
        "warehouse. Null where you see neither.",
    )


@strawberry.type(description="The way of a lot or a serial number.")
class Trace:
    code: str = strawberry.field(description="The lot's code or the serial number.")
    product: Product = related(catalog.product, "What it is.")
    genuine: bool = strawberry.field(
        description="Whether it has been sold by us and is with a customer: for a serial number, "
        "that it lies on no shelf of ours and was not scrapped; for a lot, that some of it is out."
    )
    expires_on: date | None = strawberry.field(description="The last day on which it is good.")
    steps: list[TraceStep] = strawberry.field(
        description="What happened to it, the oldest first; of more than 200 steps the latest 200."
    )
