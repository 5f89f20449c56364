"""The steps of an order's life: what `availableActions` offers and `orderAct` does."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from models.catalog import Product
from models.customers import Customer
from models.fulfillment import Shipment
from models.inventory import Reservation
from models.orders import Order, OrderLine
from models.rules.access import Permission
from models.rules.errors import DomainError, Refused, invalid, not_found
from models.rules.events import EventKind
from models.rules.order_states import OrderAction, OrderStatus, order_actions
from models.rules.shipment_states import ShipmentStatus
from services import credit
from services.fulfillment import (
    add_shipment,
    advance,
    save_counts,
)
from services.order_entry import sum_up, totals_of
from services.orders import (
    check_version,
    facts_with_stock,
    lines_of,
    lock_order,
    not_possible,
    settle,
    situation,
)
from services.promising import promise
from services.reserving import give_back, keep, loose_units, not_gone, open_units
from services.transaction import Work, use_case

ELSEWHERE: Final = {
    OrderAction.EDIT: "orderEdit",
    OrderAction.RECORD_PAYMENT: "paymentRecord",
    OrderAction.REFUND: "paymentRecord",
    OrderAction.RETURN: "returnRequest",
}
MAX_REASON: Final = 1_000


@dataclass(frozen=True)
class ActOnOrder:
    """A step of an order's life. `lines` says which units to cancel; without it, all."""

    order_id: UUID
    version: int
    action: OrderAction
    lines: dict[UUID, int] | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Step:
    """An action under way on a locked order."""

    work: Work
    command: ActOnOrder
    order: Order
    lines: list[OrderLine]


@use_case(Permission.ORDERS_WRITE)
async def act_on_order(work: Work, command: ActOnOrder) -> Order:
    """The order after the action.

    Raises:
        Forbidden: approving needs a permission of its own.
        CreditExceeded: a draft of a blocked customer is submitted.
        VersionConflict: the order has changed since the caller read it.
        IllegalTransition: its state does not allow the action; `allowed` tells what it does.
        Refused: an action that has a mutation of its own, unknown lines, too many units, a
            StockShortage where the action needs stock that is not there.
    """
    if command.action in ELSEWHERE:
        raise invalid(f"{command.action} is done by {ELSEWHERE[command.action]}.", "action")
    if command.lines is not None and command.action is not OrderAction.CANCEL:
        raise invalid("Only CANCEL can name lines.", "lines")
    if command.action is OrderAction.APPROVE:
        work.actor.require(Permission.ORDERS_APPROVE)
    if len(command.reason or "") > MAX_REASON:
        raise invalid(f"A reason has at most {MAX_REASON} characters.", "reason")
    order = await lock_order(work, command.order_id)
    check_version(order, command.version)
    lines = await lines_of(work, order)
    if command.action not in order_actions(situation(order, lines)):
        raise await not_possible(work, order, lines, command.action, "action")
    before = await facts_with_stock(work, order)
    await ACTIONS[command.action](Step(work, command, order, lines))
    data = {"action": command.action.value}
    is_placed = command.action is OrderAction.SUBMIT
    kind = EventKind.ORDER_PLACED if is_placed else EventKind.ORDER_STATUS_CHANGED
    await settle(work, order, lines, before, kind, data)
    return order


async def _submit(step: Step) -> None:
    """A draft becomes an order: what it holds stays, and the rest is promised now."""
    customer = await Customer.get(id=step.order.customer_id, using_db=step.work.connection)
    credit.refuse_blocked(customer, step.order)
    # Nobody serves a draft: what its lines lost or never got may be there by now.
    waiting = [line for line in step.lines if line.backordered]
    for line in waiting:
        line.backordered = 0
    await save_counts(step.work, waiting)
    await _promise(step, step.lines)
    held = Reservation.filter(order_line_id__in=[line.id for line in step.lines])
    await held.using_db(step.work.connection).update(expires_at=None)
    await credit.take(step.work, step.order)
    step.order.placed_at = step.order.sorted_at = step.work.now


async def _approve(step: Step) -> None:
    step.order.status = OrderStatus.CONFIRMED


async def _hold(step: Step) -> None:
    step.order.status = OrderStatus.ON_HOLD


async def _release(step: Step) -> None:
    step.order.status = OrderStatus.CONFIRMED


async def _complete(step: Step) -> None:
    step.order.status = OrderStatus.COMPLETED


