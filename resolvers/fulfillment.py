"""Fields of shipments and returns, and the root fields that make and move them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from models.fulfillment import Return, Shipment, TrackingEvent
from models.orders import Order
from models.rules import delays
from models.rules.access import Actor
from models.rules.errors import BadRequest
from models.rules.return_states import ReturnUnits
from models.rules.shipment_states import ShipmentStatus
from models.rules.text import forms
from models.rules.tracking import NamedUnits
from resolvers.arguments import Id, OptionalId, Version
from resolvers.context import Context, Info
from resolvers.filters.fulfillment import return_query, shipment_query
from resolvers.finding import Found, find_one, first_of
from resolvers.identifiers import input_key
from resolvers.inputs.fulfillment import (
    ParcelInput,
    ReturnLineInput,
    ReturnWhere,
    ShipInput,
    ShipLineInput,
    ShipmentWhere,
)
from resolvers.listing import Listing, scope_of
from resolvers.loaders.fulfillment import shipment_by_tracking_number
from resolvers.orders import line_units
from resolvers.tracking import named_units
from services.aggregates.shipments import NewParcel
from services.fulfillment import returns
from services.fulfillment.parcels import SaveParcel, save_parcel
from services.fulfillment.returns import ReceiveReturn, RequestReturn
from services.fulfillment.ship import CreateShipment, create_shipment
from services.fulfillment.track import Track, track_shipment
from services.work import clock


def is_delayed(
    context: Context,
    status: ShipmentStatus,
    made_at: datetime,
    shipped_at: datetime | None,
    order: Order | None,
) -> bool:
    if order is None or order.stage is None:
        return False
    deadlines = context.policy.deadlines
    due = delays.shipment_due_at(status, made_at, shipped_at, order.promised_at, deadlines)
    return delays.is_delayed(due, clock.now())


def tracking_events(parcel_id: UUID, events: list[TrackingEvent]) -> list[TrackingEvent]:
    return [each for each in events if each.parcel_id in (None, parcel_id)]


def requested_at(created_at: datetime) -> datetime:
    return created_at


def shipment(
    info: Info,
    id: OptionalId = None,
    number: Annotated[str | None, strawberry.argument(description="The shipment's number.")] = None,
    tracking_number: Annotated[
        str | None,
        strawberry.argument(
            description="The carrier's tracking number of a parcel. Of several shipments the "
            "latest."
        ),
    ] = None,
) -> Found:
    if tracking_number is None:
        return find_one(info.context, Shipment, id, None, number=number)
    if id is not None or number is not None:
        raise BadRequest("Give exactly one of the arguments.")
    return first_of(info.context, shipment_by_tracking_number, forms(tracking_number))


def shipments(
    where: Annotated[
        ShipmentWhere | None,
        strawberry.argument(description="The filter. Without it: all shipments."),
    ] = None,
) -> Listing:
    return Listing(
        table=Shipment,
        scope=scope_of("shipments", where),
        sort="created_at",
        descending=True,
        where=shipment_query(where),
    )


def returns_listed(
    actor: Actor,
    where: Annotated[
        ReturnWhere | None, strawberry.argument(description="The filter. Without it: all returns.")
    ] = None,
) -> Listing:
    return Listing(
        table=Return,
        scope=scope_of("returns", where),
        sort="created_at",
        descending=True,
        where=return_query(actor, where),
    )


async def parcel_save(
    info: Info,
    shipment_id: Annotated[strawberry.ID, strawberry.argument(description="The shipment's id.")],
    input: Annotated[
        ParcelInput,
        strawberry.argument(
            description="The parcel's texts. A text that is left out or null stays; an empty text "
            "clears."
        ),
    ],
    parcel_id: Annotated[
        strawberry.ID | None,
        strawberry.argument(description="The parcel to correct. Without an id a new one is added."),
    ] = None,
) -> Order:
    command = SaveParcel(
        shipment_id=input_key("Shipment", shipment_id, ("shipmentId",)),
        texts=NewParcel(input.carrier, input.tracking_number, input.tracking_url),
        parcel_id=input_key("Parcel", parcel_id, ("parcelId",)) if parcel_id else None,
    )
    return await save_parcel(info.context.actor, command)


async def shipment_create(
    info: Info,
    order_id: Annotated[strawberry.ID, strawberry.argument(description="The order's id.")],
    version: Version,
    input: Annotated[ShipInput, strawberry.argument(description="The shipment.")],
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
        units=_chosen(input.lines or []),
    )
    return await create_shipment(info.context.actor, command)


def _chosen(lines: list[ShipLineInput]) -> dict[UUID, tuple[NamedUnits, ...]]:
    """The chosen units by line; those of a line that occurs twice are joined."""
    chosen: dict[UUID, tuple[NamedUnits, ...]] = {}
    for index, line in enumerate(lines):
        if (named := named_units(line.units)) is not None:
            key = input_key("OrderLine", line.line_id, ("lines", str(index), "lineId"))
            chosen[key] = (*chosen.get(key, ()), *named)
    return chosen


async def shipment_track(
    info: Info,
    id: Id,
    status: Annotated[
        ShipmentStatus, strawberry.argument(description="The status of the tracking event.")
    ],
    parcel_id: Annotated[
        strawberry.ID | None,
        strawberry.argument(
            description="The parcel of the event. Without it: the whole shipment. DELIVERED of a "
            "parcel delivers the shipment once all parcels are delivered."
        ),
    ] = None,
    at: Annotated[
        datetime | None,
        strawberry.argument(
            description="The instant of the event, from the order's placing until now. Without it: "
            "now."
        ),
    ] = None,
    place: Annotated[
        str | None,
        strawberry.argument(description="The place of the event, at most 200 characters."),
    ] = None,
    message: Annotated[
        str | None,
        strawberry.argument(description="The carrier's message, at most 1000 characters."),
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
    return await track_shipment(info.context.actor, command)


async def return_request(
    info: Info,
    order_id: Annotated[strawberry.ID, strawberry.argument(description="The order's id.")],
    lines: Annotated[
        list[ReturnLineInput],
        strawberry.argument(
            description="The units that come back: 1 to 2000 lines unless the operator has set "
            "another limit."
        ),
    ],
    reason: Annotated[
        str, strawberry.argument(description="The customer's reason, 1 to 1000 characters.")
    ],
) -> Order:
    command = RequestReturn(
        order_id=input_key("Order", order_id, ("orderId",)),
        lines=_return_units(lines),
        reason=reason,
    )
    return await returns.request_return(info.context.actor, command)


async def return_receive(
    info: Info,
    id: Id,
    version: Annotated[
        int,
        strawberry.argument(
            description="The return's version that the caller read. Another present version is "
            "answered VERSION_CONFLICT."
        ),
    ],
    lines: Annotated[
        list[ReturnLineInput],
        strawberry.argument(
            description="The received units: 1 to 2000 lines unless the operator has set another "
            "limit. Units of one order line with different dispositions are lines of their own."
        ),
    ],
    warehouse_id: Annotated[
        strawberry.ID | None,
        strawberry.argument(
            description="The warehouse that all units are put into. Without it each unit goes back "
            "to the warehouse that it left."
        ),
    ] = None,
) -> Order:
    command = ReceiveReturn(
        return_id=input_key("Return", id, ("id",)),
        version=version,
        lines=_return_units(lines),
        warehouse_id=input_key("Warehouse", warehouse_id, ("warehouseId",))
        if warehouse_id
        else None,
    )
    return await returns.receive_return(info.context.actor, command)


def _return_units(lines: list[ReturnLineInput]) -> tuple[ReturnUnits, ...]:
    return tuple(
        ReturnUnits(
            line_id=input_key("OrderLine", line.line_id, ("lines", str(index), "lineId")),
            quantity=line.quantity,
            disposition=line.disposition,
            units=named_units(line.units),
        )
        for index, line in enumerate(lines)
    )
