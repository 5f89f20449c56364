"""Whether all that was written agrees: stock, lines, shipments, returns, money, events."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from typing import Final
from uuid import UUID

from models.columns import Subject
from models.customers import Customer
from models.events import Event, Feed
from models.fulfillment import Return, ReturnLine, Shipment, ShipmentLine
from models.inventory import StockItem, StockMovement
from models.orders import Order, OrderLine
from models.payments import Invoice, Payment
from models.rules.access import SYSTEM
from models.rules.catalog import TrackingPolicy
from models.rules.delays import USUAL, due_at, stage_of
from models.rules.inventory import EFFECTS, MovementKind
from models.rules.order_states import (
    OrderStatus,
    fulfillment_status,
    owed_minor,
    payment_status,
    return_status,
)
from models.rules.payment_states import FOLLOWS, PaymentKind
from models.rules.return_states import AWAITED, ReturnState
from models.rules.shipment_states import ShipmentStatus, has_left
from models.tracking import ShipmentUnit, TrackedUnit, UnitMovement, UnitStock
from services.aggregates.amounts import sums_of
from services.aggregates.lines import counts_of
from services.operations.audits.stock import verify_stock
from services.storage.database import dialect

SUBJECTS: Final[tuple[type[Subject], ...]] = (Customer, Order, Return, Shipment, StockItem)


async def disagreements() -> list[str]:
    """What does not agree, in words."""
    found = [str(drift) for drift in (await verify_stock(SYSTEM)).drifts]
    for check in (
        _events,
        _positions,
        _lines,
        _returns,
        _returned,
        _orders,
        _payments,
        _invoices,
        _customers,
        _units,
        _steps,
        _assigned,
    ):
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


async def _customers() -> AsyncIterator[str]:
    """What customers owe and have bought is what their orders' parts come to."""
    owed: dict[UUID, list[int]] = defaultdict(lambda: [0, 0])
    for order in await Order.all():
        owed[order.customer_id][0] += order.credit_minor
        owed[order.customer_id][1] += order.lifetime_minor
    for customer in await Customer.all():
        kept = [customer.credit_used_minor, customer.lifetime_minor]
        if kept != owed[customer.id]:
            yield f"customer {customer.code}: {kept}, and the orders come to {owed[customer.id]}"


async def _units() -> AsyncIterator[str]:
    """The units in a stock item come to its on_hand, each serial number to one."""
    rows = await UnitStock.all().select_related("unit__product")
    there = Counter[UUID]()
    damaged = Counter[UUID]()
    for row in rows:
        there[row.stock_item_id] += row.quantity
        damaged[row.stock_item_id] += row.damaged
        if row.unit.product.tracking is TrackingPolicy.SERIAL and row.quantity != 1:
            yield f"serial number {row.unit.code}: {row.quantity} on hand"
    for item in await StockItem.all().select_related("product"):
        tracked = item.product.tracking is not TrackingPolicy.NONE
        if there[item.id] != (item.on_hand if tracked else 0):
            yield f"stock item of {item.product.sku}: {there[item.id]} units of {item.on_hand}"
        if damaged[item.id] > item.damaged:
            yield f"stock item of {item.product.sku}: {damaged[item.id]} of {item.damaged} damaged"


async def _steps() -> AsyncIterator[str]:
    """Units lie where their ledgers left them, whose steps are numbered without a gap."""
    rows = await UnitStock.all()
    told: Counter[tuple[UUID, UUID | None]] = Counter()
    numbers: dict[UUID, list[int]] = defaultdict(list)
    for step in await UnitMovement.all().order_by("sequence"):
        told[step.unit_id, step.stock_item_id] += step.quantity * EFFECTS[step.kind].on_hand
        numbers[step.unit_id].append(step.sequence)
    lying = {(row.unit_id, row.stock_item_id): row.quantity for row in rows}
    if {place: units for place, units in told.items() if units} != lying:
        yield f"units lie as {lying}, and the ledger says {told}"
    for unit in await TrackedUnit.all():
        if numbers[unit.id] != list(range(1, unit.movement_seq + 1)):
            yield f"unit {unit.code}: steps {numbers[unit.id]} of {unit.movement_seq}"


