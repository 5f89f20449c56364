"""Shipments with their parcels and tracking events, and returns."""

from datetime import datetime
from typing import Annotated

import strawberry

from graph.fields import LINES, Given, computed_by, related
from graph.types.inventory import Warehouse
from graph.types.node import Node, identified, stands_for
from graph.types.orders import Order, OrderLine
from models import fulfillment as tables
from models.rules.return_states import Disposition, ReturnState
from models.rules.shipment_states import ShipmentStatus
from resolvers import fulfillment
from resolvers.loaders import fulfillment as loaders
from resolvers.loaders import inventory, orders

LazyParcel = Annotated["Parcel", strawberry.lazy("graph.types.fulfillment")]


@strawberry.type(description="A tracking event of a parcel, or of a whole shipment.")
class TrackingEvent:
    status: ShipmentStatus = strawberry.field(description="The status of the event.")
    at: datetime = strawberry.field(description="The instant of the event.")
    place: str | None = strawberry.field(
        description="The place of the event, at most 200 characters. Null where none was given."
    )
    message: str | None = strawberry.field(
        description="The carrier's message, at most 1000 characters. Null where none was given."
    )
    parcel: LazyParcel | None = related(
        loaders.parcel, "The parcel. Null: the event is of the whole shipment."
    )


@stands_for(tables.Parcel, "A parcel of a shipment.")
class Parcel(Node):
    id: strawberry.ID = identified("Parcel")
    carrier: str | None = strawberry.field(
        description="The carrier's name, at most 64 characters. Null where none is known."
    )
    tracking_number: str | None = strawberry.field(
        description="The carrier's tracking number, at most 64 characters. Null where none is "
        "known."
    )
    tracking_url: str | None = strawberry.field(
        description="The URL of the carrier's tracking page, at most 1000 characters. Null "
        "where none is known."
    )
    events: list[TrackingEvent] = computed_by(
        fulfillment.tracking_events,
        "id",
        loaders.tracking_events_of_its_shipment,
        description="The tracking events of the parcel and of its whole shipment, the oldest "
        "first.",
    )


@strawberry.type(description="Units of one order line in a shipment.")
class ShipmentLine:
    order_line: OrderLine = related(orders.order_line, "The order line.")
    quantity: int = strawberry.field(description="The shipped units, in stock units.")


@stands_for(tables.Shipment, "A shipment: units of one order that leave one warehouse together.")
class Shipment(Node):
    id: strawberry.ID = identified("Shipment")
    version: int = strawberry.field(description="The version. Each change raises it.")
    number: str = strawberry.field(description="The shipment's number. Unique.")
    status: ShipmentStatus = strawberry.field(description="The shipment's status.")
    order: Order = related(orders.order, "The shipped order.")
    warehouse: Warehouse = related(inventory.warehouse, "The warehouse that the shipment leaves.")
    lines: list[ShipmentLine] = related(
        loaders.lines_of_shipment, "The shipment's lines.", size=LINES
    )
    parcels: list[Parcel] = related(loaders.parcels_of_shipment, "The shipment's parcels.")
    events: list[TrackingEvent] = related(
        loaders.tracking_events_of_shipment,
        "The tracking events of the shipment and of all its parcels, sorted by "
        "their own time, the oldest first.",
    )
    shipped_at: datetime | None = strawberry.field(
        description="The instant at which the shipment left the warehouse. Null before."
    )
    delivered_at: datetime | None = strawberry.field(
        description="The instant at which the shipment arrived. Null before."
    )
    is_delayed: bool = computed_by(
        fulfillment.is_delayed,
        Given.CONTEXT,
        "status",
        "created_at",
        "shipped_at",
        orders.order,
        description="True: the shipment should have left by now, or after it left should have "
        "arrived by now.",
    )


@strawberry.type(description="Units of one order line in a return.")
class ReturnLine:
    order_line: OrderLine = related(orders.order_line, "The order line.")
    quantity: int = strawberry.field(description="The announced units, in stock units.")
    received: int = strawberry.field(description="The received units among the announced ones.")
    disposition: Disposition | None = strawberry.field(
        description="The disposition of the units received last. Null before the first receipt."
    )


@stands_for(tables.Return, "A return: units of an order that its customer sends back.")
class Return(Node):
    id: strawberry.ID = identified("Return")
    version: int = strawberry.field(description="The version. Each receipt raises it.")
    number: str = strawberry.field(description="The return's number. Unique.")
    order: Order = related(orders.order, "The order of the returned units.")
    status: ReturnState = strawberry.field(description="The return's status.")
    reason: str = strawberry.field(description="The customer's reason, at most 1000 characters.")
    requested_at: datetime = computed_by(
        fulfillment.requested_at,
        "created_at",
        description="The instant at which the return was announced.",
    )
    lines: list[ReturnLine] = related(loaders.lines_of_return, "The return's lines.", size=LINES)
