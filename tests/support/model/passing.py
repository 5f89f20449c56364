"""What happens around orders: time passes, credit changes, requests are sent again."""

from dataclasses import dataclass
from datetime import timedelta

from models.rules.access import OPEN, SYSTEM
from models.rules.customers import CreditRating
from services.customers.credit import SetCredit, set_credit
from services.orders.delays import record_delays
from services.orders.expiry import sweep_expired
from tests.support.model.commands import Ask, Names, Written
from tests.support.model.ordering import decimal
from tests.support.model.paper import No, Paper
from tests.support.model.promises import free, serve


async def nothing() -> None:
    """Time passes by itself."""


@dataclass(frozen=True, repr=False)
class Pass(Written):
    """So many hours pass."""

    hours: int

    def foresee(self, paper: Paper) -> None:
        paper.now += timedelta(hours=self.hours)

    def ask(self, paper: Paper, names: Names) -> Ask:
        return nothing


@dataclass(frozen=True, repr=False)
class Sweep(Written):
    """Drafts lose what they held too long, one after the other: the first that was over first."""

    def foresee(self, paper: Paper) -> int:
        def over(number: int) -> list[float]:
            holds = paper.orders[number].holds
            times = [each.until.timestamp() for each in holds if each.until]
            return sorted(time for time in times if time <= paper.now.timestamp())

        drafts = sorted((number for number in paper.orders if over(number)), key=over)
        for number in drafts:
            serve(paper, free(paper, paper.orders[number]))
        return len(drafts)

    def ask(self, paper: Paper, names: Names) -> Ask:
        return sweep_expired


@dataclass(frozen=True, repr=False)
class TellDelays(Written):
    """Each order that is late in its stage is told of once."""

    def foresee(self, paper: Paper) -> int:
        told = 0
        for order in paper.orders.values():
            if order.stage and order.due and order.due <= paper.now and not order.late:
                order.late = order.stage
                told += order.stage not in order.told
                order.told.add(order.stage)
        return told

    def ask(self, paper: Paper, names: Names) -> Ask:
        return lambda: record_delays(SYSTEM)


@dataclass(frozen=True, repr=False)
class Credit(Written):
    """What a customer may owe, in minor units, and whether they may order at all."""

    customer: str
    limit: int | None
    blocked: bool = False
    stale: bool = False

    def foresee(self, paper: Paper) -> None:
        if self.stale:
            raise No("VERSION_CONFLICT")
        customer = paper.customers[self.customer]
        customer.limit, customer.blocked = self.limit, self.blocked
        customer.version += 1

    def ask(self, paper: Paper, names: Names) -> Ask:
        version = paper.customers[self.customer].version - self.stale
        key = names.of("customer", self.customer)
        command = SetCredit(key, version, CreditRating.B, decimal(self.limit), 30, self.blocked)
        return lambda: set_credit(OPEN, command)
