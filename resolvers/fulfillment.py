"""Fields of shipments and returns, and the root fields that make and move them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from models.fulfillment import TrackingEvent
from models.orders import Order
from models.rules import delays
from models.rules.shipment_states import ShipmentStatus
from resolvers.arguments import Id, Version
from resolvers.context import Info
from resolvers.identifiers import input_key
from resolvers.inputs.fulfillment import ShipInput
from resolvers.orders import line_units
from services import clock, policy
from services import fulfillment as services
from services.fulfillment import CreateShipment, NewParcel, Track


def is_delayed(
    status: ShipmentStatus, made_at: datetime, shipped_at: datetime | None, order: Order | None
) -> bool:
    if order is None or order.stage is None:
        return False
    deadlines = policy.current().deadlines
    due = delays.shipment_due_at(status, made_at, shipped_at, order.promised_at, deadlines)
    return delays.is_delayed(due, clock.now())


def tracking_events(parcel_id: UUID, news: list[TrackingEvent]) -> list[TrackingEvent]:
    return [each for each in news if each.parcel_id in (None, parcel_id)]


async def shipment_create(
    info: Info,
    order_id: Annotated[strawberry.ID, strawberry.argument(description="Which order.")],
    version: Version,
    input: Annotated[ShipInput, strawberry.argument(description="What goes, from where.")],
) -> Order:
    command = CreateShipment(
        order_id=input_key("Order", order_id, ("orderId",)),
        version=version,
        warehouse_id=input_key("Warehouse", input.warehouse_id, ("warehouseId",)),
        lines=None if input.lines is None else line_units(input.lines, "lines"),
        parcels=tuple(
            NewParcel(parcel.carrier, parcel.tracking_number, parcel.tracking_url)
            for parcel in input.parcels or ()
        ),
    )
    return await services.create_shipment(info.context.actor, command)


async def shipment_track(
    info: Info,
    id: Id,
    status: Annotated[ShipmentStatus, strawberry.argument(description="How far it is.")],
    parcel_id: Annotated[
        strawberry.ID | None, strawberry.argument(description="One parcel; else all.")
    ] = None,
    at: Annotated[datetime | None, strawberry.argument(description="When; else now.")] = None,
    place: Annotated[str | None, strawberry.argument(description="Where.")] = None,
    message: Annotated[
        str | None, strawberry.argument(description="What the carrier says.")
    ] = None,
) -> Order:
    command = Track(
        shipment_id=input_key("Shipment", id, ("id",)),
        status=status,
        parcel_id=input_key("Parcel", parcel_id, ("parcelId",)) if parcel_id else None,
        at=at,
        place=place,
        message=message,
    )
    return await services.track_shipment(info.context.actor, command)
