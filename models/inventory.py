"""Warehouses, stock items, and the ledger of stock movements."""

from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from models.catalog import Product
from models.columns import ByActor, Subject, UtcDatetime, Versioned, identity
from models.rules.inventory import MAX_QUANTITY, Balance, MovementKind


class Warehouse(Versioned):
    id = identity()
    code = fields.CharField(max_length=64, unique=True)
    name = fields.CharField(max_length=200)
    address: Any = fields.JSONField(null=True)
    priority = fields.IntField(default=100)

    class Meta:
        table = "warehouse"


class StockItem(Subject):
    """The counters of one product in one warehouse: the stored sums of its ledger.

    Columns for sorting and filtering are stored, too: `available` and `is_low` follow from the
    counters and the reorder rule, `sort_sku` and `sort_name` are the product's. See ADR 17.
    """

    id = identity()
    product: fields.ForeignKeyRelation[Product] = fields.ForeignKeyField(
        "models.Product", on_delete=fields.RESTRICT, related_name="stock_items"
    )
    product_id: UUID
    warehouse: fields.ForeignKeyRelation[Warehouse] = fields.ForeignKeyField(
        "models.Warehouse", on_delete=fields.RESTRICT, related_name="stock_items"
    )
    warehouse_id: UUID
    on_hand = fields.BigIntField(default=0)
    reserved = fields.BigIntField(default=0)
    damaged = fields.BigIntField(default=0)
    incoming = fields.BigIntField(default=0)
    safety_stock = fields.BigIntField(default=0)
    reorder_point = fields.BigIntField(null=True)
    reorder_quantity = fields.BigIntField(null=True)
    movement_seq = fields.IntField(default=0)
    available = fields.BigIntField(default=0, db_default=0)
    is_low = fields.BooleanField(default=False, db_default=False)
    sort_sku = fields.CharField(max_length=64, default="", db_default="")
    sort_name = fields.CharField(max_length=200, default="", db_default="")

    @property
    def balance(self) -> Balance:
        return Balance(self.on_hand, self.reserved, self.damaged, self.safety_stock)

    class Meta:
        table = "stock_item"
        unique_together = (("product_id", "warehouse_id"),)
        indexes = [
            Index(fields=("warehouse_id", "id"), name="stock_by_warehouse"),
            Index(fields=("is_low", "warehouse_id", "id"), name="stock_by_low"),
            Index(fields=("available", "id"), name="stock_by_available"),
            Index(fields=("sort_sku", "id"), name="stock_by_sku"),
            Index(fields=("sort_name", "id"), name="stock_by_name"),
        ]
        constraints = [
            CheckConstraint(
                name="stock_on_hand", check=f"on_hand >= 0 AND on_hand <= {MAX_QUANTITY}"
            ),
            CheckConstraint(name="stock_reserved", check="reserved >= 0"),
            CheckConstraint(name="stock_damaged", check="damaged >= 0"),
            CheckConstraint(name="stock_incoming", check="incoming >= 0"),
            CheckConstraint(name="stock_safety", check="safety_stock >= 0"),
            CheckConstraint(name="stock_promised", check="reserved + damaged <= on_hand"),
        ]


class StockMovement(ByActor):
    """One line of the ledger. `sequence` numbers a stock item's movements without a gap."""

    id = identity()
    stock_item: fields.ForeignKeyRelation[StockItem] = fields.ForeignKeyField(
        "models.StockItem", on_delete=fields.RESTRICT, related_name="movements"
    )
    stock_item_id: UUID
    sequence = fields.IntField()
    at = UtcDatetime()
    kind = fields.CharEnumField(MovementKind, max_length=16)
    quantity = fields.BigIntField()
    on_hand_after = fields.BigIntField()
    reserved_after = fields.BigIntField()
    damaged_after = fields.BigIntField()
    reason = fields.CharField(max_length=500, null=True)
    order_id = fields.UUIDField(null=True)
    order_line_id = fields.UUIDField(null=True)

    class Meta:
        table = "stock_movement"
        unique_together = (("stock_item_id", "sequence"),)
        indexes = [Index(fields=("order_id",), name="movement_by_order")]


class Reservation(Model):
    """Units of one stock item that are promised to one order line."""

    id = identity()
    order_line: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "models.OrderLine", on_delete=fields.CASCADE, related_name="reservations"
    )
    order_line_id: UUID
    stock_item: fields.ForeignKeyRelation[StockItem] = fields.ForeignKeyField(
        "models.StockItem", on_delete=fields.RESTRICT, related_name="reservations"
    )
    stock_item_id: UUID
    quantity = fields.BigIntField()
    expires_at = UtcDatetime(null=True)
    created_at = UtcDatetime()

    class Meta:
        table = "reservation"
        unique_together = (("order_line_id", "stock_item_id"),)
        indexes = [
            Index(fields=("stock_item_id", "created_at"), name="reservation_by_stock"),
            Index(fields=("expires_at",), name="reservation_by_expiry"),
        ]
        constraints = [CheckConstraint(name="reservation_quantity", check="quantity > 0")]
