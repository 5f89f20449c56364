"""The lines of an order: read together, and changed ones stored together."""

from collections.abc import Iterable
from operator import attrgetter
from typing import Final

from models.orders import Order, OrderLine
from models.rules import units as trade
from models.rules.inventory import Movement
from models.rules.units import LineCounts, Rule
from services.storage.statements import Query
from services.storage.updates import update
from services.work.work import Work

_, *COUNTS = LineCounts._fields
"""The columns of a line's units by state, beside its quantity."""

PRICES: Final = (
    "quantity",
    "unit_price_minor",
    "discount_rate",
    "own_price",
    "net_minor",
    "tax_minor",
    "discount_minor",
)
"""The columns of a line's totals."""

CHANGING: Final = (*COUNTS, *PRICES)
values_of: Final = attrgetter(*CHANGING)

LINES: Final = Query(  # unscoped: lines of an order that was read
    OrderLine, "SELECT {columns} FROM order_line WHERE order_id = ? ORDER BY position"
)
counted: Final = attrgetter(*LineCounts._fields)


def counts_of(line: OrderLine) -> LineCounts:
    """The line's units by state, for the rules."""
    return LineCounts._make(counted(line))


def carry_out(line: OrderLine, rule: Rule, units: int, reason: str | None = None) -> list[Movement]:
    """Applies a step of the trade to units of a line; returns the movements of its stock item.

    Neither is saved here.

    Raises:
        ImpossibleStep: the rule does not allow it.
    """
    after, movements = rule(counts_of(line), units)
    recount(line, after)
    return [Movement(kind, some, reason, line.order_id, line.id) for kind, some, *_ in movements]


def stop_waiting(lines: Iterable[OrderLine]) -> None:
    """Ends all backorders of the lines. They are not saved here."""
    for line in lines:
        if line.backordered:
            carry_out(line, trade.stop_waiting, line.backordered)


def recount(line: OrderLine, counts: LineCounts) -> None:
    """Sets the line's units by state. It is not saved here."""
    for name, was, now in zip(COUNTS, counts_of(line)[1:], counts[1:], strict=True):
        if was != now:
            setattr(line, name, now)


async def lines_of(work: Work, order: Order) -> list[OrderLine]:
    """The order's lines in their order."""
    lines = await LINES.rows(work.connection, order.id)
    _remember(lines)
    return lines


async def save_lines(work: Work, lines: Iterable[OrderLine]) -> None:
    """Saves the changed lines in one statement.

    New lines are not inserted here.
    """
    changed = [line for line in lines if vars(line).get(STORED, values_of(line)) != values_of(line)]
    await update(work.connection, changed, CHANGING)
    _remember(changed)


STORED: Final = "_stored"
"""The attribute of a line with its stored values."""


def _remember(lines: Iterable[OrderLine]) -> None:
    for line in lines:
        vars(line)[STORED] = values_of(line)
