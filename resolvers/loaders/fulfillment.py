"""Relations of shipments and returns."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from tortoise.expressions import F
from tortoise.functions import Sum

from models.fulfillment import Parcel, Return, ReturnLine, Shipment, ShipmentLine, TrackingEvent
from models.rules.access import Actor
from models.rules.return_states import AWAITED
from resolvers.loaders.relation import Computed, ToMany, ToOne, chunks
from services.work.visibility import visible

shipment: Final = ToOne(Shipment, key="shipment_id")
shipments_of_order: Final = ToMany(Shipment, by="order_id", order=("created_at", "id"))
lines_of_shipment: Final = ToMany(ShipmentLine, by="shipment_id", order=("id",))
parcel: Final = ToOne(Parcel, key="parcel_id")
parcels_of_shipment: Final = ToMany(Parcel, by="shipment_id", order=("position",))
tracking_events_of_shipment: Final = ToMany(TrackingEvent, by="shipment_id", order=("at", "id"))
tracking_events_of_its_shipment: Final = ToMany(
    TrackingEvent, by="shipment_id", order=("at", "id"), key="shipment_id"
)
returns_of_order: Final = ToMany(Return, by="order_id", order=("created_at", "id"))
lines_of_return: Final = ToMany(ReturnLine, by="return_request_id", order=("id",))


async def _shipments_by_tracking_number(actor: Actor, numbers: Sequence[str]) -> list[Any]:
    """The shipment of the latest parcel with each number, because carriers reuse numbers."""
    parcels = visible(Parcel, actor).filter(tracking_number__in=list(numbers)).order_by("id")
    meant = {parcel.tracking_number: parcel.shipment_id for parcel in await parcels}
    found = dict(zip(meant, await shipment.load(actor, list(meant.values())), strict=True))
    return [found.get(number) for number in numbers]


async def _announced_units(actor: Actor, orders: Sequence[UUID]) -> list[int]:
    """The units of each order that are announced as returns and not received."""
    found: dict[UUID, int] = {}
    for chunk in chunks(orders):
        awaited = visible(ReturnLine, actor).filter(
            return_request__order_id__in=chunk, return_request__status__in=AWAITED
        )
        summed = awaited.annotate(units=Sum(F("quantity") - F("received")))
        rows = await summed.group_by("return_request__order_id").values_list(
            "return_request__order_id", "units"
        )
        found.update({key: int(units) for key, units in rows})
    return [found.get(key, 0) for key in orders]


announced_units_of_order: Final = Computed(_announced_units)
shipment_by_tracking_number: Final = Computed(_shipments_by_tracking_number)
