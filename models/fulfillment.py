"""Shipments, their parcels and tracking events, returns."""

from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from models.columns import Subject, UtcDatetime, identity
from models.inventory import Warehouse
from models.orders import Order, OrderLine
from models.rules.return_states import Disposition, ReturnState
from models.rules.shipment_states import ShipmentStatus


class Shipment(Subject):
    id = identity()
    number = fields.CharField(max_length=64, unique=True)
    order: fields.ForeignKeyRelation[Order] = fields.ForeignKeyField(
        "models.Order", on_delete=fields.CASCADE, related_name="shipments"
    )
    order_id: UUID
    warehouse: fields.ForeignKeyRelation[Warehouse] = fields.ForeignKeyField(
        "models.Warehouse", on_delete=fields.RESTRICT, related_name="shipments"
    )
    warehouse_id: UUID
    status = fields.CharEnumField(ShipmentStatus, max_length=24)
    shipped_at = UtcDatetime(null=True)
    delivered_at = UtcDatetime(null=True)

    class Meta:
        table = "shipment"
        indexes = [
            Index(fields=("order_id",), name="shipment_by_order"),
            Index(fields=("warehouse_id", "status"), name="shipment_by_warehouse"),
            Index(fields=("warehouse_id", "created_at", "id"), name="shipment_by_place_and_age"),
            Index(fields=("status", "created_at", "id"), name="shipment_by_status"),
            Index(fields=("created_at", "id"), name="shipment_by_age"),
        ]


class ShipmentLine(Model):
    id = identity()
    shipment: fields.ForeignKeyRelation[Shipment] = fields.ForeignKeyField(
        "models.Shipment", on_delete=fields.CASCADE, related_name="lines"
    )
    shipment_id: UUID
    order_line: fields.ForeignKeyRelation[OrderLine] = fields.ForeignKeyField(
        "models.OrderLine", on_delete=fields.CASCADE, related_name="shipment_lines"
    )
    order_line_id: UUID
    quantity = fields.BigIntField()

    class Meta:
        table = "shipment_line"
        unique_together = (("shipment_id", "order_line_id"),)
        indexes = [Index(fields=("order_line_id",), name="shipment_line_by_order_line")]
        constraints = [CheckConstraint(name="shipment_line_quantity", check="quantity > 0")]


class Parcel(Model):
    id = identity()
    shipment: fields.ForeignKeyRelation[Shipment] = fields.ForeignKeyField(
        "models.Shipment", on_delete=fields.CASCADE, related_name="parcels"
    )
    shipment_id: UUID
    position = fields.IntField()
    carrier = fields.CharField(max_length=64, null=True)
    tracking_number = fields.CharField(max_length=64, null=True)
    tracking_url = fields.CharField(max_length=1000, null=True)

    class Meta:
        table = "parcel"
        unique_together = (("shipment_id", "position"),)
        indexes = [Index(fields=("tracking_number",), name="parcel_by_tracking_number")]


class TrackingEvent(Model):
    """A tracking event of one parcel, or of all parcels of a shipment if `parcel` is null."""

    id = identity()
    shipment: fields.ForeignKeyRelation[Shipment] = fields.ForeignKeyField(
        "models.Shipment", on_delete=fields.CASCADE, related_name="tracking_events"
    )
    shipment_id: UUID
    parcel: fields.ForeignKeyNullableRelation[Parcel] = fields.ForeignKeyField(
        "models.Parcel", null=True, on_delete=fields.CASCADE, related_name="tracking_events"
    )
    parcel_id: UUID | None
    status = fields.CharEnumField(ShipmentStatus, max_length=24)
    at = UtcDatetime()
    place = fields.CharField(max_length=200, null=True)
    message = fields.CharField(max_length=1000, null=True)

    class Meta:
        table = "tracking_event"
        indexes = [
            Index(fields=("shipment_id", "at"), name="tracking_by_shipment"),
            Index(fields=("parcel_id",), name="tracking_by_parcel"),
        ]


class Return(Subject):
    id = identity()
    number = fields.CharField(max_length=64, unique=True)
    order: fields.ForeignKeyRelation[Order] = fields.ForeignKeyField(
        "models.Order", on_delete=fields.CASCADE, related_name="returns"
    )
    order_id: UUID
    status = fields.CharEnumField(ReturnState, max_length=24)
    reason = fields.CharField(max_length=1000)

    class Meta:
        table = "return_request"
        indexes = [
            Index(fields=("order_id",), name="return_by_order"),
            Index(fields=("created_at", "id"), name="return_by_age"),
            Index(fields=("status", "created_at", "id"), name="return_by_status"),
        ]


class ReturnLine(Model):
    """Units of a line in a return. `announced` are the units named by the request, by their code.

    Null: the request named none.
    """

    id = identity()
    return_request: fields.ForeignKeyRelation[Return] = fields.ForeignKeyField(
        "models.Return", on_delete=fields.CASCADE, related_name="lines"
    )
    return_request_id: UUID
    order_line: fields.ForeignKeyRelation[OrderLine] = fields.ForeignKeyField(
        "models.OrderLine", on_delete=fields.CASCADE, related_name="return_lines"
    )
    order_line_id: UUID
    quantity = fields.BigIntField()
    received = fields.BigIntField(default=0)
    announced: Any = fields.JSONField(null=True)
    disposition = fields.CharEnumField(Disposition, max_length=16, null=True)

    class Meta:
        table = "return_line"
        unique_together = (("return_request_id", "order_line_id"),)
        indexes = [Index(fields=("order_line_id",), name="return_line_by_order_line")]
        constraints = [
            CheckConstraint(name="return_line_quantity", check="quantity > 0"),
            CheckConstraint(
                name="return_line_received", check="received >= 0 AND received <= quantity"
            ),
        ]
