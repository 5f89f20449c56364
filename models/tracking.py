"""Lots and serial numbers: their stock, their shipments and their trace."""

from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from models.catalog import Product
from models.columns import ByActor, UtcDatetime, identity
from models.fulfillment import ShipmentLine
from models.inventory import StockItem
from models.rules.inventory import MovementKind


class TrackedUnit(Model):
    """A lot, or the piece with a serial number. `sold` is its quantity with customers."""

    id = identity()
    product: fields.ForeignKeyRelation[Product] = fields.ForeignKeyField(
        "models.Product", on_delete=fields.RESTRICT, related_name="tracked_units"
    )
    product_id: UUID
    code = fields.CharField(max_length=64)
    expires_on: Any = fields.DateField(null=True)
    sold = fields.BigIntField(default=0)
    movement_seq = fields.IntField(default=0)
    created_at = UtcDatetime()
    moved_at = UtcDatetime()

    class Meta:
        table = "tracked_unit"
        unique_together = (("product_id", "code"),)
        indexes = [Index(fields=("code", "moved_at"), name="tracked_unit_by_code")]
        constraints = [CheckConstraint(name="tracked_unit_sold", check="sold >= 0")]


class UnitStock(Model):
    """The quantity of a unit in a stock item; `assigned` are in shipments that have not left."""

    id = identity()
    unit: fields.ForeignKeyRelation[TrackedUnit] = fields.ForeignKeyField(
        "models.TrackedUnit", on_delete=fields.RESTRICT, related_name="stock"
    )
    unit_id: UUID
    stock_item: fields.ForeignKeyRelation[StockItem] = fields.ForeignKeyField(
        "models.StockItem", on_delete=fields.RESTRICT, related_name="units"
    )
    stock_item_id: UUID
    quantity = fields.BigIntField()
    assigned = fields.BigIntField(default=0)
    damaged = fields.BigIntField(default=0)

    class Meta:
        table = "unit_stock"
        unique_together = (("stock_item_id", "unit_id"),)
        indexes = [Index(fields=("unit_id",), name="unit_stock_by_unit")]
        constraints = [
            CheckConstraint(name="unit_stock_quantity", check="quantity >= 0"),
            CheckConstraint(name="unit_stock_assigned", check="assigned >= 0"),
            CheckConstraint(name="unit_stock_damaged", check="damaged >= 0"),
            CheckConstraint(name="unit_stock_taken", check="assigned + damaged <= quantity"),
        ]


class ShipmentUnit(Model):
    """The quantity of a unit in a shipment line, before and after the shipment leaves."""

    id = identity()
    shipment_line: fields.ForeignKeyRelation[ShipmentLine] = fields.ForeignKeyField(
        "models.ShipmentLine", on_delete=fields.CASCADE, related_name="units"
    )
    shipment_line_id: UUID
    unit: fields.ForeignKeyRelation[TrackedUnit] = fields.ForeignKeyField(
        "models.TrackedUnit", on_delete=fields.RESTRICT, related_name="shipments"
    )
    unit_id: UUID
    quantity = fields.BigIntField()

    class Meta:
        table = "shipment_unit"
        unique_together = (("shipment_line_id", "unit_id"),)
        indexes = [Index(fields=("unit_id",), name="shipment_unit_by_unit")]
        constraints = [CheckConstraint(name="shipment_unit_quantity", check="quantity > 0")]


class UnitMovement(ByActor):
    """One step of a unit's trace; only added. `sequence` numbers a unit's steps without a gap.

    Without a stock item the units never entered the stock: they were returned and scrapped.
    """

    id = identity()
    unit: fields.ForeignKeyRelation[TrackedUnit] = fields.ForeignKeyField(
        "models.TrackedUnit", on_delete=fields.RESTRICT, related_name="movements"
    )
    unit_id: UUID
    sequence = fields.IntField()
    at = UtcDatetime()
    kind = fields.CharEnumField(MovementKind, max_length=16)
    quantity = fields.BigIntField()
    stock_item: fields.ForeignKeyNullableRelation[StockItem] = fields.ForeignKeyField(
        "models.StockItem", null=True, on_delete=fields.RESTRICT, related_name="unit_movements"
    )
    stock_item_id: UUID | None
    supplier_id = fields.UUIDField(null=True)
    order_id = fields.UUIDField(null=True)
    order_line_id = fields.UUIDField(null=True)
    shipment_id = fields.UUIDField(null=True)
    return_id = fields.UUIDField(null=True)

    class Meta:
        table = "unit_movement"
        unique_together = (("unit_id", "sequence"),)
        indexes = [
            Index(fields=("stock_item_id",), name="unit_movement_by_stock"),
            Index(fields=("order_line_id",), name="unit_movement_by_order_line"),
        ]
