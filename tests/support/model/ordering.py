"""Orders: placed, drafted, and every later step."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final

from models.rules.access import OPEN
from models.rules.order_states import OrderAction
from services.orders.act import ActOnOrder, act_on_order
from services.orders.entry import PlaceOrder
from services.orders.goods import NewLine
from services.orders.note import note_on_order
from services.orders.place import draft_order, place_order
from tests.support.model.commands import Ask, Names, Written
from tests.support.model.freight import tax_freight
from tests.support.model.fulfilling import leave, move, prepare
from tests.support.model.paper import INSIDE, No, Order, Paper
from tests.support.model.parts import MILLION, Customer, Line
from tests.support.model.promises import give_back, promise

LOYAL: Final = ((5_000_000, 50_000), (1_000_000, 30_000), (100_000, 10_000))
"""From which lifetime value on, in minor units, which discount in millionths."""

ACTS: Final = {
    "DRAFT": ("EDIT", "SUBMIT", "CANCEL"),
    "AWAITING_APPROVAL": ("EDIT", "APPROVE", "CANCEL"),
    "CONFIRMED": ("EDIT", "HOLD", "PREPARE", "SHIP", "CANCEL"),
    "ON_HOLD": ("EDIT", "RELEASE", "CANCEL"),
    "COMPLETED": (),
    "CANCELLED": (),
}
"""What can be done to an order, if there is something to do. It completes by itself."""


DECIDED: Final = {"APPROVE": "CONFIRMED", "RELEASE": "CONFIRMED", "HOLD": "ON_HOLD"}
"""Where steps lead that are nothing but a decision."""


@dataclass(frozen=True, repr=False)
class LineInput(Written):
    """A line to be. Price in minor units and discount in millionths, where they are not usual."""

    sku: str
    quantity: int
    price: int | None = None
    discount: int | None = None
    line: int | None = None

    @property
    def own(self) -> bool:
        return self.price is not None or self.discount is not None


def decimal(minor: int | None) -> Decimal | None:
    return None if minor is None else Decimal(minor) / 100


def rate(millionths: int | None) -> Decimal | None:
    return None if millionths is None else Decimal(millionths) / MILLION


def usual_discount(paper: Paper, customer: str) -> int:
    loyal = (rate for least, rate in LOYAL if paper.lifetime(customer) >= least)
    return max(paper.customers[customer].discount, next(loyal, 0))


def new_line(paper: Paper, usual: int, number: int, line_input: LineInput) -> Line:
    """A line as it is wished for, with the customer's usual discount if it has none of its own."""
    product = paper.products[line_input.sku]
    discount = line_input.discount
    if discount is None:
        discount = usual if line_input.price is None else 0
    price = product.price if line_input.price is None else line_input.price
    return Line(
        number, product, line_input.quantity, price, discount, line_input.quantity, line_input.own
    )


def wrong(paper: Paper, line_inputs: tuple[LineInput, ...]) -> Iterator[str]:
    """Why lines cannot be as they are wished for."""
    for line_input in line_inputs:
        if line_input.quantity < 1:
            yield "INVALID"
        if not 0 <= (line_input.discount or 0) <= MILLION:
            yield "INVALID"
        if line_input.sku not in paper.products:
            yield "NOT_FOUND"


def refuse(codes: Iterator[str]) -> None:
    if found := list(codes):
        raise No(*found)


def take_credit(order: Order, customer: Customer, owed: int) -> None:
    """Confirm an order; one by which its customer would owe too much waits for approval."""
    within = customer.limit is None or order.total <= 0 or owed + order.total <= customer.limit
    order.status, order.placed = "CONFIRMED" if within else "AWAITING_APPROVAL", True


def act(order: Order, action: str) -> None:
    """Pass where the order can be acted upon so."""
    inside = sum(order.inside(line) for line in order.lines)
    reserved = sum(hold.units for hold in order.holds)
    packed = sum(order.packed(line.number) for line in order.lines)
    something = {
        "EDIT": inside > 0,
        "CANCEL": inside > 0,
        "SHIP": reserved > 0,
        "PREPARE": reserved > packed,
    }
    if action not in ACTS[order.status] or not something.get(action, True):
        raise No("ILLEGAL_TRANSITION")


