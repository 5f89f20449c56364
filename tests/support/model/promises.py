"""On paper: who is promised which stock, who waits, who is served, and who loses a promise."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from tests.support.model.paper import OPEN, No, Order, Paper
from tests.support.model.parts import Hold, Line


class Want(NamedTuple):
    """Units of a line that stock is looked for."""

    line: Line
    units: int


class Take(NamedTuple):
    """Units of a line that come from a warehouse."""

    line: Line
    warehouse: str
    units: int


def allot(paper: Paper, wants: list[Want]) -> tuple[list[Take], dict[int, int]]:
    """From where each line is served, and what is missing of which line.

    One warehouse serves them all if it can; else each line takes what there is, in their order.
    """
    skus = {want.line.product.sku for want in wants}
    left = {
        (sku, warehouse): max(0, paper.available(sku, warehouse))
        for sku in skus
        for warehouse in paper.warehouses
    }
    need = {sku: sum(want.units for want in wants if want.line.product.sku == sku) for sku in skus}
    whole = [each for each in paper.warehouses if all(left[sku, each] >= need[sku] for sku in skus)]
    takes = []
    missing = {}
    for line, units in wants:
        rest = units
        for warehouse in whole[:1] or paper.warehouses:
            some = min(rest, left[line.product.sku, warehouse])
            if some:
                left[line.product.sku, warehouse] -= some
                rest -= some
                takes.append(Take(line, warehouse, some))
        if rest:
            missing[line.number] = rest
    return takes, missing


def promise(paper: Paper, order: Order, lines: list[Line], until: datetime | None = None) -> None:
    """Promise what the lines want; what is missing waits, where its product lets it.

    Where stock is missing, drafts lose what they held too long, and who waited for it comes first.
    """
    wants = [Want(line, units) for line in lines if (units := order.unpromised(line))]
    takes, missing = allot(paper, wants)
    short = {want.line.product.sku for want in wants if want.line.number in missing}
    if freed := free_expired(paper, short, apart_from=order):
        serve(paper, freed, apart_from=order)
        takes, missing = allot(paper, wants)
    refuse_short(
        paper, [(line, missing[line.number]) for line, _ in wants if line.number in missing]
    )
    hold(paper, order, takes, until)
    for line, _ in wants:
        line.waiting += missing.get(line.number, 0)


def refuse_short(paper: Paper, short: list[tuple[Line, int]]) -> None:
    """Pass where everything that is missing may wait."""
    codes = []
    expected: dict[str, int] = {}
    for line, units in short:
        product = line.product
        if product.sku not in expected:
            incoming = sum(
                item.incoming for (sku, _), item in paper.stock.items() if sku == product.sku
            )
            waiting = sum(each.waiting for each in paper.waiting(product.sku))
            expected[product.sku] = incoming - waiting
        if product.policy == "UNTIL_EXPECTED" and units <= expected[product.sku]:
            expected[product.sku] -= units
        elif product.policy != "ALLOW":
            codes.append("INSUFFICIENT_STOCK")
    if codes:
        raise No(*codes)


def hold(paper: Paper, order: Order, takes: list[Take], until: datetime | None = None) -> None:
    for line, warehouse, units in takes:
        paper.ages += 1
        for held in order.holds:
            if (held.line, held.warehouse) == (line.number, warehouse):
                held.units += units
                break
        else:
            order.holds.append(Hold(line.number, warehouse, units, until, paper.ages))


def give_up(order: Order, held: Hold, units: int) -> None:
    held.units -= units
    if not held.units:
        order.holds.remove(held)


def give_back(paper: Paper, order: Order, line: Line, units: int) -> None:
    """Free units of a line that are in no shipment, of the oldest stock items first."""

    def rank(held: Hold) -> str:
        return paper.item(line.product.sku, held.warehouse).rank

    for held in sorted((each for each in order.holds if each.line == line.number), key=rank):
        some = min(units, order.loose(held))
        if some:
            give_up(order, held, some)
            units -= some


def serve(paper: Paper, skus: Iterable[str], apart_from: Order | None = None) -> None:
    """Give what is free to those who wait, the longest first, and tell each of them."""
    for order in sorted(paper.orders.values(), key=lambda each: each.since):
        if order.status not in OPEN or order is apart_from:
            continue
        served = [_serve(paper, order, sku) for sku in sorted(skus)]
        if any(served):
            order.settle(paper.now)


def _serve(paper: Paper, order: Order, sku: str) -> bool:
    """Give an order what is free of a product; whether it got any."""
    wants = [
        Want(line, line.waiting) for line in order.lines if line.waiting and line.product.sku == sku
    ]
    takes, _ = allot(paper, wants)
    for take in takes:
        take.line.waiting -= take.units
    if takes:
        hold(paper, order, takes)
    return bool(takes)


def free(paper: Paper, order: Order) -> set[str]:
    """Free what an order held for a time that is over; which products that were."""
    over = [each for each in order.holds if each.until and each.until <= paper.now]
    for held in over:
        order.holds.remove(held)
    if over:
        order.settle(paper.now)
    return {order.line(held.line).product.sku for held in over}


def free_expired(paper: Paper, skus: Iterable[str], apart_from: Order | None = None) -> set[str]:
    """Free whatever those drafts held that held one of the products too long."""
    freed = set()
    for order in paper.orders.values():
        held = {
            order.line(each.line).product.sku
            for each in order.holds
            if each.until and each.until <= paper.now
        }
        if order is not apart_from and held & set(skus):
            freed |= free(paper, order)
    return freed


def take_promises(paper: Paper, sku: str, warehouse: str, units: int) -> None:
    """Take units back from the youngest promises, as far as they are in no shipment."""
    held = [
        (each.age, order, each)
        for order in paper.orders.values()
        for each in order.holds
        if each.warehouse == warehouse and order.line(each.line).product.sku == sku
    ]
    losers = {}
    for _, order, each in sorted(held, key=lambda entry: -entry[0]):
        some = min(units, order.loose(each))
        if some > 0:
            order.line(each.line).waiting += some
            give_up(order, each, some)
            losers[order.number] = order
            units -= some
    for order in losers.values():
        order.settle(paper.now)
    if units > 0:
        raise No("INVALID")
