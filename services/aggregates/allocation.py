"""Allocation: reserves stock for the lines of an order, or refuses the short ones."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from models.orders import OrderLine
from models.rules import units as trade
from models.rules.allocation import Demand, Plan, StockRow, allocate
from models.rules.catalog import BackorderPolicy
from models.rules.errors import DomainError, StockShortage, refuse
from services.aggregates.backorders import Units, free_expired, once_freed
from services.aggregates.lines import carry_out, counts_of
from services.aggregates.reservations import Promised, reserve, stock_rows, takes_of
from services.aggregates.selling import Products
from services.storage.statements import Query
from services.work.work import Work

# unscoped: products of lines that are promised
LOCK: Final = Query(UUID, "SELECT id FROM product WHERE id IN ? ORDER BY id FOR UPDATE")
INCOMING: Final = Query(  # unscoped: what suppliers bring to any warehouse
    Units,
    "SELECT product_id, SUM(incoming) FROM stock_item WHERE product_id IN ? GROUP BY product_id",
)
WAITING: Final = Query(  # unscoped: earlier backorders come first, seen or not
    Units,
    """SELECT product_id, -SUM(backordered) FROM order_line
    WHERE product_id IN ? AND backordered > 0 GROUP BY product_id""",
)


async def promise(
    work: Work,
    lines: list[OrderLine],
    products: Products,
    *,
    stock: Sequence[StockRow] | None = None,
    places: Mapping[UUID, int] | None = None,
) -> Promised:
    """Reserves the lines' open units, and counts the missing ones as backordered.

    The lines need not be stored yet; neither they nor the reservations are saved here. `stock` is
    the products' stock, if the caller has just read it. `places` are the lines' places in the
    input, for errors, if they differ from the lines' order.

    Raises:
        Refused: a StockShortage for each line whose product allows no backorder.
        Contended: another transaction took the stock meanwhile.
    """
    demand = demand_of(lines)
    wanted = {each.product_id for each in demand}
    plan = allocate(demand, await stock_rows(work, wanted) if stock is None else stock)
    if plan.shortages and await free_expired(work, _short(plan, lines), lines[0].order_id):
        plan = allocate(demand, await stock_rows(work, wanted))
    await work.pause()
    counted_on = _until_expected(plan, lines, products)
    if counted_on:  # locked, so that two orders do not count on the same incoming units
        await LOCK.rows(work.connection, sorted(counted_on))
    expected = await _expected(work, counted_on)
    refuse(refusals(lines, products, plan.shortages, expected, places or {}))
    by_id = {line.id: line for line in lines}
    promised = await reserve(work, takes_of(plan, by_id))
    for line_id, missing in plan.shortages.items():
        carry_out(by_id[line_id], trade.wait, missing)
    return promised


@dataclass(frozen=True, slots=True)
class ReleasedUnits:
    """The units that an order would release before it takes more.

    Reserved units are by their stock items, backordered ones by their products.
    """

    order_id: UUID
    promised: Counter[UUID]
    waiting: Counter[UUID]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The missing units of each line, by its id, and the errors of a refusal."""

    missing: Mapping[UUID, int]
    errors: list[DomainError]


async def foresee(
    work: Work,
    lines: list[OrderLine],
    products: Products,
    *,
    stock: Sequence[StockRow] | None = None,
    places: Mapping[UUID, int] | None = None,
    given: ReleasedUnits | None = None,
) -> Foreseen:
    """The result of `promise` for the lines, without a change or a lock.

    `stock` and `places` are as there. `given` has the units that the lines' order releases first.
    """
    demand = demand_of(lines)
    order_id, promised = (given.order_id, given.promised) if given else (None, Counter[UUID]())
    wanted = {each.product_id for each in demand}
    rows = await stock_rows(work, wanted, promised) if stock is None else stock
    plan, freed = allocate(demand, rows), None
    if plan.shortages:
        freed = await once_freed(work, _short(plan, lines), order_id, promised)
    if freed:
        others = [row for row in rows if row.product_id not in freed.products]
        plan = allocate(demand, [*others, *freed.stock])
    await work.pause()
    expected = await _expected(work, _until_expected(plan, lines, products))
    if freed:
        expected.update(freed.served)  # a line served then needs no incoming units
    if given:
        expected.update(given.waiting)
    errors = refusals(lines, products, plan.shortages, expected, places or {})
    return Foreseen(plan.shortages, errors)


def demand_of(lines: Sequence[OrderLine]) -> list[Demand]:
    """The open units of the lines that can be promised."""
    return [
        Demand(line_key=line.id, product_id=line.product_id, quantity=units)
        for line in lines
        if line.product_id and (units := counts_of(line).open)
    ]


def _short(plan: Plan, lines: list[OrderLine]) -> set[UUID]:
    return {line.product_id for line in lines if line.product_id and line.id in plan.shortages}


def _until_expected(plan: Plan, lines: list[OrderLine], products: Products) -> set[UUID]:
    """The short products whose backorders are limited by incoming units."""
    short = _short(plan, lines)
    return {key for key in short if products[key].backorder is BackorderPolicy.UNTIL_EXPECTED}


def refusals(
    lines: list[OrderLine],
    products: Products,
    shortages: Mapping[UUID, int],
    expected: Counter[UUID],
    places: Mapping[UUID, int],
) -> list[DomainError]:
    """A shortage for each line that may not be backordered; uses up `expected`."""
    errors: list[DomainError] = []
    for index, line in enumerate(lines):
        missing = shortages.get(line.id, 0)
        if not missing or line.product_id is None:
            continue
        product = products[line.product_id]
        if product.backorder is BackorderPolicy.ALLOW:
            continue
        until_expected = product.backorder is BackorderPolicy.UNTIL_EXPECTED
        if until_expected and missing <= expected[product.id]:
            expected[product.id] -= missing
            continue
        errors.append(
            StockShortage(
                sku=product.sku,
                requested=counts_of(line).open,
                available=counts_of(line).open - missing,
                path=("lines", str(places.get(line.id, index)), "quantity"),
            )
        )
    return errors


async def _expected(work: Work, products: Collection[UUID]) -> Counter[UUID]:
    """Incoming units of products, less the backorders that wait for them."""
    expected: Counter[UUID] = Counter()
    if products:
        for text in (INCOMING, WAITING):
            expected.update(dict(await text.rows(work.connection, sorted(products))))
    return expected


async def incoming(work: Work, products: Collection[UUID]) -> dict[UUID, int]:
    """The incoming units of each product, without regard to backorders."""
    return dict(await INCOMING.rows(work.connection, sorted(products))) if products else {}
