"""The lines of an order: read together, and written together as far as they differ."""

from collections.abc import Iterable
from operator import attrgetter
from typing import Final

from models.orders import Order, OrderLine
from services.storage.statements import Query
from services.storage.updates import update
from services.work.work import Work

COUNTS: Final = (
    "reserved",
    "backordered",
    "preparing",
    "shipped",
    "delivered",
    "returned",
    "cancelled",
)
"""The columns that say where a line's units are."""

PRICES: Final = (
    "quantity",
    "unit_price_minor",
    "discount_rate",
    "own_price",
    "net_minor",
    "tax_minor",
    "discount_minor",
)
"""The columns that say what a line comes to."""

CHANGING: Final = (*COUNTS, *PRICES)
values_of: Final = attrgetter(*CHANGING)

LINES: Final = Query(  # unscoped: lines of an order that was read
    OrderLine, "SELECT {columns} FROM order_line WHERE order_id = ? ORDER BY position"
)


async def lines_of(work: Work, order: Order) -> list[OrderLine]:
    """The order's lines in their order."""
    lines = await LINES.rows(work.connection, order.id)
    _remember(lines)
    return lines


async def save_lines(work: Work, lines: Iterable[OrderLine]) -> None:
    """Save the lines that differ from what is stored of them, by one statement.

    Lines that were never stored are not inserted here.
    """
    changed = [line for line in lines if vars(line).get(STORED, values_of(line)) != values_of(line)]
    await update(work.connection, changed, CHANGING)
    _remember(changed)


STORED: Final = "_stored"
"""Where a line keeps the values that are stored of it."""


def _remember(lines: Iterable[OrderLine]) -> None:
    for line in lines:
        vars(line)[STORED] = values_of(line)
