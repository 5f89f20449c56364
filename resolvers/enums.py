"""The enums of the API: the rules' own, with what each value means to a client."""

from enum import Enum, StrEnum
from typing import TypeVar

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

from models.rules.access import ActorKind
from models.rules.catalog import AttributeType, BackorderPolicy, TrackingPolicy
from models.rules.customers import CreditRating
from models.rules.errors import ErrorCode
from models.rules.events import EventKind, StreamResetReason
from models.rules.inventory import MovementKind, StockChangeKind
from models.rules.order_states import (
    FulfillmentStatus,
    Milestone,
    OrderAction,
    OrderStatus,
    PaymentStatus,
    ReturnStatus,
)
from models.rules.payment_states import PaymentKind
from models.rules.return_states import Disposition, ReturnState
from models.rules.shipment_states import ShipmentStatus

Member = TypeVar("Member", bound=Enum)


class OrderSort(StrEnum):
    PLACED_AT = "PLACED_AT"
    UPDATED_AT = "UPDATED_AT"
    NUMBER = "NUMBER"
    TOTAL = "TOTAL"
    PROMISED_AT = "PROMISED_AT"
    STAGE_DUE_AT = "STAGE_DUE_AT"


class CustomerSort(StrEnum):
    NAME = "NAME"
    CODE = "CODE"
    CREATED_AT = "CREATED_AT"


class ProductSort(StrEnum):
    NAME = "NAME"
    SKU = "SKU"
    PRICE = "PRICE"


class StockSort(StrEnum):
    SKU = "SKU"
    NAME = "NAME"
    AVAILABLE = "AVAILABLE"


def describe(
    enum: type[Member],
    description: str,
    values: dict[str, str],
    deprecated: dict[str, str] | None = None,
) -> None:
    """Make an enum part of the schema, with a description for it and for each of its values.

    `deprecated` says of some values why they should be asked for no more.
    """
    strawberry.enum(enum, description=description)
    definition: StrawberryEnumDefinition = enum.__strawberry_definition__  # type: ignore[attr-defined]
    missing = {value.name for value in definition.values} ^ set(values)
    if missing:
        raise ValueError(f"{enum.__name__}: {', '.join(sorted(missing))} described or not?")
    for value in definition.values:
        value.description = values[value.name]
        value.deprecation_reason = (deprecated or {}).get(value.name)


