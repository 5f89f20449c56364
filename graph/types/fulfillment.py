"""Shipments, their parcels and what carriers say, returns."""

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


@strawberry.type(description="What a carrier said about a parcel, or about all of a shipment.")
class TrackingEvent:
    status: ShipmentStatus = strawberry.field(description="How far it was.")
    at: datetime = strawberry.field(description="When.")
    place: str | None = strawberry.field(description="Where.")
    message: str | None = strawberry.field(description="In the carrier's words.")
    parcel: LazyParcel | None = related(loaders.parcel, "Which parcel; null: the whole shipment.")


@stands_for(tables.Parcel, "One parcel of a shipment.")
class Parcel(Node):
    id: strawberry.ID = identified("Parcel")
    carrier: str | None = strawberry.field(description="Who carries it.")
    tracking_number: str | None = strawberry.field(description="The carrier's number.")
    tracking_url: str | None = strawberry.field(description="Where a person can follow it.")
    events: list[TrackingEvent] = computed_by(
        fulfillment.tracking_events,
        "id",
        loaders.news_of_its_shipment,
        description="What happened to it, the oldest first.",
    )


@strawberry.type(description="Units of an order's line that are in a shipment.")
class ShipmentLine:
    order_line: OrderLine = related(orders.order_line, "The line.")
    quantity: int = strawberry.field(description="How many units.")


@stands_for(tables.Shipment, "Units of an order that leave one warehouse together.")
class Shipment(Node):
    id: strawberry.ID = identified("Shipment")
    version: int = strawberry.field(description="Goes up with every change.")
    number: str = strawberry.field(description="The number that people use. Unique.")
    status: ShipmentStatus = strawberry.field(description="How far it is.")
    order: Order = related(orders.order, "The order that it serves.")
    warehouse: Warehouse = related(inventory.warehouse, "Where it leaves from.")
    lines: list[ShipmentLine] = related(loaders.lines_of_shipment, "What is in it.", size=LINES)
    parcels: list[Parcel] = related(loaders.parcels_of_shipment, "Its parcels.")
    events: list[TrackingEvent] = related(
        loaders.news_of_shipment,
        "What happened to it and to each of its parcels, the oldest first, whenever it was told.",
    )
    shipped_at: datetime | None = strawberry.field(description="When it left.")
    delivered_at: datetime | None = strawberry.field(description="When it arrived.")
    is_delayed: bool = computed_by(
        fulfillment.is_delayed,
        Given.CONTEXT,
        "status",
        "created_at",
        "shipped_at",
        orders.order,
        description="Whether it should have left by now, or should have arrived once it has left.",
    )


@strawberry.type(description="Units of an order's line that are to come back.")
class ReturnLine:
    order_line: OrderLine = related(orders.order_line, "The line.")
    quantity: int = strawberry.field(description="How many units were announced.")
    received: int = strawberry.field(description="How many of them have come.")
    disposition: Disposition | None = strawberry.field(
        description="What became of those that came last; null: none has come yet."
    )


@stands_for(tables.Return, "Units of an order that a customer gives back.")
class Return(Node):
    id: strawberry.ID = identified("Return")
    version: int = strawberry.field(description="Goes up with every change.")
    number: str = strawberry.field(description="The number that people use. Unique.")
    order: Order = related(orders.order, "The order that they were in.")
    status: ReturnState = strawberry.field(description="How far it is.")
    reason: str = strawberry.field(description="Why.")
    requested_at: datetime = computed_by(
        fulfillment.requested_at, "created_at", description="When it was announced."
    )
    lines: list[ReturnLine] = related(loaders.lines_of_return, "What comes back.", size=LINES)
