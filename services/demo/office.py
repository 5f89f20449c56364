"""The office of the demo company: staff, clock, records and their numbers."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from models.customers import Customer
from models.numbering import NumberCounter
from models.orders import Order
from models.rules.access import Actor, ActorKind
from models.rules.numbering import NumberKind, Pattern, Reset
from services.demo.dice import Dice
from services.demo.rows import Rows
from services.work.work import Work


def _staff(key: str, name: str) -> Actor:
    return Actor(ActorKind.STAFF, key, name, frozenset())


SALES: Final = _staff("staff-sales", "Vera Lindqvist")
WAREHOUSE: Final = _staff("staff-warehouse", "Bruno Hartwig")
FINANCE: Final = _staff("staff-finance", "Mira Okafor")
SUPPORT: Final = _staff("staff-support", "Leon Petit")
CARRIER: Final = Actor(ActorKind.PARTNER, "partner-carrier", "Carrier", frozenset())


def buyer(customer: Customer) -> Actor:
    """The customer as actor, who orders for themselves. Events store ids, no names of people."""
    return Actor(ActorKind.CUSTOMER, customer.id.hex, None, frozenset())


@dataclass(slots=True)
class Office:
    """The shared state of the demo's steps. `work` has the instant, the actor and the records.

    Numbers are counted by scope as in `services.work.numbering`: without gaps, from the database's
    counters on.
    """

    dice: Dice
    rows: Rows
    work: Work
    counts: Counter[str]

    def by(self, actor: Actor) -> Work:
        """The work, for steps that the actor does now."""
        self.work.actor = actor
        return self.work

    def file(self) -> None:
        """Hands over the recorded events, in order of time as in the feed."""
        self.rows.add(*self.work.events, *self.work.movements)
        self.work.events.clear()
        self.work.movements.clear()
        self.work.freed.clear()

    def number(self, kind: str, pattern: str, channel: str = "") -> str:
        """The next number of a kind."""
        parsed = Pattern.parse(pattern)
        scope = f"{kind}:{parsed.scope(self.work.today, channel)}"
        self.counts[scope] += 1
        return parsed.format(self.counts[scope], self.work.today, channel)

    def number_in(self, order: Order, kind: NumberKind, earlier: int) -> str:
        """The number of an order's next shipment or return after `earlier` ones."""
        pattern = self.work.policy.number_pattern(kind)
        if pattern.resets is not Reset.EACH_ORDER:
            return self.number(kind, pattern.text, order.channel)
        return pattern.format(earlier + 1, self.work.today, order.channel, order.number)

    async def save_counts(self, work: Work) -> None:
        """Saves the database's counters at the end of the counting."""
        await NumberCounter.filter(scope__in=list(self.counts)).using_db(work.connection).delete()
        counters = [NumberCounter(scope=scope, value=value) for scope, value in self.counts.items()]
        await work.insert(counters)
