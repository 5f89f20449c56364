"""The steps of an order's life: the actions of `orderAct`."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from models.customers import Customer
from models.fulfillment import Shipment
from models.orders import Order, OrderLine
from models.rules import units as trade
from models.rules.access import Permission
from models.rules.errors import DomainError, invalid, not_found, refuse
from models.rules.events import EventKind
from models.rules.order_states import OrderAction, OrderGuard, order_actions
from models.rules.shipment_states import ShipmentStatus
from models.rules.text import clean
from services.aggregates import credit, order_status
from services.aggregates.allocation import promise
from services.aggregates.amounts import price, sum_up
from services.aggregates.lines import carry_out, counts_of, lines_of, save_lines
from services.aggregates.orders import (
    check_version,
    facts_with_stock,
    lock_order,
    not_possible,
    settle,
    situation,
)
from services.aggregates.reservations import (
    loose_units,
    not_gone,
    release_units,
    store_reservations,
)
from services.aggregates.selling import Products, products_by_id, refuse_blocked
from services.aggregates.shipments import add_shipment, advance
from services.orders.drafts import look_anew
from services.storage.statements import Statement
from services.use_case import use_case
from services.work.work import Work

ELSEWHERE: Final = {
    OrderAction.EDIT: "orderEdit",
    OrderAction.RECORD_PAYMENT: "paymentRecord",
    OrderAction.REFUND: "paymentRecord",
    OrderAction.RETURN: "returnRequest",
}
MAX_REASON: Final = 1_000
FOREVER: Final = Statement(  # unscoped: all that is held for an order that the actor sees
    """UPDATE reservation SET expires_at = NULL
    WHERE order_line_id IN (SELECT id FROM order_line WHERE order_id = ?)"""
)

Guards = tuple[OrderGuard, ...]
"""The guards that hold for a step."""


@dataclass(frozen=True)
class ActOnOrder:
    """A step of an order's life. `lines` has the units to cancel; without it, all."""

    order_id: UUID
    version: int
    action: OrderAction
    lines: dict[UUID, int] | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Step:
    """A running action on a locked order."""

    work: Work
    command: ActOnOrder
    order: Order
    lines: list[OrderLine]


