"""The orders that a stream selects, and the update that an event becomes."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final
from uuid import UUID

from models.events import Event
from models.orders import Order
from models.rules.access import Actor, Permission
from models.rules.events import EventKind, SubjectKind
from models.rules.order_filter import OrderFilter, matches, needed_facts
from resolvers.context import Context
from resolvers.loaders.facts import BESIDE, facts_now
from resolvers.loaders.relation import ToOne
from services.work import clock
from services.work.visibility import sees_all
from subscriptions.streams.items import Heartbeat, OrderUpdate

ORDER: Final = ToOne(Order, key="order_id")


@dataclass(frozen=True)
class OrderWatch:
    """The orders that a stream follows for an actor: one order, or those that match a filter."""

    actor: Actor
    order_id: UUID | None = None
    wanted: OrderFilter = field(default_factory=OrderFilter)

    @cached_property
    def facts(self) -> frozenset[str]:
        return needed_facts(self.wanted)

    @cached_property
    def partial_facts(self) -> frozenset[str]:
        """The facts that events keep of rows which the actor does not all see."""
        names = self.facts & BESIDE.keys()
        return frozenset(name for name in names if not sees_all(self.actor, *BESIDE[name]))

    async def matches_now(self, order: Order) -> bool:
        return matches(self.wanted, await facts_now(self.actor, order, self.facts), clock.now())

    def visible_facts(self, facts: dict[str, Any]) -> dict[str, Any]:
        """The facts that an event keeps, without those: they are read as the actor sees them."""
        hidden = self.partial_facts
        return {name: facts[name] for name in facts.keys() - hidden} if hidden else facts

    def matched(self, event: Event, facts: dict[str, Any]) -> bool:
        """Whether the order matched before or after the event; `facts` are those after it."""
        if matches(self.wanted, facts, event.at):
            return True
        made = event.subject_kind is SubjectKind.ORDER and event.subject_seq == 1
        before = {**facts, **self.visible_facts(event.before)}
        return not made and matches(self.wanted, before, _just_before(event))

    async def update(self, context: Context, event: Event) -> OrderUpdate | None:
        """The update for an event; None if the order is not selected or not visible."""
        if event.order_id is None or self.order_id not in (None, event.order_id):
            return None
        after = self.visible_facts(event.after)
        kept = self.facts <= after.keys()
        if kept and not self.matched(event, after):
            return None
        order: Order | None = await context.by_key(ORDER, event.order_id)
        if order is None:
            return None
        # Facts that are missing in the event are read from the order's present state.
        if not kept:
            now = await facts_now(self.actor, order, self.facts)
            if not self.matched(event, {**now, **after}):
                return None
        shown = event if context.actor.may(Permission.EVENTS_READ) else None
        cursor = context.sealer.feed_cursor(event.position)
        return OrderUpdate(cursor, shown, order, await self.matches_now(order))

    def heartbeat(self, context: Context, position: int) -> Heartbeat:
        """A sign of life: every update up to the position was sent."""
        return Heartbeat(context.sealer.feed_cursor(position), clock.now())


def _just_before(event: Event) -> datetime:
    """An instant at which the order was as before the event.

    An order becomes late by the clock alone, and its event is written some time later. Its instant
    is therefore just before the deadline.
    """
    instant: datetime = event.at
    if event.kind is EventKind.ORDER_DELAYED:
        instant = datetime.fromisoformat(event.data["dueAt"]) - timedelta(microseconds=1)
    return instant
