"""From whole orders to their rows: sums, counts and axes as if they had gone through our hands.

Nothing here touches stock. What left, left before the stock was counted; what is open is promised
when somebody prepares it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from tortoise.models import Model

from models.catalog import Product
from models.columns import new_id
from models.customers import Customer
from models.fulfillment import Parcel, Shipment, ShipmentLine
from models.orders import Order, OrderLine
from models.payments import Payment
from models.references import ExternalRef
from models.rules.events import EventKind, SubjectKind
from models.rules.freight import NONE, RatePart
from models.rules.money import Rounding
from models.rules.order_states import (
    FulfillmentStatus,
    OrderStatus,
    PaymentStatus,
    ReturnStatus,
)
from models.rules.payment_states import PaymentKind
from models.rules.shipment_states import ShipmentStatus, has_left
from services.aggregates import order_status
from services.aggregates.amounts import keep_parts, sum_up, totals_of
from services.aggregates.credit import share_of
from services.aggregates.orders import completes, derive, enter_stage, facts
from services.imports.order_documents import Whole, is_kept, price, shipping_minor, tax_rule
from services.imports.postal import PostalRow
from services.imports.records import LineRow, OrderRow, PastStatus, PaymentState, ShipmentRow
from services.work import search
from services.work.events import record
from services.work.work import Work

METHOD: Final = "imported"
"""How what a mapping declares to be paid was paid."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a batch of orders refers to, by key. `taken` are keys of shipments already known."""

    work: Work
    system: str
    rounding: Rounding
    customers: Mapping[str, Customer]
    products: Mapping[str, Product]
    warehouses: Mapping[str, UUID]
    taken: frozenset[str]
    rates: Mapping[tuple[str, date], Decimal]


@dataclass(frozen=True, slots=True)
class Draft:
    """An order in the making."""

    around: Surroundings
    found: Whole
    order: Order
    lines: list[OrderLine]


def build(around: Surroundings, key: UUID, found: Whole) -> list[Model]:
    """The rows of an order and of all that belongs to it, what others refer to first."""
    customer = around.customers[found.order.customer]
    order = _blank(around, key, found, customer)
    lines = [
        _line(order, position, line, around.products[line.product])
        for position, line in enumerate(found.lines)
    ]
    sum_up(order, lines, around.work.policy.currency)
    draft = Draft(around, found, order, lines)
    kept = [(name, row) for name, row in found.shipments.items() if is_kept(row)]
    shipments = [
        part
        for count, (name, row) in enumerate(kept, 1)
        for part in _shipment(draft, count, name, row)
    ]
    order.has_shipment = bool(kept)
    _count_rest(found.order, lines)
    payments = _payments(around.work, found.order, order)
    derive(order, lines, requested_units=0)
    order_status.arrive(order, _status(found.order, order, lines))
    derive(order, lines, requested_units=0)  # anew: what was paid for a cancelled one is too much
    part = share_of(order, around.work.policy.currency)
    order.credit_minor, order.lifetime_minor = part.credit_minor, part.lifetime_minor
    enter_stage(order, _last_step(found), around.work.policy.deadlines)
    _tell(draft)
    words = search.tokens(SubjectKind.ORDER, order.id, search.order_texts(order))
    return [order, *lines, *shipments, *payments, *words]


def _blank(around: Surroundings, key: UUID, found: Whole, customer: Customer) -> Order:
    """The order as it is before its lines are looked at."""
    row, now = found.order, around.work.now
    sent_to = [shipment.address for shipment in found.shipments.values()]
    shipping_address = _first_address([row.shipping_address, *sent_to], customer)
    shipping_net_minor, shipping_tax_minor = shipping_minor(row)
    day = around.work.policy.local(row.placed_at).date()
    order = Order(
        id=key,
        number=row.natural,
        channel=row.channel,
        customer_id=customer.id,
        currency=row.currency,
        company_rate=around.rates.get((row.currency, day)),
        status=OrderStatus.DRAFT,
        fulfillment_status=FulfillmentStatus.UNFULFILLED,
        payment_status=PaymentStatus.UNPAID,
        return_status=ReturnStatus.NONE,
        placed_at=row.placed_at,
        sorted_at=row.placed_at,
        created_at=now,
        updated_at=now,
        promised_at=row.promised_at,
        shipping_net_minor=shipping_net_minor,
        shipping_tax_minor=shipping_tax_minor,
        shipping_tax_rule=tax_rule(shipping_net_minor, shipping_tax_minor),
        rounding=around.rounding,
        shipping_address=shipping_address,
        billing_address=_first_address([row.billing_address], customer),
        shipping_country=shipping_address["countryCode"] if shipping_address else None,
        note=row.note,
        attributes=row.attributes,
    )
    rate = Decimal(0) if order.shipping_tax_rule == NONE else Decimal(order.shipping_tax_rule)
    keep_parts(order, [RatePart(rate, shipping_net_minor, shipping_tax_minor)])
    return order


def _first_address(rows: list[PostalRow | None], customer: Customer) -> dict[str, Any] | None:
    return next((row.kept(customer.name) for row in rows if row), None)


