"""Events of late orders."""

from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from tortoise.expressions import F
from tortoise.queryset import QuerySet

from models.events import Event
from models.orders import Order
from models.rules.access import Actor, Permission
from models.rules.events import EventKind
from services.aggregates.orders import facts, lock_order
from services.use_case import perform
from services.work import clock
from services.work.events import record
from services.work.visibility import visible
from services.work.work import Work

BATCH: Final = 100


async def record_delays(actor: Actor, limit: int = BATCH) -> int:
    """Records ORDER_DELAYED for late orders, the longest due first; returns their number.

    At most `limit` at a time, each in a transaction of its own. Each stage of an order gets the
    event once, with any number of processes, and even if the order comes back to the stage.
    """
    actor.require(Permission.ORDERS_WRITE)
    late: Any = (
        _unrecorded(visible(Order, actor), clock.now()).order_by("stage_due_at").limit(limit)
    )
    recorded = 0
    for order_id in await late.values_list("id", flat=True):
        recorded += await perform(actor, partial(_record_delay, order_id))
    return recorded


def _unrecorded(orders: QuerySet[Order], now: datetime) -> QuerySet[Order]:
    return orders.filter(stage_due_at__lte=now, delayed_stage__isnull=True)


async def _record_delay(order_id: UUID, work: Work) -> bool:
    """Records the delay of the order, if it is late and no other process has done so."""
    claim = _unrecorded(work.rows(Order), work.now).filter(id=order_id)
    if not await claim.update(delayed_stage=F("stage")):
        return False
    order = await lock_order(work, order_id)
    if await _is_recorded(work, order):
        return False
    data = {"stage": order.stage, "dueAt": order.stage_due_at.isoformat()}
    record(work, order, EventKind.ORDER_DELAYED, order=order, data=data, after=facts(order))
    await order.save(update_fields=["event_seq"], using_db=work.connection)
    return True


async def _is_recorded(work: Work, order: Order) -> bool:
    """Whether this stage's delay is recorded already, before the order left it and came back."""
    # unscoped: whether the delay is recorded at all
    rows = Event.filter(order_id=order.id, kind=EventKind.ORDER_DELAYED).using_db(work.connection)
    return any(event.data["stage"] == order.stage for event in await rows)