describe(
    ActorKind,
    "What kind of somebody acted.",
    {
        "STAFF": "Somebody of the company.",
        "CUSTOMER": "A customer, for themselves.",
        "PARTNER": "Another system, with a key of its own.",
        "GUEST": "Somebody with a tracking link.",
        "SYSTEM": "The product itself: an import, a background task.",
    },
)
describe(
    ErrorCode,
    "Why a mutation was refused. Codes are stable; messages are for people and may change.",
    {
        "REQUIRED": "Something that is needed is missing.",
        "INVALID": "A value cannot be accepted.",
        "NOT_FOUND": "There is no such object, or the caller may not see it.",
        "DUPLICATE": "The value is taken by another object.",
        "FORBIDDEN": "The caller lacks the permission.",
        "INSUFFICIENT_STOCK": "Less can be promised than was asked for.",
        "CREDIT_EXCEEDED": "The customer may not order (so much) at present.",
        "ILLEGAL_TRANSITION": "The object's state does not allow the step.",
        "VERSION_CONFLICT": "The object has changed since the caller read it.",
        "KEY_REUSED": "The idempotency key was used for other input.",
        "IN_PROGRESS": "The first request with this idempotency key still runs.",
        "LIMIT_EXCEEDED": "More than one request may ask for.",
    },
)
describe(
    CreditRating,
    "How well a customer pays.",
    {
        "A": "Best.",
        "B": "Good.",
        "C": "Fair.",
        "D": "Poor.",
        "UNRATED": "Not rated.",
    },
)
describe(
    BackorderPolicy,
    "What happens when an order asks for more of a product than can be promised.",
    {
        "DENY": "The order is refused.",
        "ALLOW": "The order is taken; the rest waits for stock.",
        "UNTIL_EXPECTED": "The order is taken while what is on its way covers the rest.",
    },
)
describe(
    TrackingPolicy,
    "Whether single units of a product are followed.",
    {
        "NONE": "They are not.",
        "LOT": "By lot: many units share a code.",
        "SERIAL": "By serial number: each unit has its own code.",
    },
)
describe(
    AttributeType,
    "What values an attribute takes.",
    {
        "TEXT": "Any text.",
        "INTEGER": "Whole numbers.",
        "DECIMAL": "Exact decimals.",
        "BOOLEAN": "Yes or no.",
        "DATE": "Calendar dates.",
        "CHOICE": "One of a list of texts.",
    },
)
describe(
    MovementKind,
    "Why stock changed.",
    {
        "RECEIPT": "Goods came in.",
        "RESERVE": "Units were promised to an order line.",
        "RELEASE": "A promise was taken back.",
        "SHIP": "Promised units left the warehouse.",
        "RETURN": "A customer sent units back.",
        "ADJUST": "A correction.",
        "DAMAGE": "Units became unsaleable, or saleable again.",
        "TRANSFER_OUT": "Units left for another warehouse.",
        "TRANSFER_IN": "Units came from another warehouse.",
        "COUNT": "Somebody counted.",
        "SCRAP": "Damaged units were thrown away.",
    },
)
describe(
    StockChangeKind,
    "What kind of correction a stock change is.",
    {
        "ADJUST": "More or fewer units are on hand than was known.",
        "COUNT": "Somebody counted what is on hand.",
        "DAMAGE": "Units became unsaleable; a negative delta makes them saleable again.",
        "SCRAP": "Damaged units are thrown away.",
    },
)
describe(
    OrderStatus,
    "How far an order is commercially: the one axis that people decide.",
    {
        "DRAFT": "Being written. Nothing is promised.",
        "AWAITING_APPROVAL": "Over the customer's credit limit; stock is held until approved.",
        "CONFIRMED": "To be delivered.",
        "ON_HOLD": "Stopped for now; what is promised stays promised.",
        "COMPLETED": "Delivered and paid.",
        "CANCELLED": "Not wanted any more.",
    },
)
describe(
    FulfillmentStatus,
    "How far the goods are. Follows from the lines.",
    {
        "UNFULFILLED": "Nothing has been done yet.",
        "BACKORDERED": "Units wait for stock, and none is under way.",
        "RESERVED": "Every unit is promised.",
        "PREPARING": "A shipment is being picked or packed.",
        "PARTLY_SHIPPED": "Some units have left.",
        "SHIPPED": "All units have left.",
        "PARTLY_DELIVERED": "Some units have arrived.",
        "DELIVERED": "All units have arrived.",
    },
)
describe(
    PaymentStatus,
    "How far the money is. Follows from the payments.",
    {
        "UNPAID": "No money yet.",
        "AUTHORIZED": "Money is set aside.",
        "PARTLY_PAID": "Less than it costs is there.",
        "PAID": "What it costs is there: of an order that costs nothing, nothing.",
        "OVERPAID": "More than it costs is there: of a cancelled order, anything.",
        "PARTLY_REFUNDED": "Given no more.",
        "REFUNDED": "All that was charged went back, and nothing is to be paid.",
    },
    deprecated={"PARTLY_REFUNDED": "No order has it: it is PARTLY_PAID, or PAID if that is all."},
)
describe(
    ReturnStatus,
    "Whether goods come back. Follows from the returns.",
    {
        "NONE": "None.",
        "REQUESTED": "Announced, not here yet.",
        "PARTLY_RETURNED": "Some of what was shipped is back.",
        "RETURNED": "All that was shipped is back.",
    },
)
describe(
    Milestone,
    "An order's progress in one word, for customers.",
    {
        "PLACED": "The order is in.",
        "PROCESSING": "It is being prepared.",
        "SHIPPED": "At least a part is on its way.",
        "ARRIVED": "All of it has arrived.",
        "COMPLETED": "Delivered and paid.",
        "CANCELLED": "Cancelled.",
    },
)
describe(
    OrderAction,
    "A step that an order can be taken.",
    {
        "EDIT": "Change lines, addresses or dates.",
        "SUBMIT": "Place a draft.",
        "APPROVE": "Let an order pass that is over the customer's limit.",
        "HOLD": "Stop it for now.",
        "RELEASE": "Let it go on.",
        "PREPARE": "Put everything promised into pending shipments.",
        "SHIP": "Ship everything promised.",
        "RECORD_PAYMENT": "Note money that came (`paymentRecord`).",
        "REFUND": "Give money back (`paymentRecord`).",
        "RETURN": "Announce goods that come back (`returnRequest`).",
        "CANCEL": "Cancel what has not left, or some of it.",
        "COMPLETE": "Close it.",
    },
)
describe(
    ShipmentStatus,
    "How far a shipment is.",
    {
        "PENDING": "To be picked.",
        "PICKING": "Being picked.",
        "PACKED": "Packed.",
        "SHIPPED": "Out of the warehouse.",
        "IN_TRANSIT": "With the carrier.",
        "OUT_FOR_DELIVERY": "On the last mile.",
        "DELIVERED": "At the door.",
        "EXCEPTION": "Something went wrong on the way.",
        "CANCELLED": "Undone before it left.",
    },
)
describe(
    PaymentKind,
    "What happened to the money.",
    {
        "AUTHORIZATION": "Set aside.",
        "CHARGE": "Taken.",
        "VOID": "Set aside no longer.",
        "REFUND": "Given back.",
    },
)
describe(
    ReturnState,
    "How far a return is.",
    {
        "REQUESTED": "Announced.",
        "REJECTED": "Refused.",
        "PARTLY_RECEIVED": "Some of it is here.",
        "RECEIVED": "All of it is here.",
        "CANCELLED": "Not coming.",
    },
)
describe(
    Disposition,
    "What becomes of returned goods.",
    {
        "RESTOCK": "They can be sold again.",
        "QUARANTINE": "They are kept aside as damaged.",
        "SCRAP": "They are thrown away.",
    },
)
describe(
    EventKind,
    "What happened.",
    {
        "ORDER_PLACED": "An order came in.",
        "ORDER_STATUS_CHANGED": "An order moved on one of its axes.",
        "ORDER_EDITED": "Its lines, addresses or dates were changed.",
        "ORDER_DELAYED": "It missed a deadline.",
        "SHIPMENT_STATUS_CHANGED": "A shipment was made or moved on.",
        "PAYMENT_RECORDED": "Money was set aside, taken, released or given back.",
        "RETURN_UPDATED": "A return was announced or moved on.",
        "NOTE_ADDED": "Somebody noted something.",
        "STOCK_CHANGED": "A stock item's counters changed.",
        "STOCK_LOW": "A stock item sank to its reorder point.",
        "PURCHASE_UPDATED": "A purchase order was made or moved on.",
        "CUSTOMER_UPDATED": "A customer was made or changed.",
        "ACCESS_LOGIN": "Somebody logged in.",
        "ACCESS_DENIED": "Somebody was refused.",
        "ACCESS_KEY_CHANGED": "A key was made, rotated or revoked.",
    },
)
describe(
    OrderSort,
    "What orders are sorted by.",
    {
        "PLACED_AT": "When it was placed; a draft counts from when it was made.",
        "UPDATED_AT": "When it last changed.",
        "NUMBER": "Its number, as text.",
        "TOTAL": "Its gross total as an amount, whatever the currency: 12 JPY is more than 11 EUR.",
        "PROMISED_AT": "When it was promised to arrive; without a promise it counts as latest.",
        "STAGE_DUE_AT": "When what it waits for is due; one that waits for nothing is latest.",
    },
)
describe(
    CustomerSort,
    "What customers are sorted by.",
    {
        "NAME": "Name, without case and accents.",
        "CODE": "Code, as text.",
        "CREATED_AT": "When the customer was made.",
    },
)
describe(
    ProductSort,
    "What products are sorted by.",
    {
        "NAME": "Name, without case and accents.",
        "SKU": "SKU, as text.",
        "PRICE": "Price as an amount, whatever the currency and what quantity it is for.",
    },
)
describe(
    StockSort,
    "What stock is sorted by.",
    {
        "SKU": "The product's SKU, as text.",
        "NAME": "The product's name, without case and accents.",
        "AVAILABLE": "Units that can be promised.",
    },
)
describe(
    StreamResetReason,
    "Why a stream could not go on where the client left off.",
    {
        "CURSOR_TOO_OLD": "The cursor is older than what is kept for replay.",
        "FEED_REBUILT": "The feed was restored to an earlier state.",
    },
)
