"""A company on paper: what its database should hold, in as few facts as there can be.

Everything that the product counts and keeps at hand is derived here anew, whenever it is asked for.
Orders, lines, shipments, payments and returns go by small numbers; nothing is imported from the
product.
"""

import pickle
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from typing import Final

from tests.support.model.parts import (
    Customer,
    Hold,
    Line,
    Payment,
    Product,
    Return,
    Shipment,
    Stock,
)

OPEN: Final = ("AWAITING_APPROVAL", "CONFIRMED", "ON_HOLD")
OWING: Final = (*OPEN, "COMPLETED")
INSIDE: Final = ("PENDING", "PICKING", "PACKED")
LEFT: Final = ("SHIPPED", "IN_TRANSIT", "OUT_FOR_DELIVERY", "DELIVERED", "EXCEPTION")
WITHIN: Final = {
    "CONFIRM": timedelta(days=1),
    "PREPARE": timedelta(days=2),
    "SHIP": timedelta(days=2),
    "DELIVER": timedelta(days=7),
}


class No(Exception):
    """What is asked for must be refused, with these codes."""

    def __init__(self, *codes: str) -> None:
        super().__init__(*codes)
        self.codes = sorted(codes)


@dataclass
class Order:
    """`since` is when it was placed, of a draft when it was made: who waits longest is served
    first. `back` are units of a line that are in a warehouse again.
    `late` is the stage that the order was told to be late in, `told` are all such stages.
    `freight` is the tax on its shipping, `freight_rate` what was wished for it, in millionths.
    `key` is that by which a shop knows it.
    """

    number: int
    customer: str
    status: str
    since: datetime
    shipping: int
    promised: datetime | None
    lines: list[Line]
    freight_rate: int | None = None
    freight: int = 0
    key: str | None = None
    placed: bool = False
    version: int = 1
    stage: str | None = None
    stage_since: datetime | None = None
    late: str | None = None
    told: set[str] = field(default_factory=set)
    holds: list[Hold] = field(default_factory=list)
    shipments: list[Shipment] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    returns: list[Return] = field(default_factory=list)
    back: Counter[tuple[int, str]] = field(default_factory=Counter)
    invoices: list[tuple[int, int]] = field(default_factory=list)

    def line(self, number: int) -> Line:
        return next(line for line in self.lines if line.number == number)

    def reserved(self, line: Line) -> int:
        return sum(hold.units for hold in self.holds if hold.line == line.number)

    def packed(self, line: int, warehouse: str | None = None) -> int:
        """Units of a line in shipments that have not left; of all warehouses, or of one."""
        there = (each for each in self.shipments if warehouse in (None, each.warehouse))
        return _units(there, line, INSIDE)

    def shipped(self, line: int) -> int:
        return _units(self.shipments, line, LEFT)

    def delivered(self, line: int) -> int:
        return _units(self.shipments, line, ("DELIVERED",))

    def returned(self, line: int) -> int:
        return sum(each.lines[line].received for each in self.returns if line in each.lines)

    def announced(self, line: int) -> int:
        """Units that are still to come back."""
        coming = (each.lines[line] for each in self.returns if line in each.lines)
        return sum(each.announced - each.received for each in coming)

    def unpromised(self, line: Line) -> int:
        """Units that are neither promised, nor waiting, nor gone."""
        gone = self.shipped(line.number) + line.cancelled
        return line.quantity - self.reserved(line) - line.waiting - gone

    def inside(self, line: Line) -> int:
        """Units that are wanted and have not left."""
        return line.quantity - line.cancelled - self.shipped(line.number)

    def loose(self, hold: Hold) -> int:
        """Promised units that lie in no shipment."""
        return hold.units - self.packed(hold.line, hold.warehouse)

    def sum_of(self, kind: str) -> int:
        return sum(payment.amount for payment in self.payments if payment.kind == kind)

    @property
    def paid(self) -> int:
        return self.sum_of("CHARGE") - self.sum_of("REFUND")

    @property
    def authorized(self) -> int:
        captured = sum(
            each.amount for each in self.payments if each.kind == "CHARGE" and each.follows
        )
        return self.sum_of("AUTHORIZATION") - self.sum_of("VOID") - captured

    def left_of(self, payment: Payment) -> int:
        """What no other payment took of this one."""
        taken = sum(each.amount for each in self.payments if each.follows == payment.number)
        return payment.amount - taken

    @property
    def amounts(self) -> tuple[int, int, int]:
        """The lines together: net, tax, discount."""
        costs = [line.cost(line.priced) for line in self.lines]
        net, tax, discount = (sum(part) for part in zip(*costs, strict=True))
        return net, tax, discount

    @property
    def total(self) -> int:
        net, tax, _ = self.amounts
        return net + tax + self.shipping + self.freight

    @property
    def fulfillment(self) -> str:
        wanted = sum(line.quantity - line.cancelled for line in self.lines)
        shipped = sum(self.shipped(line.number) for line in self.lines)
        delivered = sum(self.delivered(line.number) for line in self.lines)
        if delivered:
            return "DELIVERED" if delivered == wanted else "PARTLY_DELIVERED"
        if shipped:
            return "SHIPPED" if shipped == wanted else "PARTLY_SHIPPED"
        if any(self.packed(line.number) for line in self.lines):
            return "PREPARING"
        if any(line.waiting for line in self.lines):
            return "BACKORDERED"
        reserved = sum(self.reserved(line) for line in self.lines)
        return "RESERVED" if 0 < reserved == wanted else "UNFULFILLED"

    @property
    def owed(self) -> int:
        """What it costs: of what came back, nothing that was refunded, once no more than the total
        had been paid.
        """
        if self.status == "CANCELLED":
            return 0
        back = self.sum_of("REFUND") - max(0, self.sum_of("CHARGE") - self.total)
        is_back = self.returning in ("PARTLY_RETURNED", "RETURNED")
        return self.total - (max(0, back) if is_back else 0)

    @property
    def balance(self) -> int:
        return self.owed - self.paid

    @property
    def payment(self) -> str:
        if self.balance < 0:
            return "OVERPAID"
        if self.balance == 0:
            went_back = self.owed == 0 and self.sum_of("CHARGE") > 0
            return "REFUNDED" if went_back else "PAID"
        if self.paid:
            return "PARTLY_PAID"
        return "AUTHORIZED" if self.authorized else "UNPAID"

    @property
    def over(self) -> bool:
        """Whether nothing of it is to come."""
        return all(
            line.quantity - line.cancelled
            in (self.delivered(line.number), self.returned(line.number))
            for line in self.lines
        )

    @property
    def returning(self) -> str:
        returned = sum(self.returned(line.number) for line in self.lines)
        shipped = sum(self.shipped(line.number) for line in self.lines)
        if returned:
            return "RETURNED" if returned == shipped else "PARTLY_RETURNED"
        coming = sum(self.announced(line.number) for line in self.lines)
        return "REQUESTED" if coming else "NONE"

    @property
    def waits_for(self) -> str | None:
        """The stage that it is in."""
        if self.status == "AWAITING_APPROVAL":
            return "CONFIRM"
        if self.status not in OPEN:
            return None
        match self.fulfillment:
            case "UNFULFILLED" | "BACKORDERED" | "RESERVED":
                return "PREPARE"
            case "PREPARING" | "PARTLY_SHIPPED":
                return "SHIP"
            case "SHIPPED" | "PARTLY_DELIVERED":
                return "DELIVER"
        return None

    @property
    def due(self) -> datetime | None:
        """When its stage should be over."""
        if self.stage is None or self.stage_since is None:
            return None
        own = self.stage_since + WITHIN[self.stage]
        if self.promised is None:
            return own
        return self.promised if self.stage == "DELIVER" else min(own, self.promised)

    def enter_stage(self, now: datetime) -> None:
        if self.waits_for != self.stage:
            self.stage, self.stage_since, self.late = self.waits_for, now, None

    def settle(self, now: datetime) -> None:
        """Something happened to it: it completes where nothing is left to do, and is told."""
        if self.status == "CONFIRMED" and self.over and self.balance <= 0:
            self.status = "COMPLETED"
        self.enter_stage(now)
        self.version += 1


