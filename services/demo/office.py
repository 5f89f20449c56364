"""The office of the demo company: who works there, its clock, its papers and their numbers."""

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
    """The customer, ordering for themselves. Events hold ids, not people's names."""
    return Actor(ActorKind.CUSTOMER, customer.id.hex, None, frozenset())


@dataclass(slots=True)
class Office:
    """What all are worked with. `work` has the instant, who is at work, and what is recorded.

    Numbers are counted by scope as `services.work.numbering` does it, without gaps, on from where
    the database's counters stand.
    """

    dice: Dice
    rows: Rows
    work: Work
    counts: Counter[str]

    def by(self, actor: Actor) -> Work:
        """What happens now is done by somebody."""
        self.work.actor = actor
        return self.work

    def file(self) -> None:
        """Keep what was recorded. It must be told in the order of time: that is the feed's."""
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
        """The number of an order's next shipment or return, of which it has `earlier` ones."""
        pattern = self.work.policy.number_pattern(kind)
        if pattern.resets is not Reset.EACH_ORDER:
            return self.number(kind, pattern.text, order.channel)
        return pattern.format(earlier + 1, self.work.today, order.channel, order.number)

    async def save_counts(self, work: Work) -> None:
        """Leave the database's counters where the counting ended."""
        await NumberCounter.filter(scope__in=list(self.counts)).using_db(work.connection).delete()
        counters = [NumberCounter(scope=scope, value=value) for scope, value in self.counts.items()]
        await work.insert(counters)
