"""Orders: placed, drafted, edited, and brought through their lives."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final

from models.rules.access import OPEN
from models.rules.order_states import OrderAction
from services.order_actions import ActOnOrder, act_on_order
from services.order_editing import EditedLine, EditOrder, edit_order
from services.order_entry import NewLine
from services.orders import note_on_order
from services.placing import PlaceOrder, draft_order, place_order
from services.saving import UNSET
from tests.support.life.commands import Ask, Names, Written
from tests.support.life.fulfilling import leave, prepare
from tests.support.life.paper import INSIDE, MILLION, Customer, Line, No, Order, Paper
from tests.support.life.promises import give_back, promise

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


@dataclass(frozen=True, repr=False)
class Wish(Written):
    """A line to be. Price in minor units and discount in millionths, where they are not usual."""

    sku: str
    quantity: int
    price: int | None = None
    discount: int | None = None
    line: int | None = None


def decimal(minor: int | None) -> Decimal | None:
    return None if minor is None else Decimal(minor) / 100


def rate(millionths: int | None) -> Decimal | None:
    return None if millionths is None else Decimal(millionths) / MILLION


def usual_discount(paper: Paper, customer: str) -> int:
    loyal = (rate for least, rate in LOYAL if paper.lifetime(customer) >= least)
    return max(paper.customers[customer].discount, next(loyal, 0))


def new_line(paper: Paper, customer: str, number: int, wish: Wish) -> Line:
    product = paper.products[wish.sku]
    discount = wish.discount
    if discount is None:
        discount = usual_discount(paper, customer) if wish.price is None else 0
    price = product.price if wish.price is None else wish.price
    return Line(number, product, wish.quantity, price, discount, priced=wish.quantity)


def wrong(paper: Paper, wishes: tuple[Wish, ...]) -> Iterator[str]:
    """Why lines cannot be as they are wished for."""
    for wish in wishes:
        if wish.quantity < 1:
            yield "INVALID"
        if not 0 <= (wish.discount or 0) <= MILLION:
            yield "INVALID"
        if wish.sku not in paper.products:
            yield "NOT_FOUND"


def refuse(codes: Iterator[str]) -> None:
    if found := list(codes):
        raise No(*found)


def take_credit(order: Order, customer: Customer, owed: int) -> None:
    """Confirm an order; one by which its customer would owe too much waits for approval."""
    within = customer.limit is None or order.total <= 0 or owed + order.total <= customer.limit
    order.status = "CONFIRMED" if within else "AWAITING_APPROVAL"


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
    lines: tuple[Wish, ...]
    shipping: int = 0
    promised_days: int | None = None
    hold_hours: int | None = None

    def foresee(self, paper: Paper) -> None:
        refuse(wrong(paper, self.lines))
        if self.shipping < 0:
            raise No("INVALID")
        customer = paper.customers[self.customer]
        lines = [
            new_line(paper, self.customer, number, wish) for number, wish in enumerate(self.lines)
        ]
        days = self.promised_days
        promised = None if days is None else paper.now + timedelta(days=days)
        number = len(paper.orders) + 1
        order = Order(number, self.customer, "DRAFT", paper.now, self.shipping, promised, lines)
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
                NewLine(wish.sku, wish.quantity, decimal(wish.price), rate(wish.discount))
                for wish in self.lines
            ),
            shipping=decimal(self.shipping) or Decimal(0),
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
        match self.action:
            case "SUBMIT":
                submit(paper, order)
            case "APPROVE" | "RELEASE":
                order.status = "CONFIRMED"
            case "HOLD":
                order.status = "ON_HOLD"
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


def submit(paper: Paper, order: Order) -> None:
    """A draft becomes an order: what it holds stays, and the rest is promised now."""
    customer = paper.customers[order.customer]
    if customer.blocked:
        raise No("CREDIT_EXCEEDED")
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
            shipment.status = "CANCELLED"
            shipment.version += 1
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
class Edit(Written):
    """An order's complete new lines; `shipping` stays where it is not given."""

    order: int
    lines: tuple[Wish, ...]
    shipping: int | None = None
    stale: bool = False

    def foresee(self, paper: Paper) -> None:
        order = paper.orders[self.order]
        if self.stale:
            raise No("VERSION_CONFLICT")
        act(order, "EDIT")
        owed = max(0, order.total - order.paid)
        until = next((held.until for held in order.holds if held.until), None)
        if self.shipping is not None and self.shipping != order.shipping:
            if self.shipping < 0 or any(order.shipped(line.number) for line in order.lines):
                raise No("INVALID")
            order.shipping = self.shipping
        refuse(wrong(paper, self.lines))
        refuse(self._impossible(order))
        grown = self._change(paper, order)
        if all(line.cancelled == line.quantity for line in order.lines):
            raise No("INVALID")
        for line in order.lines:
            release(paper, order, line)
        if order.status == "DRAFT":
            kept = {wish.line for wish in self.lines}
            order.lines = [line for line in order.lines if line.number in kept or line in grown]
        if order.status != "DRAFT" or until:
            promise(paper, order, grown, until)
        self._owe(paper, order, owed)
        order.settle(paper.now)

    def _impossible(self, order: Order) -> Iterator[str]:
        kept = {wish.line for wish in self.lines}
        for wish in self.lines:
            if wish.line is None:
                continue
            line = order.line(wish.line)
            gone = order.shipped(line.number)
            price = line.price if wish.price is None else wish.price
            discount = line.discount if wish.discount is None else wish.discount
            if (price, discount) != (line.price, line.discount) and gone:
                yield "INVALID"
            if wish.quantity < gone + order.packed(line.number) + line.cancelled:
                yield "INVALID"
        for line in order.lines:
            if line.number not in kept and order.shipped(line.number) + order.packed(line.number):
                yield "INVALID"

    def _change(self, paper: Paper, order: Order) -> list[Line]:
        """Make the lines what they are to be; those that want more than before."""
        grown = []
        kept = {wish.line: wish for wish in self.lines if wish.line is not None}
        following = max(line.number for line in order.lines) + 1
        for line in order.lines:
            wish = kept.get(line.number)
            if wish is None:
                line.cancelled = line.quantity
            else:
                if wish.quantity > line.quantity:
                    grown.append(line)
                line.quantity = wish.quantity
                line.price = line.price if wish.price is None else wish.price
                line.discount = line.discount if wish.discount is None else wish.discount
            line.priced = line.quantity - line.cancelled
        grown.sort(key=lambda line: self.lines.index(kept[line.number]))
        fresh = [wish for wish in self.lines if wish.line is None]
        added = [
            new_line(paper, order.customer, number, wish)
            for number, wish in enumerate(fresh, following)
        ]
        order.lines += added
        return grown + added

    def _owe(self, paper: Paper, order: Order, owed: int) -> None:
        """Pass where the customer may owe what the order has come to since."""
        limit = paper.customers[order.customer].limit
        if order.status == "DRAFT" or limit is None:
            return
        if max(0, order.total - order.paid) > owed and paper.owed(order.customer) > limit:
            raise No("CREDIT_EXCEEDED")

    def wanted(self, paper: Paper, names: Names) -> EditOrder:
        """The edit as the product is asked for it."""
        lines = tuple(
            EditedLine(
                wish.sku,
                wish.quantity,
                decimal(wish.price),
                rate(wish.discount),
                None if wish.line is None else names.of("line", self.order, wish.line),
            )
            for wish in self.lines
        )
        shipping = UNSET if self.shipping is None else decimal(self.shipping)
        version = paper.orders[self.order].version - self.stale
        return EditOrder(names.of("order", self.order), version, "they called", lines, shipping)

    def ask(self, paper: Paper, names: Names) -> Ask:
        command = self.wanted(paper, names)
        return lambda: edit_order(OPEN, command)


def release(paper: Paper, order: Order, line: Line) -> None:
    """Give back what a line has too much: first what waits, then what is promised."""
    spare = max(0, -order.unpromised(line))
    waiting = min(spare, line.waiting)
    line.waiting -= waiting
    give_back(paper, order, line, spare - waiting)


@dataclass(frozen=True, repr=False)
class Note(Written):
    """Something noted on an order: nobody's version is in the way."""

    order: int

    def foresee(self, paper: Paper) -> None:
        """Nothing that is counted changes."""

    def ask(self, paper: Paper, names: Names) -> Ask:
        key = names.of("order", self.order)
        return lambda: note_on_order(OPEN, key, "They called.")
