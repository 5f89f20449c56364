"""The kinds of events, in the past tense, and of their subjects."""

from enum import StrEnum


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


class StreamResetReason(StrEnum):
    """The reason why a stream could not resume from a cursor."""

    CURSOR_TOO_OLD = "CURSOR_TOO_OLD"
    FEED_REBUILT = "FEED_REBUILT"