@dataclass
class Paper:
    """The company. Warehouses come in the order in which they are served from."""

    now: datetime
    warehouses: tuple[str, ...]
    products: dict[str, Product] = field(default_factory=dict)
    stock: dict[tuple[str, str], Stock] = field(default_factory=dict)
    customers: dict[str, Customer] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    ages: int = 0

    def copy(self) -> "Paper":
        copied: Paper = pickle.loads(pickle.dumps(self))  # noqa: S301 - our own, made just now
        return copied

    def item(self, sku: str, warehouse: str) -> Stock:
        """What lies there; a place that never held any is made."""
        return self.stock.setdefault((sku, warehouse), Stock())

    def reserved(self, sku: str, warehouse: str) -> int:
        return sum(
            hold.units
            for order in self.orders.values()
            for hold in order.holds
            if hold.warehouse == warehouse and order.line(hold.line).product.sku == sku
        )

    def available(self, sku: str, warehouse: str) -> int:
        item = self.stock.get((sku, warehouse), Stock())
        return item.on_hand - self.reserved(sku, warehouse) - item.damaged - item.safety

    def waiting(self, sku: str) -> Iterator[Line]:
        """Lines of any order that wait for a product."""
        lines: Iterable[Line] = chain.from_iterable(each.lines for each in self.orders.values())
        return (line for line in lines if line.waiting and line.product.sku == sku)

    def of_customer(self, code: str) -> Iterator[Order]:
        """The orders that count for what a customer owes and has bought."""
        mine = (each for each in self.orders.values() if each.customer == code)
        return (order for order in mine if order.status in OWING)

    def owed(self, code: str) -> int:
        return sum(max(0, order.balance) for order in self.of_customer(code))

    def lifetime(self, code: str) -> int:
        return sum(order.total for order in self.of_customer(code))


def _units(shipments: Iterable[Shipment], line: int, statuses: tuple[str, ...]) -> int:
    return sum(each.units.get(line, 0) for each in shipments if each.status in statuses)
