"""What is edited beside the goods: whose a draft is, its hold, and an order's key."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from models.rules.access import OPEN
from services.orders.edit import EditOrder, edit_order
from services.work.references import ExternalKey
from tests.support.model.commands import Ask, Names, Written
from tests.support.model.freight import tax_freight
from tests.support.model.ordering import act, usual_discount
from tests.support.model.paper import No, Order, Paper
from tests.support.model.promises import give_back, promise

REASON: Final = "they called"


def seen(paper: Paper, number: int, *, stale: bool) -> Order:
    """The order, if they who ask have seen it as it is."""
    if stale:
        raise No("VERSION_CONFLICT")
    return paper.orders[number]


@dataclass(frozen=True, repr=False)
class Assign(Written):
    """A draft becomes another customer's, as if it had been drafted for them."""

    order: int
    customer: str
    stale: bool = False

    def foresee(self, paper: Paper) -> None:
        order = seen(paper, self.order, stale=self.stale)
        act(order, "EDIT")
        if order.customer != self.customer:
            if order.status != "DRAFT":
                raise No("INVALID")
            order.customer = self.customer
            discount = usual_discount(paper, self.customer)
            for line in order.lines:
                line.discount = line.discount if line.own else discount
            tax_freight(order)
        order.settle(paper.now)

    def ask(self, paper: Paper, names: Names) -> Ask:
        version = paper.orders[self.order].version - self.stale
        customer = names.of("customer", self.customer)
        order = names.of("order", self.order)
        command = EditOrder(order, version, REASON, customer_id=customer)
        return lambda: edit_order(OPEN, command)


@dataclass(frozen=True, repr=False)
class Extend(Written):
    """A draft holds its stock for so many hours from now on; with 0 it holds none."""

    order: int
    hours: int
    stale: bool = False

    def foresee(self, paper: Paper) -> None:
        order = seen(paper, self.order, stale=self.stale)
        act(order, "EDIT")
        if self.hours:
            self._hold(paper, order)
        elif order.status == "DRAFT":
            for line in order.lines:
                line.waiting = 0
                give_back(paper, order, line, order.reserved(line))
        order.settle(paper.now)

    def _hold(self, paper: Paper, order: Order) -> None:
        if order.status != "DRAFT" or self.hours < 0:
            raise No("INVALID")
        until = paper.now + timedelta(hours=self.hours)
        for held in order.holds:
            held.until = until
        if not order.holds:
            for line in order.lines:
                line.waiting = 0
            promise(paper, order, order.lines, until)

    def ask(self, paper: Paper, names: Names) -> Ask:
        version = paper.orders[self.order].version - self.stale
        until = paper.now + timedelta(hours=self.hours) if self.hours else None
        order = names.of("order", self.order)
        command = EditOrder(order, version, REASON, reserve_until=until)
        return lambda: edit_order(OPEN, command)


@dataclass(frozen=True, repr=False)
class Name(Written):
    """Another system knows an order by a key, whatever state it is in."""

    order: int
    key: str
    stale: bool = False

    def foresee(self, paper: Paper) -> None:
        order = seen(paper, self.order, stale=self.stale)
        if any(other.key == self.key for other in paper.orders.values() if other is not order):
            raise No("DUPLICATE")
        order.key = self.key
        order.settle(paper.now)

    def ask(self, paper: Paper, names: Names) -> Ask:
        version = paper.orders[self.order].version - self.stale
        order = names.of("order", self.order)
        key = ExternalKey("SHOP", self.key)
        command = EditOrder(order, version, REASON, external_key=key, note=f"It is {self.key}.")
        return lambda: edit_order(OPEN, command)
