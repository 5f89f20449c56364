"""What belongs to shipments and returns."""

from typing import Final

from models.fulfillment import Parcel, Return, ReturnLine, Shipment, ShipmentLine, TrackingEvent
from resolvers.loaders.relation import ToMany, ToOne

shipment: Final = ToOne(Shipment, key="shipment_id")
shipments_of_order: Final = ToMany(Shipment, by="order_id", order=("created_at", "id"))
lines_of_shipment: Final = ToMany(ShipmentLine, by="shipment_id", order=("id",))
parcels_of_shipment: Final = ToMany(Parcel, by="shipment_id", order=("position",))
news_of_shipment: Final = ToMany(
    TrackingEvent, by="shipment_id", order=("at", "id"), key="shipment_id"
)
returns_of_order: Final = ToMany(Return, by="order_id", order=("created_at", "id"))
lines_of_return: Final = ToMany(ReturnLine, by="return_request_id", order=("id",))
