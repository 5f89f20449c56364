"""Recorded payments, and invoices."""

from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from models.columns import ByActor, UtcDatetime, currency_code, identity, minor_units
from models.fulfillment import Shipment
from models.orders import Order
from models.rules.payment_states import PaymentKind


class Payment(ByActor):
    """Money that was authorized, charged, released or refunded. Append-only."""

    id = identity()
    order: fields.ForeignKeyRelation[Order] = fields.ForeignKeyField(
        "models.Order", on_delete=fields.RESTRICT, related_name="payments"
    )
    order_id: UUID
    kind = fields.CharEnumField(PaymentKind, max_length=16)
    amount_minor = minor_units()
    currency = currency_code()
    method = fields.CharField(max_length=64)
    reference = fields.CharField(max_length=200, null=True)
    payment: fields.ForeignKeyNullableRelation["Payment"] = fields.ForeignKeyField(
        "models.Payment", null=True, on_delete=fields.RESTRICT, related_name="followed_by"
    )
    payment_id: UUID | None
    at = UtcDatetime()
    created_at = UtcDatetime()

    class Meta:
        table = "payment"
        indexes = [
            Index(fields=("order_id", "at"), name="payment_by_order"),
            Index(fields=("at", "id"), name="payment_by_time"),
            Index(fields=("reference",), name="payment_by_reference"),
            Index(fields=("payment_id",), name="payment_by_payment"),
        ]
        constraints = [CheckConstraint(name="payment_amount", check="amount_minor > 0")]


class Invoice(Model):
    """An invoice, issued when a shipment leaves, numbered without a gap.

    `taxes` is a list of rate, net and tax. Null: the invoice is older than the column.
    """

    id = identity()
    number = fields.CharField(max_length=64, unique=True)
    order: fields.ForeignKeyRelation[Order] = fields.ForeignKeyField(
        "models.Order", on_delete=fields.RESTRICT, related_name="invoices"
    )
    order_id: UUID
    shipment: fields.OneToOneNullableRelation[Shipment] = fields.OneToOneField(
        "models.Shipment", null=True, on_delete=fields.RESTRICT, related_name="invoice"
    )
    shipment_id: UUID | None
    currency = currency_code()
    net_minor = minor_units()
    tax_minor = minor_units()
    taxes: Any = fields.JSONField(null=True)
    issued_at = UtcDatetime()
    due_at = UtcDatetime(null=True)

    class Meta:
        table = "invoice"
        indexes = [
            Index(fields=("order_id", "issued_at"), name="invoice_by_order"),
            Index(fields=("issued_at", "id"), name="invoice_by_time"),
            Index(fields=("due_at",), name="invoice_by_due"),
        ]
