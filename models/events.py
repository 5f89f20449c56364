"""The feed of events."""

from typing import Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from models.columns import ByActor, UtcDatetime, identity
from models.rules.events import EventKind, SubjectKind


class Event(ByActor):
    """An event, written in the transaction of the change.

    `position` is its place in the feed. The relay assigns it after the commit, without gaps and in
    an order that no writer can overtake; until then it is null.
    """

    id = identity()
    position = fields.BigIntField(null=True, unique=True)
    subject_kind = fields.CharEnumField(SubjectKind, max_length=16)
    subject_id = fields.UUIDField()
    subject_seq = fields.IntField()
    subject_version = fields.IntField()
    kind = fields.CharEnumField(EventKind, max_length=32)
    at = UtcDatetime()
    order_id = fields.UUIDField(null=True)
    customer_id = fields.UUIDField(null=True)
    data: Any = fields.JSONField(default=dict)
    before: Any = fields.JSONField(default=dict)
    after: Any = fields.JSONField(default=dict)

    class Meta:
        table = "event"
        unique_together = (("subject_id", "subject_seq"),)
        indexes = [
            Index(fields=("subject_id", "position"), name="event_by_subject"),
            Index(fields=("order_id", "position"), name="event_by_order"),
            Index(fields=("customer_id", "position"), name="event_by_customer"),
        ]


class Feed(Model):
    """The single row with the last position and the holder of the lease."""

    id = fields.IntField(primary_key=True, generated=False)
    last_position = fields.BigIntField(default=0)
    holder = fields.CharField(max_length=64, null=True)
    held_until = UtcDatetime(null=True)
    fence = fields.BigIntField(default=0)

    class Meta:
        table = "feed"
