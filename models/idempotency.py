"""Keys that make a request safe to repeat."""

from typing import Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from models.columns import UtcDatetime, identity


class IdempotencyKey(Model):
    """The outcome of a mutation, stored under its caller's key."""

    id = identity()
    principal = fields.CharField(max_length=64)
    key = fields.CharField(max_length=200)
    field = fields.CharField(max_length=64)
    fingerprint = fields.CharField(max_length=64)
    outcome: Any = fields.JSONField(default=dict)
    created_at = UtcDatetime()

    class Meta:
        table = "idempotency"
        unique_together = (("principal", "key"),)
        indexes = [Index(fields=("created_at",), name="idempotency_by_age")]
