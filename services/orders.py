"""What every change of an order shares: locks, versions, and axes that are derived anew."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from tortoise.backends.base.client import BaseDBAsyncClient

from models.columns import Versioned
from models.fulfillment import Return, ReturnLine, Shipment
from models.inventory import Reservation
from models.orders import Order, OrderLine
from models.rules.access import Permission
from models.rules.delays import due_at, stage_of
from models.rules.errors import (
    IllegalTransition,
    VersionConflict,
    invalid,
    not_found,
    required,
)
from models.rules.events import EventKind
from models.rules.order_states import (
    FulfillmentStatus,
    LineCounts,
    OrderFacts,
    OrderStatus,
    PaymentStatus,
    fulfillment_status,
    order_actions,
    payment_status,
    return_status,
)
from models.rules.payment_states import PaymentSums
from models.rules.return_states import AWAITED
from models.rules.text import clean
from services import credit, policy
from services.events import record
from services.transaction import Work, use_case
from services.visibility import visible

MAX_NOTE: Final = 10_000


@use_case(Permission.ORDERS_WRITE)
async def note_on_order(work: Work, order_id: UUID, text: str) -> Order:
    """The order with a line added to its note. Nobody's version is in the way of a note.

    Raises:
        InputError: no such order; an empty text, or a note that would become too long.
    """
    order = await lock_order(work, order_id)
    added = clean(text)
    if not added:
        raise required("What is to be noted?", "text")
    note = f"{order.note}\n{added}" if order.note else added
    if len(note) > MAX_NOTE:
        raise invalid(f"A note has at most {MAX_NOTE} characters.", "text")
    order.note = note
    data = {"field": "note"}
    record(work, order, EventKind.NOTE_ADDED, order=order, data=data, after=facts(order))
    order.updated_at = work.now
    await order.save(update_fields=["note", "event_seq", "updated_at"], using_db=work.connection)
    return order


async def lock_order(work: Work, order_id: UUID, *path: str) -> Order:
    """The order, locked until the transaction ends.

    Raises:
        InputError: the actor sees no such order.
    """
    rows = visible(Order, work.actor).using_db(work.connection).select_for_update()
    order = await rows.get_or_none(id=order_id)
    if order is None:
        raise not_found("There is no such order.", *(path or ("id",)))
    return order


def check_version(row: Versioned, version: int) -> None:
    """Pass where the caller saw the order, or what belongs to it, as it is.

    Raises:
        VersionConflict: it has changed since.
    """
    if row.version != version:
        raise VersionConflict(version, row.version, row)


async def lines_of(work: Work, order: Order) -> list[OrderLine]:
    """The order's lines in their order."""
    rows = OrderLine.filter(order_id=order.id).using_db(work.connection)
    return await rows.order_by("position")


async def settle(
    work: Work,
    order: Order,
    lines: list[OrderLine],
    before: dict[str, Any],
    kind: EventKind = EventKind.ORDER_STATUS_CHANGED,
    data: dict[str, Any] | None = None,
) -> None:
    """Derive the order's axes anew, save it, and record what changed since `before`.

    The event keeps all facts as they are now and those that changed as they were, so that a stream
    can tell who is concerned without asking the database about a past that is gone.
    An order whose units have all arrived and that is paid completes by itself.
    """
    derive(order, lines, (await announced_of(work, order)).total())
    if (
        order.status is OrderStatus.CONFIRMED
        and order.fulfillment_status is FulfillmentStatus.DELIVERED
        and order.payment_status in (PaymentStatus.PAID, PaymentStatus.OVERPAID)
    ):
        order.status = OrderStatus.COMPLETED
    await credit.book(work, order)
    enter_stage(order, work.now)
    order.version += 1
    order.updated_at = work.now
    after = facts(order)
    if "warehouses" in before:
        after["warehouses"] = await warehouses_of(order.id, work.connection)
    changed = sorted(name for name, value in after.items() if before[name] != value)
    record(
        work,
        order,
        kind,
        order=order,
        data={**(data or {}), "changed": changed},
        before={name: before[name] for name in changed},
        after=after,
    )
    await order.save(using_db=work.connection)


