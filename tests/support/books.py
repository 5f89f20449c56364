"""Whether all that was written agrees: stock, lines, shipments, money, events."""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from typing import Final
from uuid import UUID

from models.columns import Subject
from models.customers import Customer
from models.events import Event, Feed
from models.fulfillment import Shipment, ShipmentLine
from models.inventory import StockItem, StockMovement
from models.orders import Order, OrderLine
from models.payments import Invoice, Payment
from models.rules.access import SYSTEM
from models.rules.delays import USUAL, due_at, stage_of
from models.rules.inventory import MovementKind
from models.rules.order_states import OrderStatus, fulfillment_status, payment_status
from models.rules.payment_states import PaymentKind
from models.rules.shipment_states import ShipmentStatus, has_left
from services.database import dialect
from services.orders import counts_of, sums_of
from services.stock_audit import verify_stock

SUBJECTS: Final[tuple[type[Subject], ...]] = (Customer, Order, Shipment, StockItem)


async def disagreements() -> list[str]:
    """What does not agree, in words."""
    found = [str(drift) for drift in (await verify_stock(SYSTEM)).drifts]
    for check in (_events, _positions, _lines, _orders, _invoices):
        found += [each async for each in check()]
    return found


async def _events() -> AsyncIterator[str]:
    """Each subject's events are numbered 1, 2, 3 ..., and its row knows how many there are."""
    told: dict[UUID, list[int]] = defaultdict(list)
    for event in await Event.all().order_by("subject_seq"):
        told[event.subject_id].append(event.subject_seq)
    for table in SUBJECTS:
        for row in await table.all():
            numbers = told.pop(row.pk, [])
            if numbers != list(range(1, row.event_seq + 1)):
                yield f"{table.__name__} {row.pk}: events {numbers} of {row.event_seq}"
    for subject_id in told:
        yield f"events of {subject_id}, which is not there"


async def _positions() -> AsyncIterator[str]:
    """On SQLite the transaction itself gives each event its place in the feed."""
    if dialect() != "sqlite":
        return
    positions = [event.position for event in await Event.all().order_by("position")]
    if positions != list(range(1, len(positions) + 1)):
        yield f"positions {positions}"
    if (await Feed.get()).last_position != len(positions):
        yield f"the feed does not end at {len(positions)}"


async def _lines() -> AsyncIterator[str]:
    """A line's counts are what shipments and the ledger say about it."""
    moved: dict[tuple[UUID, MovementKind], int] = defaultdict(int)
    for movement in await StockMovement.filter(order_line_id__isnull=False):
        assert movement.order_line_id is not None
        moved[movement.order_line_id, movement.kind] += movement.quantity
    preparing: dict[UUID, int] = defaultdict(int)
    left: dict[UUID, int] = defaultdict(int)
    delivered: dict[UUID, int] = defaultdict(int)
    for row in await ShipmentLine.all().select_related("shipment"):
        status = row.shipment.status
        if has_left(status):
            left[row.order_line_id] += row.quantity
        elif status is not ShipmentStatus.CANCELLED:
            preparing[row.order_line_id] += row.quantity
        if status is ShipmentStatus.DELIVERED:
            delivered[row.order_line_id] += row.quantity
    for line in await OrderLine.all():
        promised = sum(
            moved[line.id, kind]
            for kind in (MovementKind.RESERVE, MovementKind.RELEASE, MovementKind.SHIP)
        )
        for name, told, is_so in (
            ("promised", line.reserved, promised),
            ("in pending shipments", line.preparing, preparing[line.id]),
            ("in shipments that left", line.shipped, left[line.id]),
            ("taken out of stock", line.shipped, -moved[line.id, MovementKind.SHIP]),
            ("delivered", line.delivered, delivered[line.id]),
        ):
            if told != is_so:
                yield f"line {line.id}: {told} {name}, not {is_so}"


async def _orders() -> AsyncIterator[str]:
    """An order's sums and derived axes follow from its lines and payments."""
    for order in await Order.all():
        lines = await OrderLine.filter(order_id=order.id)
        if order.subtotal_net_minor != sum(line.net_minor for line in lines):
            yield f"order {order.number}: its lines come to another sum"
        if order.total_net_minor != order.subtotal_net_minor + order.shipping_net_minor:
            yield f"order {order.number}: its total is another"
        payments = await Payment.filter(order_id=order.id)
        told = (order.charged_minor, order.refunded_minor)
        is_so = (_sum(payments, PaymentKind.CHARGE), _sum(payments, PaymentKind.REFUND))
        if told != is_so or order.authorized_minor < 0:
            yield f"order {order.number}: {told}, {order.authorized_minor} authorized, not {is_so}"
        if order.fulfillment_status is not fulfillment_status([counts_of(each) for each in lines]):
            yield f"order {order.number}: {order.fulfillment_status}"
        if order.payment_status is not payment_status(sums_of(order)):
            yield f"order {order.number}: {order.payment_status}"
        stage = stage_of(order.status, order.fulfillment_status)
        due = stage and due_at(stage, order.stage_since, order.promised_at, USUAL)
        if (order.stage, order.stage_due_at) != (stage, due):
            yield f"order {order.number}: {order.stage} until {order.stage_due_at}"
        gone = all(line.cancelled == line.quantity for line in lines)
        if gone is not (order.status is OrderStatus.CANCELLED):
            yield f"order {order.number}: {order.status}, all lines cancelled: {gone}"


def _sum(payments: Sequence[Payment], kind: PaymentKind) -> int:
    return sum(each.amount_minor for each in payments if each.kind is kind)


async def _invoices() -> AsyncIterator[str]:
    """Invoice numbers have no gap, and each shipment that has left has one invoice."""
    numbers = sorted(int(each.number[-6:]) for each in await Invoice.all())
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"invoices {numbers}"
    billed = {each.shipment_id for each in await Invoice.all()}
    left = {each.id for each in await Shipment.all() if has_left(each.status)}
    if billed != left:
        yield f"invoices of {billed ^ left}"
