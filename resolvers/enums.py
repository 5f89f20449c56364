"""The enums of the API: those of the rules, with a description of each value."""

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
    """Adds an enum to the schema, with a description for it and for each of its values.

    `deprecated` has the deprecation reasons of values.
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
    "The kind of an actor.",
    {
        "STAFF": "A member of the company's staff.",
        "CUSTOMER": "A customer.",
        "PARTNER": "A partner's system, with a key of its own.",
        "GUEST": "The holder of a tracking link.",
        "SYSTEM": "The server itself: an import, a background task.",
    },
)
describe(
    ErrorCode,
    "The code of an error. Codes are stable; messages are for people and may change.",
    {
        "REQUIRED": "A required value is missing or empty.",
        "INVALID": "A value is out of its bounds or of the wrong form.",
        "NOT_FOUND": "No such object exists, or the caller may not read it.",
        "DUPLICATE": "The value must be unique, and another object has it.",
        "FORBIDDEN": "The caller lacks the permission.",
        "INSUFFICIENT_STOCK": "Fewer units are available than requested.",
        "CREDIT_EXCEEDED": "The customer is blocked, or the order exceeds the credit limit.",
        "ILLEGAL_TRANSITION": "The object's state does not allow the step.",
        "VERSION_CONFLICT": "The object has changed since the caller read it.",
        "KEY_REUSED": "The idempotency key was used for other input.",
        "IN_PROGRESS": ("The first request with the idempotency key still runs after 5 seconds."),
        "LIMIT_EXCEEDED": "The report of an import has it. No mutation answers it.",
    },
)
describe(
    CreditRating,
    "A customer's credit rating.",
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
    "The treatment of an order for more units of a product than are available.",
    {
        "DENY": "The order is refused.",
        "ALLOW": "The missing units become a backorder.",
        "UNTIL_EXPECTED": "Missing units become a backorder where incoming units cover them.",
    },
)
describe(
    TrackingPolicy,
    "The way in which units of a product are tracked.",
    {
        "NONE": "Units are not tracked.",
        "LOT": "By lot: many units share a code.",
        "SERIAL": "By serial number: each unit has a code of its own.",
    },
)
describe(
    AttributeType,
    "The type of an attribute's values.",
    {
        "TEXT": "A text.",
        "INTEGER": "A whole number.",
        "DECIMAL": "An exact decimal number.",
        "BOOLEAN": "True or false.",
        "DATE": "A calendar date.",
        "CHOICE": "One of the definition's choices.",
    },
)
describe(
    MovementKind,
    "The kind of a stock movement.",
    {
        "RECEIPT": "Goods were received: on hand rises.",
        "RESERVE": "An order line reserved units: reserved rises.",
        "RELEASE": "Units were released: reserved falls.",
        "SHIP": "Reserved units left: on hand and reserved fall.",
        "RETURN": "Returned units came back: on hand rises.",
        "ADJUST": "A correction: on hand rises or falls.",
        "DAMAGE": "Units were damaged, or repaired: damaged rises or falls.",
        "TRANSFER_OUT": "Units left for another warehouse: on hand falls.",
        "TRANSFER_IN": "Units came from another warehouse: on hand rises.",
        "COUNT": "A stock count: on hand becomes the counted units.",
        "SCRAP": "Damaged units were scrapped: on hand and damaged fall.",
    },
)
describe(
    StockChangeKind,
    "The kind of a stock correction.",
    {
        "ADJUST": "Changes the units on hand.",
        "COUNT": "Records a stock count, also where nothing differs.",
        "DAMAGE": ("Changes the damaged units: a negative delta makes units sellable again."),
        "SCRAP": "Takes damaged units off hand, by a negative delta.",
    },
)
describe(
    OrderStatus,
    "The commercial status of an order: the one status that people decide.",
    {
        "DRAFT": "Not placed yet. It holds stock only with `reserveUntil`.",
        "AWAITING_APPROVAL": (
            "Placed beyond the credit limit; its stock stays reserved meanwhile."
        ),
        "CONFIRMED": "Placed, to be delivered.",
        "ON_HOLD": "Stopped; its stock stays reserved, and nothing ships.",
        "COMPLETED": "All units are delivered or returned, and the balance is at most 0.",
        "CANCELLED": "Cancelled: nothing ships.",
    },
)
describe(
    FulfillmentStatus,
    "The status of an order's goods, derived from its lines.",
    {
        "UNFULFILLED": ("Units are not reserved yet; nothing is prepared, shipped or backordered."),
        "BACKORDERED": "Units are backordered; nothing is prepared or shipped.",
        "RESERVED": "All units are reserved.",
        "PREPARING": "Units are in a pending shipment; nothing has shipped.",
        "PARTLY_SHIPPED": "Some units have shipped; none is delivered.",
        "SHIPPED": "All units have shipped; none is delivered.",
        "PARTLY_DELIVERED": "Some units are delivered.",
        "DELIVERED": "All units are delivered.",
    },
)
describe(
    PaymentStatus,
    "The status of an order's money, derived from its payments.",
    {
        "UNPAID": "Nothing is authorized or charged.",
        "AUTHORIZED": "Money is authorized; none is charged.",
        "PARTLY_PAID": "Less is paid than the order costs.",
        "PAID": "The full cost is paid; an order that costs nothing is paid.",
        "OVERPAID": ("More is paid than the order costs. A cancelled order costs nothing."),
        "PARTLY_REFUNDED": "Not in use.",
        "REFUNDED": "All charges were refunded, and nothing is owed.",
    },
    deprecated={"PARTLY_REFUNDED": "No order has it: it is PARTLY_PAID, or PAID if that is all."},
)
describe(
    ReturnStatus,
    "The status of an order's returns, derived from them.",
    {
        "NONE": "No units are announced or returned.",
        "REQUESTED": "Units are announced; none is received.",
        "PARTLY_RETURNED": "Some shipped units are returned.",
        "RETURNED": "All shipped units are returned.",
    },
)
describe(
    Milestone,
    "An order's progress in one word, for its customer.",
    {
        "PLACED": "The order is placed.",
        "PROCESSING": "A shipment is being prepared.",
        "SHIPPED": "At least one unit has shipped.",
        "ARRIVED": "All units are delivered.",
        "COMPLETED": "The order is completed.",
        "CANCELLED": "The order is cancelled.",
    },
)
describe(
    OrderAction,
    "A step of an order's life.",
    {
        "EDIT": "Changes the order, by `orderEdit`.",
        "SUBMIT": "Places a draft: DRAFT to CONFIRMED or AWAITING_APPROVAL.",
        "APPROVE": ("Confirms an order beyond the credit limit. Permission: `orders:approve`."),
        "HOLD": "Stops a confirmed order.",
        "RELEASE": "Confirms a stopped order again.",
        "PREPARE": "Puts all reserved units into pending shipments, one a warehouse.",
        "SHIP": "Prepares all reserved units, and ships every pending shipment.",
        "RECORD_PAYMENT": "Records an AUTHORIZATION or a CHARGE, by `paymentRecord`.",
        "REFUND": "Records a VOID or a REFUND, by `paymentRecord`.",
        "RETURN": "Announces a return, by `returnRequest`.",
        "CANCEL": "Cancels units that have not shipped: all, or those of `lines`.",
        "COMPLETE": "Completes an order with nothing left to deliver or to pay.",
    },
)
describe(
    ShipmentStatus,
    "The status of a shipment.",
    {
        "PENDING": "To be picked.",
        "PICKING": "Being picked.",
        "PACKED": "Packed, in the warehouse.",
        "SHIPPED": "Out of the warehouse.",
        "IN_TRANSIT": "With the carrier.",
        "OUT_FOR_DELIVERY": "On the last stretch to the address.",
        "DELIVERED": "Delivered.",
        "EXCEPTION": "Delayed or lost on the way: the carrier's message tells more.",
        "CANCELLED": "Cancelled before it left.",
    },
)
describe(
    PaymentKind,
    "The kind of a payment.",
    {
        "AUTHORIZATION": "Money is set aside for the order.",
        "CHARGE": "Money is taken, with or without an authorization.",
        "VOID": "Authorized money is released.",
        "REFUND": "Charged money is given back.",
    },
)
describe(
    ReturnState,
    "The status of a return.",
    {
        "REQUESTED": "Announced.",
        "REJECTED": "Refused by the company.",
        "PARTLY_RECEIVED": "Some units are received.",
        "RECEIVED": "All units are received.",
        "CANCELLED": "Called off.",
    },
)
describe(
    Disposition,
    "The disposition of returned units.",
    {
        "RESTOCK": "On hand, to be sold again.",
        "QUARANTINE": "On hand as damaged units.",
        "SCRAP": "Thrown away; never on hand.",
    },
)
describe(
    EventKind,
    "The kind of an event.",
    {
        "ORDER_PLACED": "An order was placed.",
        "ORDER_STATUS_CHANGED": "One of an order's statuses changed.",
        "ORDER_EDITED": "An order was edited, or a draft was made.",
        "ORDER_DELAYED": "An order's stage passed its due time.",
        "SHIPMENT_STATUS_CHANGED": "A shipment was made, tracked, or got other parcels.",
        "PAYMENT_RECORDED": "A payment was recorded.",
        "RETURN_UPDATED": "A return was announced or received.",
        "NOTE_ADDED": "A line was added to an order's note.",
        "STOCK_CHANGED": "A stock item's counters or reorder rule changed.",
        "STOCK_LOW": "A stock item sank to its reorder point.",
        "PURCHASE_UPDATED": "Reserved for purchase orders: not recorded yet.",
        "CUSTOMER_UPDATED": "A customer was made or changed.",
        "ACCESS_LOGIN": "Reserved for logins: not recorded yet.",
        "ACCESS_DENIED": "Reserved for refused logins: not recorded yet.",
        "ACCESS_KEY_CHANGED": "Reserved for access keys: not recorded yet.",
    },
)
describe(
    OrderSort,
    "The sort key of orders.",
    {
        "PLACED_AT": "The instant of placing; for a draft, the instant of its entry.",
        "UPDATED_AT": "The instant of the latest change.",
        "NUMBER": "The number, as text.",
        "TOTAL": ("The gross total, without regard to the currency: 12 JPY is above 11 EUR."),
        "PROMISED_AT": "The promised delivery; an order without a promise is the latest.",
        "STAGE_DUE_AT": "The due time of the stage; an order without one is the latest.",
    },
)
describe(
    CustomerSort,
    "The sort key of customers.",
    {
        "NAME": "The name, without case and accents.",
        "CODE": "The code, as text.",
        "CREATED_AT": "The instant at which the customer was made.",
    },
)
describe(
    ProductSort,
    "The sort key of products.",
    {
        "NAME": "The name, without case and accents.",
        "SKU": "The SKU, as text.",
        "PRICE": "The price, without regard to currency and `priceQuantity`.",
    },
)
describe(
    StockSort,
    "The sort key of stock items.",
    {
        "SKU": "The product's SKU, as text.",
        "NAME": "The product's name, without case and accents.",
        "AVAILABLE": "The available units.",
    },
)
describe(
    StreamResetReason,
    "The reason why a stream could not resume from a cursor.",
    {
        "CURSOR_TOO_OLD": "The cursor is older than the replay: 30 days unless set otherwise.",
        "FEED_REBUILT": "The feed was restored to an earlier position.",
    },
)
