"""Shared steps of changes of orders: locks, versions, and derived statuses."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.queryset import QuerySet

from models.columns import Versioned
from models.fulfillment import Shipment
from models.inventory import Reservation
from models.orders import Order, OrderLine
from models.rules.delays import Deadlines, due_at, sortable, stage_of
from models.rules.errors import IllegalTransition, VersionConflict, not_found
from models.rules.events import EventKind, SubjectKind
from models.rules.order_states import (
    OrderAction,
    OrderFacts,
    OrderStatus,
    fulfillment_status,
    is_complete,
    milestone,
    order_actions,
    return_status,
)
from models.rules.return_states import AWAITED
from services.aggregates import credit, order_status
from services.aggregates.amounts import strike_balance
from services.aggregates.lines import counts_of, save_lines
from services.storage.statements import Query
from services.work.events import record
from services.work.references import keys_of
from services.work.work import Work


class _Announced(NamedTuple):
    order_line_id: UUID
    units: int


ANNOUNCED: Final = Query(  # unscoped: all returns of an order that was read
    _Announced,
    """SELECT order_line_id, quantity - received FROM return_line
    JOIN return_request ON return_request.id = return_request_id
    WHERE order_id = ? AND status IN ?""",
)


NOTHING: Final[Mapping[str, Any]] = {}


async def lock_order(work: Work, order_id: UUID, *path: str) -> Order:
    """The order, locked until the transaction ends.

    Raises:
        InputError: the actor sees no such order.
    """
    rows = work.rows(Order).select_for_update()
    return _found(await rows.get_or_none(id=order_id), *path)


async def read_order(work: Work, order_id: UUID) -> Order:
    """As `lock_order`, but without the lock, for reads."""
    return _found(await work.rows(Order).get_or_none(id=order_id))


def _found(order: Order | None, *path: str) -> Order:
    if order is None:
        raise not_found("There is no such order.", *(path or ("id",)))
    return order


def check_version(row: Versioned, version: int) -> None:
    """Passes if the row's version is the one that the caller read.

    Raises:
        VersionConflict: it has changed since.
    """
    if row.version != version:
        raise VersionConflict(version, row.version, row)


async def settle(
    work: Work,
    order: Order,
    lines: list[OrderLine],
    before: dict[str, Any],
    kind: EventKind = EventKind.ORDER_STATUS_CHANGED,
    data: dict[str, Any] | None = None,
) -> None:
    """Derives the order's statuses, saves it with its lines, and records the change since `before`.

    The event stores all facts after the change, and the changed ones before it, so that a stream
    can decide its relevance without reading a past state from the database.
    An order with nothing to deliver and nothing to pay completes automatically.
    """
    announced_units = (await announced_of(work, order)).total()
    await work.pause()
    beside: dict[str, Any] = {}
    if "warehouses" in before:
        beside["warehouses"] = await warehouses_of(order.id, work.connection)
    if "references" in before:
        beside["references"] = await references_of(order.id, work.connection)
    restate(work, order, lines, before, kind, data, announced_units, beside)
    await credit.book(work, order)
    await order.save(using_db=work.connection)
    await save_lines(work, lines)


def restate(
    work: Work,
    order: Order,
    lines: Sequence[OrderLine],
    before: dict[str, Any],
    kind: EventKind = EventKind.ORDER_STATUS_CHANGED,
    data: dict[str, Any] | None = None,
    announced_units: int = 0,
    beside: Mapping[str, Any] = NOTHING,
) -> None:
    """As `settle`, with the facts beside the order's row given; nothing is saved here.

    `announced_units` are awaited by returns. `beside` are present facts, of those in `before`.
    """
    derive(order, lines, announced_units)
    if order.status is OrderStatus.CONFIRMED and completes(order, lines):
        order_status.step(order, OrderAction.COMPLETE)
    enter_stage(order, work.now, work.policy.deadlines)
    order.version += 1
    order.updated_at = work.now
    after = {**facts(order), **beside}
    changed = sorted(name for name, value in after.items() if before[name] != value)
    record(
        work,
        order,
        kind,
        order=order,
        data={**(data or {}), "changed": [name for name in changed if name != "updatedAt"]},
        before={name: before[name] for name in changed},
        after=after,
    )


def begin(
    work: Work,
    order: Order,
    lines: Sequence[OrderLine],
    kind: EventKind,
    warehouses: Iterable[UUID],
    data: Mapping[str, Any] = NOTHING,
    since: datetime | None = None,
) -> None:
    """Derives the statuses of a new order, and records its event; nothing is saved here.

    `warehouses` are those of its units; `since` is the start of its stage, otherwise now.
    """
    derive(order, lines, 0)
    enter_stage(order, since or work.now, work.policy.deadlines)
    event_data = {"lines": len(lines), "totalMinor": order.total_gross_minor, **data}
    after = {**facts(order), "warehouses": sorted({key.hex for key in warehouses})}
    record(work, order, kind, order=order, data=event_data, after=after)


def derive(order: Order, lines: Sequence[OrderLine], requested_units: int) -> None:
    """Sets the derived statuses and the balance from the lines' units and the payments' sums."""
    counts = [counts_of(line) for line in lines]
    order.fulfillment_status = fulfillment_status(counts)
    order.return_status = return_status(counts, requested_units)
    strike_balance(order)


def completes(order: Order, lines: Sequence[OrderLine]) -> bool:
    """Whether an order has nothing to deliver and nothing to pay."""
    if order.balance_minor > 0:
        return False
    return is_complete([counts_of(line) for line in lines], order.balance_minor)


def enter_stage(order: Order, at: datetime, deadlines: Deadlines) -> None:
    """Sets the order's stage and its deadline; a new stage begins at `at`.

    The deadline is also set if the stage stays, because the promise may have changed.
    """
    stage = stage_of(order.status, order.fulfillment_status)
    if stage is not order.stage:
        order.stage, order.stage_since, order.delayed_stage = stage, at, None
    if stage is None:
        order.stage_since = order.stage_due_at = None
    else:
        order.stage_due_at = due_at(stage, order.stage_since, order.promised_at, deadlines)
    order.sort_promised, order.sort_due = sortable(order.promised_at), sortable(order.stage_due_at)


def situation(order: Order, lines: Sequence[OrderLine], announced_units: int = 0) -> OrderFacts:
    """The facts that decide the next steps. Only RETURN needs the units of open returns."""
    return OrderFacts(
        status=order.status,
        lines=tuple(counts_of(line) for line in lines),
        paid_minor=order.charged_minor - order.refunded_minor,
        balance_minor=order.balance_minor,
        announced_units=announced_units,
        is_placed=order.placed_at is not None,
    )


async def not_possible(
    work: Work, order: Order, lines: Sequence[OrderLine], attempted: str, *path: str
) -> IllegalTransition:
    """The refusal of a step that is not possible, with those that are."""
    announced_units = (await announced_of(work, order)).total()
    allowed = order_actions(situation(order, lines, announced_units))
    return IllegalTransition(order, attempted, order.status, allowed, path)


async def facts_with_stock(work: Work, order: Order) -> dict[str, Any]:
    """As `facts`, with the warehouses of the order's units, for changes of these."""
    return {**facts(order), "warehouses": await warehouses_of(order.id, work.connection)}


