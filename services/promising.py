"""Promising stock to the lines of an order, or refusing it for what is short."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from tortoise.functions import Sum

from models.catalog import Product
from models.inventory import StockItem
from models.orders import OrderLine
from models.rules.allocation import Demand, Plan, StockRow, allocate
from models.rules.catalog import BackorderPolicy
from models.rules.errors import DomainError, Refused, StockShortage
from services.reserving import Promised, open_units, reserve, stock_rows, takes_of
from services.transaction import Work
from services.waiting import free_expired


async def promise(
    work: Work,
    lines: list[OrderLine],
    products: dict[UUID, Product],
    *,
    stock: Sequence[StockRow] | None = None,
    places: Mapping[UUID, int] | None = None,
) -> Promised:
    """Take the lines' open units from stock and count them as reserved, the rest as backordered.

    The lines need not be stored yet; neither they nor the reservations are saved here. `stock` is
    that of the products, where the caller has just read it. `places` are the lines' in the input
    that errors speak of, where they are not in its order.

    Raises:
        Refused: a StockShortage for each line that its product does not let wait.
        Contended: the stock that we saw was taken meanwhile.
    """
    demand = [
        Demand(line_key=line.id, product_id=line.product_id, quantity=units)
        for line in lines
        if line.product_id and (units := open_units(line))
    ]
    wanted = {each.product_id for each in demand}
    plan = allocate(demand, await stock_rows(work, wanted) if stock is None else stock)
    if plan.shortages and await free_expired(work, _short(plan, lines), lines[0].order_id):
        plan = allocate(demand, await stock_rows(work, wanted))
    await _refuse_shortages(work, lines, products, plan, places or {})
    by_id = {line.id: line for line in lines}
    promised = await reserve(work, takes_of(plan, by_id))
    for line_id, missing in plan.shortages.items():
        by_id[line_id].backordered += missing
    return promised


def _short(plan: Plan, lines: list[OrderLine]) -> set[UUID]:
    return {line.product_id for line in lines if line.product_id and line.id in plan.shortages}


async def _refuse_shortages(
    work: Work,
    lines: list[OrderLine],
    products: dict[UUID, Product],
    plan: Plan,
    places: Mapping[UUID, int],
) -> None:
    expected: dict[UUID, int] = {}
    errors: list[DomainError] = []
    for index, line in enumerate(lines):
        missing = plan.shortages.get(line.id, 0)
        if not missing or line.product_id is None:
            continue
        product = products[line.product_id]
        if product.backorder is BackorderPolicy.ALLOW:
            continue
        if product.backorder is BackorderPolicy.UNTIL_EXPECTED:
            if product.id not in expected:
                expected[product.id] = await _expected(work, product)
            if missing <= expected[product.id]:
                expected[product.id] -= missing
                continue
        errors.append(
            StockShortage(
                sku=line.sku,
                requested=open_units(line),
                available=open_units(line) - missing,
                path=("lines", str(places.get(line.id, index)), "quantity"),
            )
        )
    if errors:
        raise Refused(errors)


async def _expected(work: Work, product: Product) -> int:
    """Incoming units of a product that no backorder waits for yet.

    The product's row is locked, so that two orders do not count on the same units.
    """
    await Product.filter(id=product.id).using_db(work.connection).select_for_update().first()
    items = await StockItem.filter(product_id=product.id).using_db(work.connection)
    waiting: list[dict[str, Any]] = (
        await OrderLine.filter(product_id=product.id, backordered__gt=0)
        .using_db(work.connection)
        .annotate(units=Sum("backordered"))
        .values("units")
    )
    incoming: int = sum(item.incoming for item in items)
    return incoming - int(waiting[0]["units"] or 0)
