"""Categories, suppliers and products."""

from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint

from models.columns import Subject, Versioned, currency_code, identity, minor_units, rate
from models.rules.catalog import BackorderPolicy, TrackingPolicy


class Category(Versioned):
    id = identity()
    name = fields.CharField(max_length=200, unique=True)
    parent: fields.ForeignKeyNullableRelation["Category"] = fields.ForeignKeyField(
        "models.Category", null=True, on_delete=fields.RESTRICT, related_name="children"
    )
    parent_id: UUID | None
    attributes: Any = fields.JSONField(default=list)

    class Meta:
        table = "category"
        indexes = [Index(fields=("parent_id",), name="category_by_parent")]


class Supplier(Versioned):
    id = identity()
    code = fields.CharField(max_length=64, unique=True)
    name = fields.CharField(max_length=200)
    sort_name = fields.CharField(max_length=200)
    email = fields.CharField(max_length=254, null=True)
    lead_time_days = fields.IntField(default=7)
    minimum_order_minor = minor_units(null=True)

    class Meta:
        table = "supplier"
        indexes = [Index(fields=("sort_name", "id"), name="supplier_by_name")]
        constraints = [CheckConstraint(name="supplier_lead_time", check="lead_time_days >= 0")]


class Product(Subject):
    """A product. Its price is for `price_quantity` stock units.

    `sort_price` is the price in the form of `comparable`.
    """

    id = identity()
    sku = fields.CharField(max_length=64, unique=True)
    barcode = fields.CharField(max_length=64, null=True, unique=True)
    name = fields.CharField(max_length=200)
    sort_name = fields.CharField(max_length=200)
    category: fields.ForeignKeyNullableRelation[Category] = fields.ForeignKeyField(
        "models.Category", null=True, on_delete=fields.RESTRICT, related_name="products"
    )
    category_id: UUID | None
    supplier: fields.ForeignKeyNullableRelation[Supplier] = fields.ForeignKeyField(
        "models.Supplier", null=True, on_delete=fields.RESTRICT, related_name="products"
    )
    supplier_id: UUID | None
    unit = fields.CharField(max_length=32, default="piece")
    price_minor = minor_units()
    sort_price = fields.BigIntField(default=0, db_default=0)
    currency = currency_code()
    price_quantity = fields.IntField(default=1)
    cost_minor = minor_units(null=True)
    tax_rate = rate(default=0)
    backorder = fields.CharEnumField(BackorderPolicy, max_length=16, default=BackorderPolicy.DENY)
    tracking = fields.CharEnumField(TrackingPolicy, max_length=16, default=TrackingPolicy.NONE)
    discontinued = fields.BooleanField(default=False)
    attributes: Any = fields.JSONField(default=dict)

    class Meta:
        table = "product"
        indexes = [
            Index(fields=("sort_name", "id"), name="product_by_name"),
            Index(fields=("sort_price", "id"), name="product_by_price"),
            Index(fields=("category_id", "sort_name", "id"), name="product_by_category"),
            Index(fields=("supplier_id",), name="product_by_supplier"),
        ]
        constraints = [
            CheckConstraint(name="product_price", check="price_minor >= 0"),
            CheckConstraint(name="product_price_quantity", check="price_quantity > 0"),
            CheckConstraint(name="product_tax_rate", check="tax_rate >= 0"),
        ]