@dataclass(frozen=True, repr=False)
class Place(Written):
    """An order; with `hold_hours`, a draft that holds its stock for so long, with 0 for none."""

    customer: str
    lines: tuple[LineInput, ...]
    shipping: int = 0
    promised_days: int | None = None
    hold_hours: int | None = None
    freight_rate: int | None = None

    def foresee(self, paper: Paper) -> None:
        refuse(wrong(paper, self.lines))
        if self.shipping < 0:
            raise No("INVALID")
        customer = paper.customers[self.customer]
        usual = usual_discount(paper, self.customer)
        lines = [
            new_line(paper, usual, number, line_input)
            for number, line_input in enumerate(self.lines)
        ]
        days = self.promised_days
        promised = None if days is None else paper.now + timedelta(days=days)
        number = len(paper.orders) + 1
        order = Order(number, self.customer, "DRAFT", paper.now, self.shipping, promised, lines)
        order.freight_rate = self.freight_rate
        tax_freight(order)
        if self.hold_hours is None:
            if customer.blocked:
                raise No("CREDIT_EXCEEDED")
            promise(paper, order, lines)
            take_credit(order, customer, paper.owed(self.customer))
        elif self.hold_hours:
            promise(paper, order, lines, paper.now + timedelta(hours=self.hold_hours))
        order.enter_stage(paper.now)
        paper.orders[number] = order

    def ask(self, paper: Paper, names: Names) -> Ask:
        days, hours = self.promised_days, self.hold_hours
        command = PlaceOrder(
            names.of("customer", self.customer),
            tuple(
                NewLine(
                    line_input.sku,
                    line_input.quantity,
                    decimal(line_input.price),
                    rate(line_input.discount),
                )
                for line_input in self.lines
            ),
            shipping=decimal(self.shipping) or Decimal(0),
            shipping_tax_rate=rate(self.freight_rate),
            promised_at=None if days is None else paper.now + timedelta(days=days),
            reserve_until=paper.now + timedelta(hours=hours) if hours else None,
        )
        make = place_order if hours is None else draft_order
        return lambda: make(OPEN, command)


@dataclass(frozen=True, repr=False)
class Act(Written):
    """A step of an order's life. `units` are those to cancel, by line."""

    order: int
    action: str
    units: tuple[tuple[int, int], ...] | None = None
    stale: bool = False

    def foresee(self, paper: Paper) -> None:
        order = paper.orders[self.order]
        if self.stale:
            raise No("VERSION_CONFLICT")
        act(order, self.action)
        if self.action == "RELEASE":
            refuse_blocked(paper, order)
        order.status = DECIDED.get(self.action, order.status)
        match self.action:
            case "SUBMIT":
                submit(paper, order)
            case "CANCEL":
                cancel(paper, order, self.units)
            case "PREPARE" | "SHIP":
                prepare(paper, order)
        if self.action == "SHIP":
            for shipment in order.shipments:
                if shipment.status in INSIDE:
                    leave(paper, order, shipment, "SHIPPED")
        order.settle(paper.now)

    def ask(self, paper: Paper, names: Names) -> Ask:
        units = None
        if self.units is not None:
            units = {names.of("line", self.order, line): some for line, some in self.units}
        version = paper.orders[self.order].version - self.stale
        key = names.of("order", self.order)
        command = ActOnOrder(key, version, OrderAction(self.action), units)
        return lambda: act_on_order(OPEN, command)


def refuse_blocked(paper: Paper, order: Order) -> None:
    if paper.customers[order.customer].blocked:
        raise No("CREDIT_EXCEEDED")


def confirm_waiting(paper: Paper) -> None:
    """Confirm what waits for approval though its customer may owe it by now."""
    for order in sorted(paper.orders.values(), key=lambda each: each.since):
        customer = paper.customers[order.customer]
        if order.status != "AWAITING_APPROVAL" or customer.blocked:
            continue
        owes_nothing = order.balance <= 0
        if owes_nothing or customer.limit is None or paper.owed(order.customer) <= customer.limit:
            order.status = "CONFIRMED"
            order.settle(paper.now)


def submit(paper: Paper, order: Order) -> None:
    """A draft becomes an order: what it holds stays, and the rest is promised now."""
    customer = paper.customers[order.customer]
    refuse_blocked(paper, order)
    for line in order.lines:
        line.waiting = 0
    promise(paper, order, order.lines)
    for held in order.holds:
        held.until = None
    take_credit(order, customer, paper.owed(order.customer))
    order.since = paper.now


def cancel(paper: Paper, order: Order, units: tuple[tuple[int, int], ...] | None) -> None:
    """Undo shipments that hold such units; those that nobody holds go first, then those waiting.

    What is cancelled altogether keeps what it came to.
    """
    if units is None:
        units = tuple((line.number, order.inside(line)) for line in order.lines)
        units = tuple((line, some) for line, some in units if some)
    refuse("INVALID" for line, some in units if not 1 <= some <= order.inside(order.line(line)))
    for shipment in order.shipments:
        if shipment.status in INSIDE and any(line in shipment.units for line, _ in units):
            move(shipment, "CANCELLED")
    for number, some in units:
        line = order.line(number)
        unheld = min(some, order.unpromised(line))
        waiting = min(some - unheld, line.waiting)
        line.waiting -= waiting
        give_back(paper, order, line, some - unheld - waiting)
        line.cancelled += some
    if all(line.cancelled == line.quantity for line in order.lines):
        order.status = "CANCELLED"
        return
    for line in order.lines:
        line.priced = line.quantity - line.cancelled


@dataclass(frozen=True, repr=False)
class Note(Written):
    """Something noted on an order: nobody's version is in the way."""

    order: int

    def foresee(self, paper: Paper) -> None:
        """Nothing that is counted changes."""

    def ask(self, paper: Paper, names: Names) -> Ask:
        key = names.of("order", self.order)
        return lambda: note_on_order(OPEN, key, "They called.")
