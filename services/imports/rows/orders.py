"""Makes the rows of orders from order documents: sums, units and statuses as if placed here.

Nothing here changes stock. Shipped units left before the stock was counted; open units are reserved
when the order is prepared.
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
from models.references import ExternalRef
from models.rules import units as trade
from models.rules.events import EventKind, SubjectKind
from models.rules.freight import NONE, RatePart
from models.rules.money import Rounding
from models.rules.order_states import OrderStatus
from models.rules.payment_states import PaymentKind
from models.rules.shipment_states import ShipmentStatus, has_left
from services.aggregates import order_status
from services.aggregates.amounts import line_of, set_freight_parts, sum_up
from services.aggregates.billing import count_payment, payment_of
from services.aggregates.credit import share_of
from services.aggregates.lines import carry_out, counts_of
from services.aggregates.order_status import BEGINNING
from services.aggregates.orders import begin, completes, derive
from services.imports.checks.order_documents import (
    OrderDocument,
    is_imported,
    price,
    shipping_minor,
    tax_rule,
)
from services.imports.files.postal import PostalRow
from services.imports.files.records import LineRow, OrderRow, PastStatus, PaymentState, ShipmentRow
from services.work import search
from services.work.events import record
from services.work.work import Work

METHOD: Final = "imported"
"""The method of a payment that a mapping declares."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The objects that a batch of orders refers to, by key. `taken` are known shipments' keys."""

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
    found: OrderDocument
    order: Order
    lines: list[OrderLine]


def build(around: Surroundings, key: UUID, found: OrderDocument) -> list[Model]:
    """The rows of an order and of all its parts, referenced ones first."""
    customer = around.customers[found.order.customer]
    order = _blank(around, key, found, customer)
    lines = [
        _line(order, position, line, around.products[line.product])
        for position, line in enumerate(found.lines)
    ]
    sum_up(order, lines, around.work.policy.currency)
    draft = Draft(around, found, order, lines)
    imported = [(name, row) for name, row in found.shipments.items() if is_imported(row)]
    shipments = [
        part
        for count, (name, row) in enumerate(imported, 1)
        for part in _shipment(draft, count, name, row)
    ]
    order.has_shipment = bool(imported)
    _count_rest(found.order, lines)
    payments = _payments(around.work, found.order, order)
    derive(order, lines, requested_units=0)
    order_status.arrive(order, _status(found.order, order, lines))
    sent_from = [around.warehouses[row.warehouse] for _, row in imported]
    begin(
        around.work,
        order,
        lines,
        EventKind.ORDER_PLACED,
        sent_from,
        {"imported": around.system},
        since=_last_step(found),
    )
    part = share_of(order, around.work.policy.currency)
    order.credit_minor, order.lifetime_minor = part.credit_minor, part.lifetime_minor
    words = search.tokens(SubjectKind.ORDER, order.id, search.order_texts(order))
    return [order, *lines, *shipments, *payments, *words]


def _blank(around: Surroundings, key: UUID, found: OrderDocument, customer: Customer) -> Order:
    """The order before its lines are added."""
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
        **BEGINNING,
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
    set_freight_parts(order, [RatePart(rate, shipping_net_minor, shipping_tax_minor)])
    return order


def _first_address(rows: list[PostalRow | None], customer: Customer) -> dict[str, Any] | None:
    return next((row.stored(customer.name) for row in rows if row), None)


def _line(order: Order, position: int, row: LineRow, product: Product) -> OrderLine:
    """A line with the product's SKU and name, and its totals."""
    return line_of(
        order.id, position, product, price(row, order.currency, order.rounding), order.currency
    )


def _shipment(draft: Draft, count: int, name: str, row: ShipmentRow) -> list[Model]:
    """The order's `count`th shipment, with its lines, which count the units as shipped."""
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
        _pass(line, line.quantity, has_arrived=row.status is ShipmentStatus.DELIVERED)
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
    """A parcel, if the source has a carrier or a tracking number."""
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
    """Counts units without a shipment: handed over, cancelled, or still open."""
    for line in lines:
        rest = counts_of(line).inside
        if row.fulfilled and rest:
            _pass(line, rest, has_arrived=True)
        elif row.status is PastStatus.CANCELLED and rest:
            carry_out(line, trade.cancel, rest)


def _pass(line: OrderLine, units: int, *, has_arrived: bool) -> None:
    """Counts units that were shipped in the past, with all steps before; stock stays unchanged."""
    for rule in (trade.promise, trade.pack, trade.ship, *((trade.deliver,) if has_arrived else ())):
        carry_out(line, rule, units)


def _payments(work: Work, row: OrderRow, order: Order) -> list[Model]:
    """The declared payments: one charge of the total, and one refund of it if refunded."""
    if row.payment is PaymentState.UNPAID or not order.total_gross_minor:
        return []
    at, total_minor = row.paid_at or row.placed_at, order.total_gross_minor
    charge = payment_of(work, order, PaymentKind.CHARGE, total_minor, METHOD, at=at)
    count_payment(order, charge)
    if row.payment is PaymentState.PAID:
        return [charge]
    refund = payment_of(
        work, order, PaymentKind.REFUND, total_minor, METHOD, earlier_id=charge.id, at=at
    )
    count_payment(order, refund)
    order.credited_minor = refund.amount_minor
    return [charge, refund]


def _status(row: OrderRow, order: Order, lines: list[OrderLine]) -> OrderStatus:
    """The declared status; otherwise completed if all has arrived and is paid."""
    if row.status is not None:
        return OrderStatus(row.status)
    return OrderStatus.COMPLETED if completes(order, lines) else OrderStatus.CONFIRMED


def _last_step(found: OrderDocument) -> datetime:
    """The start of the order's stage: when its last shipment left, otherwise when it was placed."""
    rows = found.shipments.values()
    left = [row.shipped_at for row in rows if row.shipped_at and has_left(row.status)]
    return max(left, default=found.order.placed_at)