async def _assigned() -> AsyncIterator[str]:
    """What is assigned lies in shipments that have not left; those that left have all units."""
    held: Counter[tuple[UUID, UUID]] = Counter()
    of_line = Counter[UUID]()
    for each in await ShipmentUnit.all().select_related("shipment_line__shipment"):
        shipment = each.shipment_line.shipment
        of_line[each.shipment_line_id] += each.quantity
        if not has_left(shipment.status):
            held[each.unit_id, shipment.warehouse_id] += each.quantity
    items = {item.id: item.warehouse_id for item in await StockItem.all()}
    rows = await UnitStock.filter(assigned__gt=0)
    assigned = {(row.unit_id, items[row.stock_item_id]): row.assigned for row in rows}
    if assigned != held:
        yield f"units are assigned as {assigned}, and shipments hold {held}"
    for line in await ShipmentLine.filter(id__in=list(of_line)):
        if of_line[line.id] != line.quantity:
            yield f"shipment line of {line.quantity} has {of_line[line.id]} units"


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


async def _returns() -> AsyncIterator[str]:
    """A return's status and its lines' dispositions follow from what has come of it."""
    for request in await Return.all():
        rows = await ReturnLine.filter(return_request_id=request.id)
        some = any(row.received for row in rows)
        everything = all(row.received == row.quantity for row in rows)
        if (request.status is ReturnState.RECEIVED) is not everything:
            yield f"return {request.number}: {request.status}, all received: {everything}"
        if (request.status is ReturnState.PARTLY_RECEIVED) is not (some and not everything):
            yield f"return {request.number}: {request.status}, some received: {some}"
        if any((row.received == 0) is not (row.disposition is None) for row in rows):
            yield f"return {request.number}: units without a disposition, or without units"


async def _returned() -> AsyncIterator[str]:
    """What came back did so by a return, and what is in stock again is a part of it."""
    came: Counter[UUID] = Counter()
    awaited: Counter[UUID] = Counter()
    for row in await ReturnLine.all().select_related("return_request"):
        came[row.order_line_id] += row.received
        if row.return_request.status in AWAITED:
            awaited[row.order_line_id] += row.quantity - row.received
    stocked: Counter[UUID] = Counter()
    for movement in await StockMovement.filter(kind=MovementKind.RETURN):
        assert movement.order_line_id is not None
        stocked[movement.order_line_id] += movement.quantity
    for line in await OrderLine.all():
        told = f"line {line.id}: {line.returned} returned of {line.shipped}"
        if line.returned != came[line.id] or stocked[line.id] > line.returned:
            yield f"{told}, {came[line.id]} came, {stocked[line.id]} are in stock again"
        if line.returned + awaited[line.id] > line.shipped:
            yield f"{told}, {awaited[line.id]} more announced"
    for order in await Order.all():
        lines = await OrderLine.filter(order_id=order.id)
        waiting = sum(awaited[line.id] for line in lines)
        if order.return_status is not return_status([counts_of(each) for each in lines], waiting):
            yield f"order {order.number}: {order.return_status}"


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
        sums = sums_of(order)
        owed = owed_minor(order.status, order.return_status, sums)
        paying = (order.balance_minor, order.payment_status)
        if paying != (owed - sums.paid_minor, payment_status(owed, sums)):
            yield f"order {order.number}: {paying}, and {owed} is owed"
        stage = stage_of(order.status, order.fulfillment_status)
        due = stage and due_at(stage, order.stage_since, order.promised_at, USUAL)
        if (order.stage, order.stage_due_at) != (stage, due):
            yield f"order {order.number}: {order.stage} until {order.stage_due_at}"
        gone = all(line.cancelled == line.quantity for line in lines)
        if gone is not (order.status is OrderStatus.CANCELLED):
            yield f"order {order.number}: {order.status}, all lines cancelled: {gone}"


def _sum(payments: Sequence[Payment], kind: PaymentKind) -> int:
    return sum(each.amount_minor for each in payments if each.kind is kind)


async def _payments() -> AsyncIterator[str]:
    """No payment gives more of another than that is, and each follows one of the right kind."""
    payments = {each.id: each for each in await Payment.all()}
    taken: Counter[UUID] = Counter()
    for each in payments.values():
        if each.payment_id is None:
            continue
        earlier = payments[each.payment_id]
        taken[earlier.id] += each.amount_minor
        if FOLLOWS.get(each.kind) is not earlier.kind or each.order_id != earlier.order_id:
            yield f"payment {each.id}: {each.kind} of {earlier.kind}"
    for key, amount in taken.items():
        if amount > payments[key].amount_minor:
            yield f"payment {key}: {amount} of {payments[key].amount_minor} taken"


async def _invoices() -> AsyncIterator[str]:
    """Invoice numbers have no gap, and each shipment that has left has one invoice."""
    numbers = sorted(int(each.number[-6:]) for each in await Invoice.all())
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"invoices {numbers}"
    billed = {each.shipment_id for each in await Invoice.all()}
    left = {each.id for each in await Shipment.all() if has_left(each.status)}
    if billed != left:
        yield f"invoices of {billed ^ left}"
