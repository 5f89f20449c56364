"""Completes settled orders that an earlier release left open."""

from functools import partial
from typing import Final
from uuid import UUID

from models.orders import Order
from models.rules.access import Actor, Permission
from models.rules.order_states import FulfillmentStatus, OrderStatus
from services.aggregates.lines import lines_of
from services.aggregates.orders import completes, facts, settle
from services.operations.pages import pages
from services.use_case import perform
from services.work.work import Work

PAGE: Final = 100
"""Orders in one transaction."""

GONE: Final = (
    FulfillmentStatus.SHIPPED,
    FulfillmentStatus.PARTLY_DELIVERED,
    FulfillmentStatus.DELIVERED,
)


async def complete_settled(actor: Actor) -> int:
    """Completes confirmed orders with nothing to deliver or to pay; returns their number.

    Each gets an event. A page of orders is one transaction, so an interrupted run can be repeated.

    Raises:
        Forbidden: the actor may not write orders.
    """
    actor.require(Permission.ORDERS_WRITE)
    completed = 0
    # unscoped: all settled orders are completed, seen or not
    rows = Order.filter(status=OrderStatus.CONFIRMED, balance_minor__lte=0)
    async for page in pages(rows.filter(fulfillment_status__in=list(GONE)).only("id"), PAGE):
        wanted = [order.id for order in page]
        completed += await perform(actor, partial(_complete, wanted=wanted))
    return completed


async def _complete(work: Work, wanted: list[UUID]) -> int:
    # unscoped: as in `complete_settled`
    rows = Order.filter(id__in=wanted, status=OrderStatus.CONFIRMED).using_db(work.connection)
    completed = 0
    for order in await rows.select_for_update().order_by("id"):
        lines = await lines_of(work, order)
        if completes(order, lines):
            await settle(work, order, lines, facts(order))
            completed += 1
    return completed