def derive(order: Order, lines: list[OrderLine], requested_units: int) -> None:
    """Set the derived axes from the lines' counts and the sums of the payments."""
    counts = [counts_of(line) for line in lines]
    order.fulfillment_status = fulfillment_status(counts)
    is_cancelled = order.status is OrderStatus.CANCELLED
    order.payment_status = payment_status(sums_of(order), is_cancelled=is_cancelled)
    order.return_status = return_status(counts, requested_units)


def enter_stage(order: Order, at: datetime) -> None:
    """Set what the order waits for by its axes, and until when; a stage that is new begins at `at`.

    The due time is set anew also where the stage stays: what was promised may have changed.
    """
    stage = stage_of(order.status, order.fulfillment_status)
    if stage is not order.stage:
        order.stage, order.stage_since, order.delayed_stage = stage, at, None
    if stage is None:
        order.stage_since = order.stage_due_at = None
        return
    deadlines = policy.current().deadlines
    order.stage_due_at = due_at(stage, order.stage_since, order.promised_at, deadlines)


def counts_of(line: OrderLine) -> LineCounts:
    """Where the line's units are, for the rules."""
    return LineCounts(
        quantity=line.quantity,
        reserved=line.reserved,
        backordered=line.backordered,
        preparing=line.preparing,
        shipped=line.shipped,
        delivered=line.delivered,
        returned=line.returned,
        cancelled=line.cancelled,
    )


def sums_of(order: Order) -> PaymentSums:
    """The order's total and payments, for the rules."""
    return PaymentSums(
        total_minor=order.total_gross_minor,
        authorized_minor=order.authorized_minor,
        charged_minor=order.charged_minor,
        refunded_minor=order.refunded_minor,
    )


def situation(order: Order, lines: Sequence[OrderLine], announced_units: int = 0) -> OrderFacts:
    """What decides about the order's next steps. RETURN alone asks for units of open returns."""
    return OrderFacts(
        status=order.status,
        lines=tuple(counts_of(line) for line in lines),
        payments=sums_of(order),
        announced_units=announced_units,
    )


async def not_possible(
    work: Work, order: Order, lines: Sequence[OrderLine], attempted: str, *path: str
) -> IllegalTransition:
    """The refusal of a step that the order is not ready for, with those that it is ready for."""
    announced_units = (await announced_of(work, order)).total()
    allowed = order_actions(situation(order, lines, announced_units))
    return IllegalTransition(order, attempted, order.status, allowed, path)


async def facts_with_stock(work: Work, order: Order) -> dict[str, Any]:
    """As `facts`, for what may change the warehouses that the order has units in."""
    return {**facts(order), "warehouses": await warehouses_of(order.id, work.connection)}


def facts(order: Order) -> dict[str, Any]:
    """What a filter may ask of the order's own columns, and its promise, as an event keeps it."""
    return {
        "number": order.number,
        "channel": order.channel,
        "customerId": order.customer_id.hex,
        "status": order.status.value,
        "fulfillment": order.fulfillment_status.value,
        "payment": order.payment_status.value,
        "return": order.return_status.value,
        "totalMinor": order.total_gross_minor,
        "currency": order.currency,
        "country": order.shipping_country,
        "placedAt": order.placed_at.isoformat() if order.placed_at else None,
        "promisedAt": order.promised_at.isoformat() if order.promised_at else None,
        "stageDueAt": order.stage_due_at.isoformat() if order.stage_due_at else None,
    }


async def warehouses_of(order_id: UUID, connection: BaseDBAsyncClient | None = None) -> list[str]:
    """The ids, as hex, of the warehouses in which units are promised or which a shipment names."""
    shipped = Shipment.filter(order_id=order_id).using_db(connection)
    promised = Reservation.filter(order_line__order_id=order_id).using_db(connection)
    found: set[Any] = {*await shipped.distinct().values_list("warehouse_id", flat=True)}
    found |= {*await promised.distinct().values_list("stock_item__warehouse_id", flat=True)}
    return sorted(key.hex for key in found)


async def announced_of(work: Work, order: Order) -> Counter[UUID]:
    """Units that are announced to come back and have not arrived, by line."""
    requests = Return.filter(order_id=order.id, status__in=AWAITED).using_db(work.connection)
    awaited = await requests.values_list("id", flat=True)
    units: Counter[UUID] = Counter()
    if awaited:
        rows = ReturnLine.filter(return_request_id__in=awaited).using_db(work.connection)
        for row in await rows:
            units[row.order_line_id] += row.quantity - row.received
    return units