def _line(order: Order, position: int, row: LineRow, product: Product) -> OrderLine:
    """A line with the product's sku and name, and what it comes to."""
    priced = price(row, order.currency, order.rounding)
    line = OrderLine(
        id=new_id(),
        order_id=order.id,
        position=position,
        product_id=product.id,
        sku=product.sku,
        name=product.name,
        quantity=row.quantity,
        currency=order.currency,
        unit_price_minor=priced.unit_price_minor,
        price_quantity=priced.price_quantity,
        unit=product.unit,
        discount_rate=priced.discount_rate,
        tax_rate=priced.tax_rate,
    )
    totals = totals_of(line, order.rounding)
    line.net_minor = totals.net_minor
    line.tax_minor = totals.tax_minor
    line.discount_minor = totals.discount_minor
    return line


def _shipment(draft: Draft, count: int, name: str, row: ShipmentRow) -> list[Model]:
    """A shipment, the order's `count`th, with what it carries; the lines count it as shipped."""
    around, order = draft.around, draft.order
    carried = [draft.lines[index] for index in draft.found.carried(name)]
    made = Shipment(
        id=new_id(),
        number=f"{order.number}-{count}",
        order_id=order.id,
        warehouse_id=around.warehouses[row.warehouse],
        status=row.status,
        shipped_at=row.shipped_at,
        delivered_at=row.delivered_at,
        created_at=around.work.now,
        updated_at=around.work.now,
    )
    data = {"status": made.status, "number": made.number, "imported": around.system}
    record(around.work, made, EventKind.SHIPMENT_STATUS_CHANGED, order=order, data=data)
    for line in carried if has_left(row.status) else ():
        line.shipped = line.quantity
        line.delivered = line.quantity if row.status is ShipmentStatus.DELIVERED else 0
    # Another order may have the same shipment, in this import or in an earlier one.
    shared = name in draft.found.shared or name in around.taken
    known_as = ExternalRef(
        subject_kind=SubjectKind.SHIPMENT,
        subject_id=made.id,
        system=around.system,
        key=f"{name}-{order.number}" if shared else name,
    )
    contents = [
        ShipmentLine(shipment_id=made.id, order_line_id=line.id, quantity=line.quantity)
        for line in carried
    ]
    return [made, known_as, *contents, *_parcel(made, row)]


def _parcel(shipment: Shipment, row: ShipmentRow) -> list[Model]:
    """One parcel where the source tells of a carrier or a tracking number."""
    if not row.carrier and not row.tracking_number:
        return []
    return [
        Parcel(
            shipment_id=shipment.id,
            position=0,
            carrier=row.carrier,
            tracking_number=row.tracking_number,
            tracking_url=row.tracking_url,
        )
    ]


def _count_rest(row: OrderRow, lines: list[OrderLine]) -> None:
    """Units that no shipment carried: handed over, cancelled, or still open."""
    for line in lines:
        rest = line.quantity - line.shipped
        if row.fulfilled:
            line.shipped += rest
            line.delivered += rest
        elif row.status is PastStatus.CANCELLED:
            line.cancelled = rest


def _payments(work: Work, row: OrderRow, order: Order) -> list[Model]:
    """What the mapping declares: one charge of the whole, and where refunded one refund of it."""
    if row.payment is PaymentState.UNPAID or not order.total_gross_minor:
        return []
    charge = _payment(work, row, order, PaymentKind.CHARGE)
    order.charged_minor = charge.amount_minor
    if row.payment is PaymentState.PAID:
        return [charge]
    refund = _payment(work, row, order, PaymentKind.REFUND)
    refund.payment_id = charge.id
    order.refunded_minor = order.credited_minor = refund.amount_minor
    return [charge, refund]


def _payment(work: Work, row: OrderRow, order: Order, kind: PaymentKind) -> Payment:
    return Payment(
        id=new_id(),
        order_id=order.id,
        kind=kind,
        amount_minor=order.total_gross_minor,
        currency=order.currency,
        method=METHOD,
        at=row.paid_at or row.placed_at,
        created_at=work.now,
        actor_kind=work.actor.kind,
        actor_id=work.actor.id,
        actor_name=work.actor.name,
    )


def _status(row: OrderRow, order: Order, lines: list[OrderLine]) -> OrderStatus:
    """The declared status; else completed where all has arrived and is paid."""
    if row.status is not None:
        return OrderStatus(row.status)
    return OrderStatus.COMPLETED if completes(order, lines) else OrderStatus.CONFIRMED


def _last_step(found: Whole) -> datetime:
    """When it came as far as it is: when its last shipment left, or else when it was placed."""
    rows = found.shipments.values()
    left = [row.shipped_at for row in rows if row.shipped_at and has_left(row.status)]
    return max(left, default=found.order.placed_at)


def _tell(draft: Draft) -> None:
    """One event for the order, which keeps how it stands. It goes before the order's insert."""
    order, around = draft.order, draft.around
    warehouses = {
        around.warehouses[row.warehouse].hex
        for row in draft.found.shipments.values()
        if is_kept(row)
    }
    data = {
        "lines": len(draft.lines),
        "totalMinor": order.total_gross_minor,
        "imported": around.system,
    }
    after = {**facts(order), "warehouses": sorted(warehouses)}
    record(around.work, order, EventKind.ORDER_PLACED, order=order, data=data, after=after)