@use_case(Permission.ORDERS_WRITE)
async def act_on_order(work: Work, command: ActOnOrder) -> Order:
    """The order after the action.

    Raises:
        Forbidden: approving needs a permission of its own.
        CreditExceeded: a blocked customer's draft is submitted, or their order released.
        VersionConflict: the order has changed since the caller read it.
        IllegalTransition: its state does not allow the action; `allowed` has the possible ones.
        Refused: an action that has a mutation of its own, unknown lines, too many units, a
            StockShortage for an action that needs stock; a discontinued product of a draft.
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
    act = ACTIONS.get(command.action)
    guards = await act(Step(work, command, order, lines)) if act else ()
    order_status.step(order, command.action, *guards)
    data = {"action": command.action.value}
    if reason := clean(command.reason or ""):
        data["reason"] = reason
    is_placed = command.action is OrderAction.SUBMIT
    kind = EventKind.ORDER_PLACED if is_placed else EventKind.ORDER_STATUS_CHANGED
    await settle(work, order, lines, before, kind, data)
    return order


async def _submit(step: Step) -> Guards:
    """Places a draft: its reservations stay, and the rest is reserved now."""
    await _refuse_blocked(step)
    products = await look_anew(step.work, step.lines)
    await save_lines(step.work, step.lines)  # the database counts the backorders
    await _promise(step, step.lines, products)
    await FOREVER.change(step.work.connection, step.order.id)
    step.order.placed_at = step.order.sorted_at = step.work.now
    return await credit.take(step.work, step.order)


async def _refuse_blocked(step: Step) -> Guards:
    # unscoped: the order's own customer decides on its credit
    customer = await Customer.get(id=step.order.customer_id, using_db=step.work.connection)
    refuse_blocked(customer, step.order)
    return ()


async def _prepare(step: Step) -> Guards:
    """Puts all reserved units into pending shipments, one for each warehouse.

    Units of an imported open order without a reservation are reserved first.
    """
    waiting = [line for line in step.lines if counts_of(line).open]
    if waiting:
        await _promise(step, waiting, await products_by_id(step.work, waiting))
    loose = await loose_units(step.work, step.lines)
    for warehouse_id in sorted(loose):
        await add_shipment(step.work, step.order, warehouse_id, loose[warehouse_id], step.lines)
    return ()


async def _ship(step: Step) -> Guards:
    """Ships each pending shipment, after all reserved units were put into one."""
    await _prepare(step)
    rows = Shipment.filter(  # unscoped: an order is shipped from all its warehouses
        order_id=step.order.id, status__in=[each for each in ShipmentStatus if not_gone(each)]
    ).using_db(step.work.connection)
    for shipment in await rows.order_by("id"):
        await advance(
            step.work, step.order, shipment, step.lines, ShipmentStatus.SHIPPED, step.work.now
        )
    return ()


async def _cancel(step: Step) -> Guards:
    """Cancels units that have not left and releases their reservations.

    Pending shipments are undone first, so that no cancelled unit is packed.
    """
    units = _units_to_cancel(step)
    await _undo_shipments(step, units)
    lines = {line.id: line for line in step.lines}
    for line_id, some in units.items():
        carry_out(lines[line_id], trade.cancel, some)
    held = {line_id: counts_of(lines[line_id]).surplus for line_id in units}
    await release_units(step.work, held, lines, step.command.reason or "cancelled")
    if all(line.cancelled == line.quantity for line in step.lines):
        return (OrderGuard.NOTHING_LEFT,)
    for line in step.lines:
        price(line, step.order.rounding)
    sum_up(step.order, step.lines, step.work.policy.currency)
    return ()


def _units_to_cancel(step: Step) -> dict[UUID, int]:
    inside = {line.id: counts_of(line).inside for line in step.lines}
    if step.command.lines is None:
        return {line_id: units for line_id, units in inside.items() if units}
    errors: list[DomainError] = []
    for index, (line_id, units) in enumerate(step.command.lines.items()):
        path = ("lines", str(index))
        if line_id not in inside:
            errors.append(not_found("The order has no such line.", *path, "lineId"))
        elif not 1 <= units <= inside[line_id]:
            message = f"{inside[line_id]} units of this line can be cancelled."
            errors.append(invalid(message, *path, "quantity"))
    if not step.command.lines:
        errors.append(invalid("Which lines?", "lines"))
    refuse(errors)
    return step.command.lines


async def _undo_shipments(step: Step, units: dict[UUID, int]) -> None:
    """Cancels the shipments that have not left and contain units of the lines."""
    rows = Shipment.filter(  # unscoped: an order is cancelled in all its warehouses
        order_id=step.order.id,
        status__in=[each for each in ShipmentStatus if not_gone(each)],
        lines__order_line_id__in=list(units),
    ).using_db(step.work.connection)
    for shipment in await rows.distinct().order_by("id"):
        await advance(
            step.work, step.order, shipment, step.lines, ShipmentStatus.CANCELLED, step.work.now
        )


async def _promise(step: Step, lines: list[OrderLine], products: Products) -> None:
    promised = await promise(step.work, lines, products)
    await store_reservations(step.work, promised.reservations)


ACTIONS: Final[dict[OrderAction, Callable[[Step], Awaitable[Guards]]]] = {
    OrderAction.SUBMIT: _submit,
    OrderAction.RELEASE: _refuse_blocked,
    OrderAction.PREPARE: _prepare,
    OrderAction.SHIP: _ship,
    OrderAction.CANCEL: _cancel,
}
"""The functions of actions; an action without one only changes the status."""
