"""What is in the database and what should be there by the paper, side by side."""

from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from tortoise.functions import Sum
from tortoise.models import Model
from tortoise.queryset import QuerySet

from models.customers import Customer as StoredCustomer
from models.fulfillment import Parcel, ReturnLine, ShipmentLine, TrackingEvent
from models.fulfillment import Return as StoredReturn
from models.fulfillment import Shipment as StoredShipment
from models.inventory import Reservation, StockItem, StockMovement
from models.orders import Order as StoredOrder
from models.orders import OrderLine
from models.payments import Invoice
from models.references import ExternalRef
from models.rules.events import SubjectKind
from tests.support.model.commands import Name, Names
from tests.support.model.paper import OWING, Order, Paper

Seen = Iterator[tuple[str, Name, Any]]
"""What is compared, which names an invariant; where; its value."""

STOCK: Final = {
    "stock.on_hand": "on_hand",
    "stock.reserved": "reserved",
    "stock.damaged": "damaged",
    "stock.safety": "safety_stock",
}
LEDGER: Final = {
    "ledger.on_hand": (
        *("RECEIPT", "RETURN", "ADJUST", "COUNT", "TRANSFER_IN", "TRANSFER_OUT"),
        *("SHIP", "SCRAP"),
    ),
    "ledger.reserved": ("RESERVE", "RELEASE", "SHIP"),
    "ledger.damaged": ("DAMAGE", "SCRAP"),
}
"""The kinds of movements that each counter is the sum of."""
CUSTOMER: Final = {
    "customer.credit": "credit_used_minor",
    "customer.lifetime": "lifetime_minor",
    "customer.version": "version",
}
ORDER: Final = {
    "order.customer": "customer__code",
    "order.status": "status",
    "order.fulfillment": "fulfillment_status",
    "order.payment": "payment_status",
    "order.returns": "return_status",
    "order.version": "version",
    "order.since": "sorted_at",
    "order.stage": "stage",
    "order.due": "stage_due_at",
    "order.late": "delayed_stage",
    "order.lines": "line_count",
    "order.subtotal_net": "subtotal_net_minor",
    "order.subtotal_tax": "subtotal_tax_minor",
    "order.discount": "discount_minor",
    "order.shipping_tax": "shipping_tax_minor",
    "order.total": "total_gross_minor",
    "order.balance": "balance_minor",
    "order.credit": "credit_minor",
    "order.has_shipment": "has_shipment",
    "payment.authorized": "authorized_minor",
    "payment.charged": "charged_minor",
    "payment.refunded": "refunded_minor",
}
LINE: Final = {
    "line.quantity": "quantity",
    "line.net": "net_minor",
    "line.tax": "tax_minor",
    "line.discount": "discount_minor",
    "line.reserved": "reserved",
    "line.backordered": "backordered",
    "line.preparing": "preparing",
    "line.shipped": "shipped",
    "line.delivered": "delivered",
    "line.returned": "returned",
    "line.cancelled": "cancelled",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not as foreseen: what the product has, and what it should have."""

    invariant: str
    place: str
    stored: Any
    due: Any


async def differences(
    paper: Paper, names: Names, numbers: Collection[int] | None = None
) -> list[Difference]:
    """Whatever is not in the database as it is on paper: stock, customers, and orders.

    Of the orders all are looked at, or those with these numbers.
    """
    looked_at = paper.orders if numbers is None else numbers
    keys = None if numbers is None else [names.of("order", number) for number in numbers]
    due = {(what, where): value for what, where, value in foreseen(paper, looked_at)}
    there: dict[Any, Any] = {}
    for part in (_stock, _ledger, _customers):
        there |= {(what, where): value async for what, where, value in part()}
    for part_of in (
        (_orders, _keys, _lines, _holds, _shipments, _returns, _invoices) if looked_at else ()
    ):
        there |= {(what, where): value async for what, where, value in part_of(names, keys)}
    return [
        Difference(
            what, " ".join(map(str, where)), there.get((what, where)), due.get((what, where))
        )
        for what, where in {**due, **there}
        if there.get((what, where)) != due.get((what, where))
    ]


def foreseen(paper: Paper, numbers: Collection[int]) -> Seen:
    """What the database should hold."""
    counters: tuple[int, ...]
    for (sku, warehouse), item in paper.stock.items():
        counters = (item.on_hand, paper.reserved(sku, warehouse), item.damaged, item.safety)
        yield from _each(STOCK, ("stock", sku, warehouse), counters)
        yield from _each(LEDGER, ("stock", sku, warehouse), counters[:3])
    for code, customer in paper.customers.items():
        counters = (paper.owed(code), paper.lifetime(code), customer.version)
        yield from _each(CUSTOMER, ("customer", code), counters)
    for number in numbers:
        yield from _foreseen_order(paper.orders[number])


def _each(names: Iterable[str], where: Name, values: tuple[Any, ...]) -> Seen:
    for name, value in zip(names, values, strict=True):
        yield name, where, value


def _foreseen_order(order: Order) -> Seen:
    net, tax, discount = order.amounts
    values = (
        *(order.customer, order.status, order.fulfillment, order.payment, order.returning),
        *(order.version, order.since, order.stage, order.due, order.late),
        *(len(order.lines), net, tax, discount, order.freight, order.total),
        order.balance,
        max(0, order.balance) if order.status in OWING else 0,
        any(each.status != "CANCELLED" for each in order.shipments),
        *(order.authorized, order.sum_of("CHARGE"), order.sum_of("REFUND")),
    )
    number = order.number
    yield from _each(ORDER, ("order", number), values)
    for line in order.lines:
        key = line.number
        counts = (
            *(line.quantity, *line.cost(line.priced), order.reserved(line), line.waiting),
            *(order.packed(key), order.shipped(key), order.delivered(key), order.returned(key)),
            line.cancelled,
        )
        yield from _each(LINE, ("line", number, key), counts)
    yield from _foreseen_parts(order)


def _foreseen_parts(order: Order) -> Seen:
    where: Name
    if order.key:
        yield "order.key", ("order", order.number), order.key
    for hold in order.holds:
        where = ("line", order.number, hold.line, hold.warehouse)
        yield "reservation", where, (hold.units, hold.until)
    for shipment in order.shipments:
        where = ("shipment", order.number, shipment.number)
        state = (shipment.status, shipment.version, shipment.told, shipment.warehouse)
        yield "shipment", where, state
        yield "shipment.news", where, sorted(shipment.news)
        for position, texts in enumerate(shipment.parcels):
            yield "parcel", (*where, position), texts
        for key, units in shipment.units.items():
            yield "shipment.units", (*where, key), units
    for request in order.returns:
        where = ("return", order.number, request.number)
        yield "return", where, (request.status, request.version)
        for key, each in request.lines.items():
            yield "return.units", (*where, key), (each.announced, each.received, each.disposition)
    for count, worth in enumerate(order.invoices, 1):
        yield "invoice", ("order", order.number, count), worth


Stored = AsyncIterator[tuple[str, Name, Any]]
Keys = list[UUID] | None


def _of(table: type[Model], order: str, keys: Keys) -> QuerySet[Any]:
    """The rows of orders; `order` leads to their ids."""
    return table.all() if keys is None else table.filter(**{f"{order}__in": keys})


async def _stock() -> Stored:
    rows = await StockItem.all().values_list("product__sku", "warehouse__code", *STOCK.values())
    for sku, warehouse, *values in rows:
        for each in _each(STOCK, ("stock", sku, warehouse), tuple(values)):
            yield each


async def _ledger() -> Stored:
    moved: Counter[tuple[Any, ...]] = Counter()
    rows = StockMovement.annotate(units=Sum("quantity"))
    place = ("stock_item__product__sku", "stock_item__warehouse__code")
    groups = rows.group_by(*place, "kind").values_list(*place, "kind", "units")
    for sku, warehouse, kind, units in await groups:
        for name, kinds in LEDGER.items():
            moved[name, sku, warehouse] += int(units) if kind in kinds else 0
    for (name, sku, warehouse), units in moved.items():
        yield name, ("stock", sku, warehouse), units


async def _customers() -> Stored:
    for code, *values in await StoredCustomer.all().values_list("code", *CUSTOMER.values()):
        for each in _each(CUSTOMER, ("customer", code), tuple(values)):
            yield each


async def _orders(names: Names, keys: Keys) -> Stored:
    rows = _of(StoredOrder, "id", keys)
    for key, *values in await rows.values_list("id", *ORDER.values()):
        for each in _each(ORDER, names.name(key), tuple(values)):
            yield each


async def _keys(names: Names, keys: Keys) -> Stored:
    rows = _of(ExternalRef, "subject_id", keys).filter(subject_kind=SubjectKind.ORDER)
    for subject, key in await rows.values_list("subject_id", "key"):
        yield "order.key", names.name(subject), key


async def _lines(names: Names, keys: Keys) -> Stored:
    rows = _of(OrderLine, "order_id", keys)
    for key, *values in await rows.values_list("id", *LINE.values()):
        for each in _each(LINE, names.name(key), tuple(values)):
            yield each


async def _holds(names: Names, keys: Keys) -> Stored:
    rows = _of(Reservation, "order_line__order_id", keys).values_list(
        "order_line_id", "stock_item__warehouse__code", "quantity", "expires_at"
    )
    for key, warehouse, *value in await rows:
        yield "reservation", (*names.name(key), warehouse), tuple(value)


async def _shipments(names: Names, keys: Keys) -> Stored:
    rows = _of(StoredShipment, "order_id", keys)
    columns = ("status", "version", "event_seq", "warehouse__code")
    news: dict[UUID, list[datetime]] = {}
    for key, *value in await rows.values_list("id", *columns):
        yield "shipment", names.name(key), tuple(value)
        news[key] = []
    told = _of(TrackingEvent, "shipment__order_id", keys).order_by("at")
    for key, at in await told.values_list("shipment_id", "at"):
        news[key].append(at)
    for key, times in news.items():
        yield "shipment.news", names.name(key), times
    parcels = _of(Parcel, "shipment__order_id", keys)
    texts = ("shipment_id", "position", "carrier", "tracking_number")
    for key, position, carrier, number in await parcels.values_list(*texts):
        yield "parcel", (*names.name(key), position), (carrier or "", number or "")
    contents = _of(ShipmentLine, "shipment__order_id", keys)
    for key, line, units in await contents.values_list("shipment_id", "order_line_id", "quantity"):
        yield "shipment.units", (*names.name(key), names.name(line)[-1]), units


async def _returns(names: Names, keys: Keys) -> Stored:
    rows = _of(StoredReturn, "order_id", keys)
    for key, *value in await rows.values_list("id", "status", "version"):
        yield "return", names.name(key), tuple(value)
    contents = _of(ReturnLine, "return_request__order_id", keys).values_list(
        "return_request_id", "order_line_id", "quantity", "received", "disposition"
    )
    for key, line, *value in await contents:
        yield "return.units", (*names.name(key), names.name(line)[-1]), tuple(value)


async def _invoices(names: Names, keys: Keys) -> Stored:
    counts: Counter[UUID] = Counter()
    rows = _of(Invoice, "order_id", keys).order_by("number")
    for key, *worth in await rows.values_list("order_id", "net_minor", "tax_minor"):
        counts[key] += 1
        yield "invoice", (*names.name(key), counts[key]), tuple(worth)


PARTS: Final = (_orders, _keys, _lines, _holds, _shipments, _returns, _invoices)
"""What is there of orders."""
