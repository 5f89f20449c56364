"""What can happen, in the past tense: the records that timelines and streams are made of."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID


class EventKind(StrEnum):
    ORDER_PLACED = "ORDER_PLACED"
    ORDER_STATUS_CHANGED = "ORDER_STATUS_CHANGED"
    ORDER_EDITED = "ORDER_EDITED"
    ORDER_DELAYED = "ORDER_DELAYED"
    SHIPMENT_STATUS_CHANGED = "SHIPMENT_STATUS_CHANGED"
    PAYMENT_RECORDED = "PAYMENT_RECORDED"
    RETURN_UPDATED = "RETURN_UPDATED"
    NOTE_ADDED = "NOTE_ADDED"
    STOCK_CHANGED = "STOCK_CHANGED"
    STOCK_LOW = "STOCK_LOW"
    PURCHASE_UPDATED = "PURCHASE_UPDATED"
    CUSTOMER_UPDATED = "CUSTOMER_UPDATED"
    ACCESS_LOGIN = "ACCESS_LOGIN"
    ACCESS_DENIED = "ACCESS_DENIED"
    ACCESS_KEY_CHANGED = "ACCESS_KEY_CHANGED"


class SubjectKind(StrEnum):
    """The kinds of objects that events, references and search words belong to."""

    CUSTOMER = "CUSTOMER"
    CATEGORY = "CATEGORY"
    SUPPLIER = "SUPPLIER"
    PRODUCT = "PRODUCT"
    WAREHOUSE = "WAREHOUSE"
    STOCK_ITEM = "STOCK_ITEM"
    ORDER = "ORDER"
    SHIPMENT = "SHIPMENT"
    PAYMENT = "PAYMENT"
    RETURN = "RETURN"


@dataclass(frozen=True, slots=True)
class EventRecord:
    """One thing that happened to one subject.

    `data` holds ids, numbers and field names, never personal text. `before` and `after` hold what
    changed of an order's own filterable facts (status, total ...), so that a filtered stream can
    tell whether the order matched before the change.
    """

    kind: EventKind
    subject_kind: SubjectKind
    subject_id: UUID
    order_id: UUID | None = None
    customer_id: UUID | None = None
    data: dict[str, Any] = field(default_factory=dict)
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
