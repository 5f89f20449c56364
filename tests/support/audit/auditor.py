"""Whether anything in a database breaks what is promised: found by SQL, without the product's code.

It knows tables and columns and what must be true of them, and nothing of how they come about.
"""

from dataclasses import dataclass
from typing import Any, Final

from tests.support.audit import events, money, orders, returns, stock, units
from tests.support.audit.plain import Row, plain
from tests.support.databases import Database, opened

STATEMENTS: Final = {
    **stock.STOCK,
    **units.UNITS,
    **orders.CHECKS,
    **returns.RETURNS,
    **money.SUMS,
    **events.EVENTS,
}
COMPUTED: Final = (
    *(money.prices, money.taxes, money.authorizations, money.invoice_numbers, money.converted),
    orders.deadlines,
    *(events.keys, events.steps, stock.homes),
)


IMPORTED_PAST: Final = frozenset(
    {
        *("line.shipped", "line.delivered", "line.shipped_in_ledger"),
        *("shipment.times", "invoice.shipment", "invoice.all", "event.payments", "order.step"),
    }
)
"""What does not hold for what other systems did: it left their stock, was billed and told there."""


@dataclass(frozen=True, slots=True)
class Broken:
    """An invariant that does not hold somewhere: what is stored, and what is due instead."""

    invariant: str
    place: str
    stored: Any
    due: Any

    @classmethod
    def of(cls, invariant: str, row: Row) -> "Broken":
        *place, stored, due = row
        return cls(invariant, " ".join(map(str, place)), stored, due)


async def audit(
    database: Database | None = None,
    *,
    apart_from: frozenset[str] = frozenset(),
    backorders_served: bool = False,
) -> list[Broken]:
    """Everything that is broken; nothing, as it should be.

    The database is the one that this process is connected to, where none is named. With
    `backorders_served` nobody may wait for what lies free in stock.
    """
    database = database or opened()
    statements = {
        **STATEMENTS,
        **(events.NUMBERED_AT_ONCE if database.dialect == "sqlite" else {}),
        **(stock.SERVED if backorders_served else {}),
    }
    found: list[Broken] = []
    async with plain(database) as run:
        for invariant, statement in statements.items():
            found += [Broken.of(invariant, row) for row in await run(statement)]
        for check in COMPUTED:
            found += [Broken.of(row[0], row[1:]) async for row in check(run)]
    return [each for each in found if each.invariant not in apart_from]
