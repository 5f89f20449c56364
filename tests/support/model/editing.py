"""Orders that are edited: their complete new lines, for the difference and no more."""

from collections.abc import Iterator
from dataclasses import dataclass

from models.rules.access import OPEN
from services.orders.edit import EditOrder, edit_order
from services.orders.edited_lines import EditedLine
from services.work.upserts import UNSET
from tests.support.model.commands import Ask, Names, Written
from tests.support.model.freight import tax_freight
from tests.support.model.ordering import (
    LineInput,
    act,
    decimal,
    new_line,
    rate,
    refuse,
    refuse_blocked,
    usual_discount,
    wrong,
)
from tests.support.model.paper import No, Order, Paper
from tests.support.model.parts import Line
from tests.support.model.promises import give_back, promise


@dataclass(frozen=True, repr=False)
class Edit(Written):
    """An order's complete new lines; shipping and its tax rate stay where they are not given."""

    order: int
    lines: tuple[LineInput, ...]
    shipping: int | None = None
    stale: bool = False
    freight_rate: int | None = None

    def foresee(self, paper: Paper) -> None:
        order = paper.orders[self.order]
        if self.stale:
            raise No("VERSION_CONFLICT")
        act(order, "EDIT")
        owed = max(0, order.balance)
        # What they had bought before: the edit itself may take them below a tier, or above it.
        usual = usual_discount(paper, order.customer)
        until = next((held.until for held in order.holds if held.until), None)
        billed = any(order.shipped(line.number) for line in order.lines)
        self._freight(order, billed=billed)
        refuse(wrong(paper, self.lines))
        refuse(self._impossible(order))
        grown = self._change(paper, order, usual)
        if all(line.cancelled == line.quantity for line in order.lines):
            raise No("INVALID")
        if order.status != "DRAFT" and grown:
            refuse_blocked(paper, order)
        for line in order.lines:
            release(paper, order, line)
        if order.status == "DRAFT":
            kept = {line_input.line for line_input in self.lines}
            order.lines = [line for line in order.lines if line.number in kept or line in grown]
        if not billed:
            tax_freight(order)
        if order.status != "DRAFT" or until:
            promise(paper, order, grown, until)
        self._owe(paper, order, owed)
        order.settle(paper.now)

    def _freight(self, order: Order, *, billed: bool) -> None:
        """Shipping and its tax, which are billed with what leaves first."""
        for name, wished in (("shipping", self.shipping), ("freight_rate", self.freight_rate)):
            if wished is not None and wished != getattr(order, name):
                if wished < 0 or billed:
                    raise No("INVALID")
                setattr(order, name, wished)

    def _impossible(self, order: Order) -> Iterator[str]:
        kept = {line_input.line for line_input in self.lines}
        for line_input in self.lines:
            if line_input.line is None:
                continue
            line = order.line(line_input.line)
            gone = order.shipped(line.number)
            price = line.price if line_input.price is None else line_input.price
            discount = line.discount if line_input.discount is None else line_input.discount
            if (price, discount) != (line.price, line.discount) and gone:
                yield "INVALID"
            if line_input.quantity < gone + order.packed(line.number) + line.cancelled:
                yield "INVALID"
        for line in order.lines:
            if line.number not in kept and order.shipped(line.number) + order.packed(line.number):
                yield "INVALID"

    def _change(self, paper: Paper, order: Order, usual: int) -> list[Line]:
        """Make the lines what they are to be; those that want more than before."""
        grown = []
        kept = {
            line_input.line: line_input for line_input in self.lines if line_input.line is not None
        }
        following = max(line.number for line in order.lines) + 1
        for line in order.lines:
            line_input = kept.get(line.number)
            if line_input is None:
                line.cancelled = line.quantity
            else:
                if line_input.quantity > line.quantity:
                    grown.append(line)
                line.quantity = line_input.quantity
                line.own = line.own or line_input.own
                line.price = line.price if line_input.price is None else line_input.price
                line.discount = (
                    line.discount if line_input.discount is None else line_input.discount
                )
            line.priced = line.quantity - line.cancelled
        grown.sort(key=lambda line: self.lines.index(kept[line.number]))
        fresh = [line_input for line_input in self.lines if line_input.line is None]
        added = [
            new_line(paper, usual, number, line_input)
            for number, line_input in enumerate(fresh, following)
        ]
        order.lines += added
        return grown + added

    def _owe(self, paper: Paper, order: Order, owed: int) -> None:
        """Pass where the customer may owe what the order has come to since."""
        customer = paper.customers[order.customer]
        if order.status == "DRAFT" or max(0, order.balance) <= owed:
            return
        within = customer.limit is None or paper.owed(order.customer) <= customer.limit
        if customer.blocked or not within:
            raise No("CREDIT_EXCEEDED")

    def wanted(self, paper: Paper, names: Names) -> EditOrder:
        """The edit as the product is asked for it."""
        lines = tuple(
            EditedLine(
                line_input.sku,
                line_input.quantity,
                decimal(line_input.price),
                rate(line_input.discount),
                None if line_input.line is None else names.of("line", self.order, line_input.line),
            )
            for line_input in self.lines
        )
        shipping = UNSET if self.shipping is None else decimal(self.shipping)
        version = paper.orders[self.order].version - self.stale
        freight = UNSET if self.freight_rate is None else rate(self.freight_rate)
        key = names.of("order", self.order)
        return EditOrder(key, version, "they called", lines, shipping, freight)

    def ask(self, paper: Paper, names: Names) -> Ask:
        command = self.wanted(paper, names)
        return lambda: edit_order(OPEN, command)


def release(paper: Paper, order: Order, line: Line) -> None:
    """Give back what a line has too much: first what waits, then what is promised."""
    spare = max(0, -order.unpromised(line))
    waiting = min(spare, line.waiting)
    line.waiting -= waiting
    give_back(paper, order, line, spare - waiting)