def facts(order: Order) -> dict[str, Any]:
    """The facts of the order's own columns that filters test, as an event stores them."""
    return {
        "number": order.number,
        "channel": order.channel,
        "customerId": order.customer_id.hex,
        "status": order.status.value,
        "fulfillment": order.fulfillment_status.value,
        "payment": order.payment_status.value,
        "return": order.return_status.value,
        "milestone": milestone(order.status, order.fulfillment_status, order.has_shipment),
        "totalMinor": order.total_gross_minor,
        "balanceMinor": order.balance_minor,
        "currency": order.currency,
        "country": order.shipping_country,
        "updatedAt": order.updated_at.isoformat(),
        "placedAt": order.placed_at.isoformat() if order.placed_at else None,
        "promisedAt": order.promised_at.isoformat() if order.promised_at else None,
        "stageDueAt": order.stage_due_at.isoformat() if order.stage_due_at else None,
    }


async def warehouses_of(order_id: UUID, connection: BaseDBAsyncClient) -> list[str]:
    """The ids, as hex, of the warehouses with reservations or shipments of the order."""
    # unscoped: the facts of an order name all its warehouses
    shipments = Shipment.filter(order_id=order_id).using_db(connection)
    # unscoped: as its shipments
    promises = Reservation.filter(order_line__order_id=order_id).using_db(connection)
    return await warehouses_in(shipments, promises)


async def warehouses_in(
    shipments: QuerySet[Shipment], promises: QuerySet[Reservation]
) -> list[str]:
    """The ids, as hex, of the warehouses of these shipments and reservations."""
    found: set[Any] = {*await shipments.distinct().values_list("warehouse_id", flat=True)}
    found |= {*await promises.distinct().values_list("stock_item__warehouse_id", flat=True)}
    return sorted(key.hex for key in found)


async def references_of(order_id: UUID, connection: BaseDBAsyncClient) -> list[list[str]]:
    """System and key of each of the order's external references."""
    known = await keys_of(SubjectKind.ORDER, order_id, connection)
    return [[each.system, each.key] for each in known]


async def announced_of(work: Work, order: Order) -> Counter[UUID]:
    """Units that are announced as returns and not received, by line."""
    units: Counter[UUID] = Counter()
    statuses = [each.value for each in AWAITED]
    for line_id, some in await ANNOUNCED.rows(work.connection, order.id, statuses):
        units[line_id] += some
    return units
