"""Promising stock to order lines, and giving promises back."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tortoise.functions import Sum

from models.catalog import Product
from models.fulfillment import ShipmentLine
from models.inventory import Reservation, StockItem
from models.orders import OrderLine
from models.rules.allocation import Demand, Plan, StockRow, allocate
from models.rules.catalog import BackorderPolicy
from models.rules.errors import DomainError, Refused, StockShortage
from models.rules.inventory import MovementKind
from models.rules.shipment_states import ShipmentStatus, has_left
from services.stock import Movement, move
from services.transaction import Work


@dataclass(frozen=True, slots=True)
class Take:
    """Units of one line that come from one stock item."""

    line: OrderLine
    stock_item_id: UUID
    quantity: int


async def promise(
    work: Work,
    lines: list[OrderLine],
    products: dict[UUID, Product],
    places: Mapping[UUID, int] | None = None,
) -> list[Reservation]:
    """Take the lines' open units from stock and count them as reserved, the rest as backordered.

    The lines need not be stored yet; neither they nor the reservations are saved here. `places`
    are the lines' in the input that errors speak of, where they are not in its order.

    Raises:
        Refused: a StockShortage for each line that its product does not let wait.
        Contended: the stock that we saw was taken meanwhile.
    """
    demand = [
        Demand(line_key=line.id, product_id=line.product_id, quantity=units)
        for line in lines
        if line.product_id and (units := open_units(line))
    ]
    plan = allocate(demand, await _stock(work, {each.product_id for each in demand}))
    await _refuse_shortages(work, lines, products, plan, places or {})
    by_id = {line.id: line for line in lines}
    takes = [Take(by_id[take.line_key], take.stock_item_id, take.quantity) for take in plan.takes]
    await _reserve(work, takes)
    for take in takes:
        take.line.reserved += take.quantity
    for line_id, missing in plan.shortages.items():
        by_id[line_id].backordered += missing
    return [
        Reservation(
            order_line_id=take.line.id,
            stock_item_id=take.stock_item_id,
            quantity=take.quantity,
            created_at=work.now,
        )
        for take in takes
    ]


async def keep(work: Work, reservations: list[Reservation]) -> None:
    """Store reservations of lines that may have some already, of the same stock even."""
    lines = {each.order_line_id for each in reservations}
    rows = Reservation.filter(order_line_id__in=list(lines)).using_db(work.connection)
    known = {(each.order_line_id, each.stock_item_id): each for each in await rows}
    fresh = []
    for each in reservations:
        held = known.get((each.order_line_id, each.stock_item_id))
        if held is None:
            fresh.append(each)
            continue
        held.quantity += each.quantity
        await held.save(update_fields=["quantity"], using_db=work.connection)
    await work.insert(fresh)


def open_units(line: OrderLine) -> int:
    """Units that are neither promised, nor waiting, nor gone."""
    taken: int = line.reserved + line.backordered + line.shipped + line.cancelled
    units: int = line.quantity - taken
    return units


async def loose_units(work: Work, lines: list[OrderLine]) -> dict[UUID, dict[UUID, int]]:
    """Promised units that lie in no shipment yet: by warehouse, then by line."""
    ids = [line.id for line in lines]
    packed = await _packed_units(work, ids)
    loose: dict[UUID, dict[UUID, int]] = defaultdict(dict)
    rows = Reservation.filter(order_line_id__in=ids).using_db(work.connection)
    for reservation in await rows.select_related("stock_item"):
        place = (reservation.stock_item.warehouse_id, reservation.order_line_id)
        if (units := reservation.quantity - packed[place]) > 0:
            loose[place[0]][place[1]] = units
    return dict(loose)


async def _packed_units(work: Work, line_ids: list[UUID]) -> Counter[tuple[UUID, UUID]]:
    """Units in shipments that have not left, by warehouse and line."""
    inside = [status for status in ShipmentStatus if not_gone(status)]
    rows = ShipmentLine.filter(order_line_id__in=line_ids, shipment__status__in=inside)
    packed: Counter[tuple[UUID, UUID]] = Counter()
    for row in await rows.using_db(work.connection).select_related("shipment"):
        packed[row.shipment.warehouse_id, row.order_line_id] += row.quantity
    return packed


def not_gone(status: ShipmentStatus) -> bool:
    """Whether a shipment of this status still holds units in the warehouse."""
    return not has_left(status) and status is not ShipmentStatus.CANCELLED


async def give_back(work: Work, line: OrderLine, quantity: int, reason: str | None) -> None:
    """Release reserved units of a line that lie in no shipment. The line is not saved here."""
    packed = await _packed_units(work, [line.id])
    rows = Reservation.filter(order_line_id=line.id).using_db(work.connection)
    remaining = quantity
    for reservation in await rows.select_related("stock_item").order_by("stock_item_id"):
        loose = reservation.quantity - packed[reservation.stock_item.warehouse_id, line.id]
        units = min(remaining, loose)
        if units <= 0:
            continue
        movement = Movement(MovementKind.RELEASE, -units, reason, line.order_id, line.id)
        await move(work, reservation.stock_item_id, [movement])
        await shrink(work, reservation, units)
        remaining -= units
    line.reserved -= quantity - remaining


async def shrink(work: Work, reservation: Reservation, units: int) -> None:
    """Take units off a reservation; one that holds none any more is deleted."""
    if units == reservation.quantity:
        await reservation.delete(using_db=work.connection)
        return
    reservation.quantity -= units
    await reservation.save(update_fields=["quantity"], using_db=work.connection)


async def _stock(work: Work, products: Iterable[UUID]) -> list[StockRow]:
    items = (
        await StockItem.filter(product_id__in=list(products))
        .using_db(work.connection)
        .select_related("warehouse")
    )
    return [
        StockRow(
            stock_item_id=item.id,
            product_id=item.product_id,
            warehouse_id=item.warehouse_id,
            priority=item.warehouse.priority,
            available=max(item.balance.available, 0),
        )
        for item in items
    ]


async def _reserve(work: Work, takes: list[Take]) -> None:
    """Change the stock items, each once and in the order of their ids, so that nobody deadlocks."""
    by_item: dict[UUID, list[Movement]] = defaultdict(list)
    for take in takes:
        by_item[take.stock_item_id].append(
            Movement(
                MovementKind.RESERVE,
                take.quantity,
                order_id=take.line.order_id,
                order_line_id=take.line.id,
            )
        )
    for stock_item_id in sorted(by_item):
        await move(work, stock_item_id, by_item[stock_item_id], promise=True)


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
