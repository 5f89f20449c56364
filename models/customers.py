"""Customers, their groups and addresses."""

from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from models.columns import (
    Subject,
    UtcDatetime,
    Versioned,
    identity,
    minor_units,
    rate,
)
from models.rules.customers import CreditRating


class CustomerGroup(Versioned):
    id = identity()
    name = fields.CharField(max_length=200, unique=True)
    discount_rate = rate(default=0)

    class Meta:
        table = "customer_group"
        constraints = [
            CheckConstraint(
                name="customer_group_discount", check="discount_rate >= 0 AND discount_rate <= 1"
            )
        ]


class Customer(Subject):
    """A customer. The used credit and the lifetime value are sums over the orders, stored."""

    id = identity()
    code = fields.CharField(max_length=64, unique=True)
    name = fields.CharField(max_length=200)
    sort_name = fields.CharField(max_length=200)
    email = fields.CharField(max_length=254, null=True)
    email_key = fields.CharField(max_length=254, null=True)
    phone = fields.CharField(max_length=64, null=True)
    phone_key = fields.CharField(max_length=64, null=True)
    group: fields.ForeignKeyNullableRelation[CustomerGroup] = fields.ForeignKeyField(
        "models.CustomerGroup", null=True, on_delete=fields.RESTRICT, related_name="customers"
    )
    group_id: UUID | None
    tags: Any = fields.JSONField(default=list)
    preferences: Any = fields.JSONField(default=dict)
    credit_rating = fields.CharEnumField(CreditRating, max_length=16, default=CreditRating.UNRATED)
    credit_limit_minor = minor_units(null=True)
    credit_used_minor = minor_units(default=0)
    lifetime_minor = minor_units(default=0, db_default=0)
    terms_days = fields.IntField(default=30)
    blocked = fields.BooleanField(default=False)

    class Meta:
        table = "customer"
        indexes = [
            Index(fields=("sort_name", "id"), name="customer_by_name"),
            Index(fields=("created_at", "id"), name="customer_by_age"),
            Index(fields=("email_key",), name="customer_by_email"),
            Index(fields=("phone_key",), name="customer_by_phone"),
            Index(fields=("blocked", "sort_name", "id"), name="customer_by_block"),
            Index(fields=("group_id",), name="customer_by_group"),
        ]


class CustomerTag(Model):
    """One of a customer's `tags`, as a row with an index."""

    id = identity()
    customer: fields.ForeignKeyRelation[Customer] = fields.ForeignKeyField(
        "models.Customer", on_delete=fields.CASCADE, related_name="tag_rows"
    )
    customer_id: UUID
    tag = fields.CharField(max_length=64)

    class Meta:
        table = "customer_tag"
        unique_together = (("customer_id", "tag"),)
        indexes = [Index(fields=("tag", "customer_id"), name="customer_tag_by_tag")]


class CustomerAddress(Model):
    """An address of a customer. The one at position 0 is the default."""

    id = identity()
    customer: fields.ForeignKeyRelation[Customer] = fields.ForeignKeyField(
        "models.Customer", on_delete=fields.CASCADE, related_name="addresses"
    )
    customer_id: UUID
    position = fields.IntField()
    name = fields.CharField(max_length=200)
    lines: Any = fields.JSONField(default=list)
    city = fields.CharField(max_length=200)
    region = fields.CharField(max_length=200, null=True)
    postal_code = fields.CharField(max_length=32, null=True)
    country_code = fields.CharField(max_length=2)
    phone = fields.CharField(max_length=64, null=True)
    created_at = UtcDatetime()

    class Meta:
        table = "customer_address"
        unique_together = (("customer_id", "position"),)
        indexes = [Index(fields=("country_code", "customer_id"), name="address_by_country")]
