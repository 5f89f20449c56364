"""The trace of a lot or a serial number."""

from datetime import date, datetime

import strawberry

from graph.fields import computed_by, related
from graph.types.catalog import Product, Supplier
from graph.types.inventory import Warehouse
from graph.types.orders import Order
from models.rules.inventory import MovementKind
from resolvers import tracking
from resolvers.loaders import catalog, inventory, orders


@strawberry.type(description="One step of a trace: a movement of a lot or a serial number.")
class TraceStep:
    at: datetime = strawberry.field(description="The instant of the movement.")
    kind: MovementKind = strawberry.field(description="The kind of movement.")
    warehouse: Warehouse | None = related(
        inventory.warehouse_of_stock,
        "The warehouse that the units came to or left. Null where the caller may "
        "not read stock, and for returned units that were scrapped.",
    )
    supplier: Supplier | None = related(
        catalog.supplier, "The supplier of a first receipt. Null for other steps."
    )
    order: Order | None = related(
        orders.order,
        "The order of the step. Null for a step without an order, and where the "
        "caller may not read orders.",
    )
    place: str | None = computed_by(
        tracking.place,
        "kind",
        inventory.warehouse_of_stock,
        orders.order,
        description="The destination in words: the city of a shipped order, else the "
        "warehouse's name. Null where the caller may read neither.",
    )


@strawberry.type(
    description="The trace of a lot or a serial number, from the supplier to the customer and back."
)
class Trace:
    code: str = strawberry.field(description="The lot's code or the serial number.")
    product: Product = related(catalog.product, "The product.")
    genuine: bool = strawberry.field(
        description="True: the company sold units of the code, and they are with a customer "
        "now. For a serial number: the piece is neither on hand nor scrapped. For a lot: at "
        "least one unit is out."
    )
    expires_on: date | None = strawberry.field(
        description="The last day of use. Null where the units do not expire."
    )
    steps: list[TraceStep] = strawberry.field(
        description="The steps, the oldest first; of more than 200 the latest 200."
    )
