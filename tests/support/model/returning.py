"""Returns: announced, and received with what becomes of the goods."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from models.rules.access import OPEN
from models.rules.return_states import Disposition, ReturnUnits
from services.fulfillment.returns import (
    ReceiveReturn,
    RequestReturn,
    receive_return,
    request_return,
)
from tests.support.model.commands import Ask, Names, Written
from tests.support.model.paper import LEFT, No, Order, Paper
from tests.support.model.parts import Coming, Return


@dataclass(frozen=True, repr=False)
class Announce(Written):
    """Units by line that are to come back; a line may be named several times."""

    order: int
    units: tuple[tuple[int, int], ...]

    def foresee(self, paper: Paper) -> None:
        order = paper.orders[self.order]
        out = sum(returnable(order, line.number) for line in order.lines)
        if order.status not in ("CONFIRMED", "ON_HOLD", "COMPLETED") or not out:
            raise No("ILLEGAL_TRANSITION")
        left = Counter({line.number: returnable(order, line.number) for line in order.lines})
        refuse_beyond(left, self.units)
        lines: Counter[int] = Counter()
        for line, some in self.units:
            lines[line] += some
        coming = {line: Coming(some) for line, some in lines.items()}
        order.returns.append(Return(len(order.returns) + 1, coming))
        order.settle(paper.now)

    def ask(self, paper: Paper, names: Names) -> Ask:
        lines = tuple(
            ReturnUnits(names.of("line", self.order, line), some) for line, some in self.units
        )
        command = RequestReturn(names.of("order", self.order), lines, "does not fit")
        return lambda: request_return(OPEN, command)


def returnable(order: Order, line: int) -> int:
    return order.shipped(line) - order.returned(line) - order.announced(line)


def refuse_beyond(left: Counter[int], units: tuple[tuple[int, int], ...]) -> None:
    """Pass where no line has more units than are left for it, named once or several times."""
    codes = []
    for line, some in units:
        if 1 <= some <= left[line]:
            left[line] -= some
        else:
            codes.append("INVALID")
    if codes:
        raise No(*codes)


@dataclass(frozen=True, repr=False)
class Receive(Written):
    """What came of a return: line, units, disposition; into one warehouse, where it is named."""

    order: int
    number: int
    units: tuple[tuple[int, int, str], ...]
    stale: bool = False
    warehouse: str | None = None

    def foresee(self, paper: Paper) -> None:
        order = paper.orders[self.order]
        request = order.returns[self.number - 1]
        if self.stale:
            raise No("VERSION_CONFLICT")
        if request.status == "RECEIVED":
            raise No("ILLEGAL_TRANSITION")
        left = {line: each.announced - each.received for line, each in request.lines.items()}
        refuse_beyond(Counter(left), tuple((line, some) for line, some, _ in self.units))
        for line, some, disposition in self.units:
            request.lines[line].received += some
            request.lines[line].disposition = disposition
            if disposition == "SCRAP":
                continue
            for warehouse, put in shares(paper, order, line, some, self.warehouse):
                order.back[line, warehouse] += put
                item = paper.item(order.line(line).product.sku, warehouse)
                item.on_hand += put
                item.damaged += put if disposition == "QUARANTINE" else 0
        request.version += 1
        order.settle(paper.now)

    def ask(self, paper: Paper, names: Names) -> Ask:
        lines = tuple(
            ReturnUnits(names.of("line", self.order, line), some, Disposition(disposition))
            for line, some, disposition in self.units
        )
        version = paper.orders[self.order].returns[self.number - 1].version - self.stale
        key = names.of("return", self.order, self.number)
        warehouse_id = self.warehouse and names.of("warehouse", self.warehouse)
        command = ReceiveReturn(key, version, lines, warehouse_id or None)
        return lambda: receive_return(OPEN, command)


def shares(
    paper: Paper, order: Order, line: int, units: int, named: str | None
) -> Iterator[tuple[str, int]]:
    """All to the warehouse that is named; else to each no more than it sent and has not back."""
    if named:
        yield named, units
        return
    seen = dict(order.back)
    for warehouse in paper.warehouses:
        there = (each for each in order.shipments if each.warehouse == warehouse)
        sent = sum(each.units.get(line, 0) for each in there if each.status in LEFT)
        some = min(units, max(0, sent - seen.get((line, warehouse), 0)))
        if some:
            yield warehouse, some
        units -= some