async def _prepare(step: Step) -> None:
    """Everything that is promised lies in a pending shipment, one a warehouse.

    Units that nobody promised yet (of an imported open order) are promised first.
    """
    waiting = [line for line in step.lines if open_units(line)]
    if waiting:
        await _promise(step, waiting)
    loose = await loose_units(step.work, step.lines)
    for warehouse_id in sorted(loose):
        await add_shipment(step.work, step.order, warehouse_id, loose[warehouse_id], step.lines)


async def _ship(step: Step) -> None:
    """Every pending shipment leaves, after all that is promised was put into one."""
    await _prepare(step)
    rows = Shipment.filter(
        order_id=step.order.id, status__in=[each for each in ShipmentStatus if not_gone(each)]
    ).using_db(step.work.connection)
    for shipment in await rows.order_by("id"):
        await advance(
            step.work, step.order, shipment, step.lines, ShipmentStatus.SHIPPED, step.work.now
        )


async def _cancel(step: Step) -> None:
    """Units that have not left are cancelled and what was promised to them is free again.

    Pending shipments are undone first, so that nothing is packed for nobody.
    """
    units = _units_to_cancel(step)
    await _undo_shipments(step, units)
    for line in step.lines:
        await _cancel_units(step, line, units.get(line.id, 0))
    await save_counts(step.work, step.lines)
    if all(line.cancelled == line.quantity for line in step.lines):
        step.order.status = OrderStatus.CANCELLED
        return
    for line in step.lines:
        totals = totals_of(line)
        line.net_minor, line.tax_minor = totals.net_minor, totals.tax_minor
        line.discount_minor = totals.discount_minor
        await line.save(
            update_fields=["net_minor", "tax_minor", "discount_minor"],
            using_db=step.work.connection,
        )
    sum_up(step.order, step.lines)


def _units_to_cancel(step: Step) -> dict[UUID, int]:
    open_by_line = {line.id: line.quantity - line.shipped - line.cancelled for line in step.lines}
    if step.command.lines is None:
        return {line_id: units for line_id, units in open_by_line.items() if units}
    errors: list[DomainError] = []
    for index, (line_id, units) in enumerate(step.command.lines.items()):
        path = ("lines", str(index))
        if line_id not in open_by_line:
            errors.append(not_found("The order has no such line.", *path, "lineId"))
        elif not 1 <= units <= open_by_line[line_id]:
            message = f"{open_by_line[line_id]} units of this line can be cancelled."
            errors.append(invalid(message, *path, "quantity"))
    if not step.command.lines:
        errors.append(invalid("Which lines?", "lines"))
    if errors:
        raise Refused(errors)
    return step.command.lines


async def _undo_shipments(step: Step, units: dict[UUID, int]) -> None:
    """Cancel the shipments that have not left and hold units of the lines."""
    rows = Shipment.filter(
        order_id=step.order.id,
        status__in=[each for each in ShipmentStatus if not_gone(each)],
        lines__order_line_id__in=list(units),
    ).using_db(step.work.connection)
    for shipment in await rows.distinct().order_by("id"):
        await advance(
            step.work, step.order, shipment, step.lines, ShipmentStatus.CANCELLED, step.work.now
        )


async def _cancel_units(step: Step, line: OrderLine, units: int) -> None:
    """Cancel units of a line: first those that nobody holds, then backordered, then reserved."""
    free = min(units, open_units(line))
    waiting = min(units - free, line.backordered)
    line.backordered -= waiting
    reserved = units - free - waiting
    if reserved:
        await give_back(step.work, line, reserved, step.command.reason or "cancelled")
    line.cancelled += units


async def _promise(step: Step, lines: list[OrderLine]) -> None:
    rows = Product.filter(id__in=[line.product_id for line in lines if line.product_id])
    products = {product.id: product for product in await rows.using_db(step.work.connection)}
    promised = await promise(step.work, lines, products)
    await keep(step.work, promised.reservations)
    await save_counts(step.work, lines)


ACTIONS: Final[dict[OrderAction, Callable[[Step], Awaitable[None]]]] = {
    OrderAction.SUBMIT: _submit,
    OrderAction.APPROVE: _approve,
    OrderAction.HOLD: _hold,
    OrderAction.RELEASE: _release,
    OrderAction.PREPARE: _prepare,
    OrderAction.SHIP: _ship,
    OrderAction.CANCEL: _cancel,
    OrderAction.COMPLETE: _complete,
}
