"""Lines that wait for stock, and drafts that hold some: whoever waits longest is served first."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from models.inventory import Reservation
from models.orders import Order, OrderLine
from models.rules.access import SYSTEM
from models.rules.allocation import Demand, allocate
from models.rules.delays import OPEN
from services import clock
from services.fulfillment import COUNTS
from services.orders import facts_with_stock, lines_of, settle
from services.reserving import keep, release, reserve, stock_rows, takes_of
from services.transaction import Work, run

BATCH: Final = 100
"""Orders that are looked at before stock is looked at again."""


async def serve(work: Work, apart_from: UUID | None = None) -> None:
    """Promise stock that became free in this transaction to the lines that wait for it.

    Orders are served in the order in which they were placed, as far as the stock goes; each is told
    by an event. The lines' orders are locked. The order `apart_from` is left out.
    """
    while work.freed:
        product_id = min(work.freed)
        work.freed.discard(product_id)
        while await _serve_some(work, product_id, apart_from):
            pass


async def _serve_some(work: Work, product_id: UUID, apart_from: UUID | None) -> bool:
    """Serve the first orders that wait for a product; whether others may be served as well."""
    available = sum(row.available for row in await stock_rows(work, [product_id]))
    if not available:
        return False
    waiting = OrderLine.filter(
        product_id=product_id, backordered__gt=0, order__status__in=OPEN
    ).using_db(work.connection)
    if apart_from is not None:
        waiting = waiting.exclude(order_id=apart_from)
    first = waiting.order_by("order__sorted_at", "order_id", "position").limit(BATCH)
    found: list[Any] = list(await first.values_list("order_id", flat=True))
    orders = list(dict.fromkeys(found))
    for order_id in orders:
        if available <= 0:
            return False
        available -= await _serve_order(work, order_id, product_id)
    return len(orders) > 0 and available > 0


async def _serve_order(work: Work, order_id: UUID, product_id: UUID) -> int:
    """Promise what there is to an order's lines of a product; how many units."""
    order = await _locked(work, order_id)
    before = await facts_with_stock(work, order)
    lines = await lines_of(work, order)
    waiting = {
        line.id: line for line in lines if line.product_id == product_id and line.backordered
    }
    demand = [Demand(key, product_id, line.backordered) for key, line in waiting.items()]
    takes = takes_of(allocate(demand, await stock_rows(work, [product_id])), waiting)
    for take in takes:
        take.line.backordered -= take.quantity
    await keep(work, (await reserve(work, takes)).reservations)
    for line in {take.line.id: take.line for take in takes}.values():
        await line.save(update_fields=COUNTS, using_db=work.connection)
    served = sum(take.quantity for take in takes)
    if served:
        await settle(work, order, lines, before, data={"served": served})
        work.served.add(order_id)
    return served


async def free_expired(work: Work, products: Iterable[UUID], apart_from: UUID) -> bool:
    """Free what drafts held of the products for a time that is over, and serve who waits for it.

    Whether any was freed. The order `apart_from` is the one that stock is looked for: as it is
    under way, it keeps what it holds, and is served with all others before the commit. So is who
    waits for what it has given back: it may want that itself.
    """
    expired = Reservation.filter(
        expires_at__lte=work.now, stock_item__product_id__in=list(products)
    ).using_db(work.connection)
    others = expired.exclude(order_line__order_id=apart_from)
    orders: set[Any] = {*await others.values_list("order_line__order_id", flat=True)}
    given_back, work.freed = work.freed, set()
    for order_id in sorted(orders):
        await _free(work, await _locked(work, order_id))
    freed = set(work.freed)
    await serve(work, apart_from)
    work.freed = given_back | freed
    return bool(orders)


async def sweep_expired(now: datetime | None = None, limit: int = BATCH) -> int:
    """Free what drafts held for a time that is over, each in a transaction; how many drafts."""
    due = Reservation.filter(expires_at__lte=now or clock.now()).order_by("expires_at").limit(limit)
    found: list[Any] = list(await due.values_list("order_line__order_id", flat=True))
    orders = list(dict.fromkeys(found))
    for order_id in orders:

        async def free(work: Work, key: UUID = order_id) -> None:
            await _free(work, await _locked(work, key))

        await run(SYSTEM, free)
    return len(orders)


async def _free(work: Work, order: Order) -> None:
    lines = await lines_of(work, order)
    expired = Reservation.filter(
        expires_at__lte=work.now, order_line_id__in=[line.id for line in lines]
    ).using_db(work.connection)
    by_id = {line.id: line for line in lines}
    before = await facts_with_stock(work, order)
    freed = 0
    for reservation in await expired.order_by("stock_item_id"):
        line = by_id[reservation.order_line_id]
        units = reservation.quantity
        await release(work, line, reservation, units, "expired")
        await line.save(update_fields=COUNTS, using_db=work.connection)
        freed += units
    if freed:
        await settle(work, order, lines, before, data={"expired": freed})


async def _locked(work: Work, order_id: UUID) -> Order:
    """The order, whoever may see it: stock is owed to it by the company."""
    return await Order.filter(id=order_id).using_db(work.connection).select_for_update().get()
