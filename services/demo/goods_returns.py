"""Returns of the demo's orders: announced, rejected or cancelled, or received and put away."""

from collections.abc import Iterator
from uuid import UUID

from models.rules.numbering import NumberKind
from models.rules.order_states import OrderAction
from models.rules.return_states import (
    MOVEMENTS,
    RETURN_TABLE,
    Disposition,
    ReturnAction,
    ReturnUnits,
)
from services.aggregates import order_status, returns
from services.demo.case import Case, GoodsReturn
from services.demo.office import SUPPORT, WAREHOUSE


def request_return(case: Case, share: float, reason: str) -> GoodsReturn:
    """Announces a share of the delivered units as a return."""
    units = [
        ReturnUnits(line.id, max(1, int(line.delivered * share)))
        for line in case.lines
        if line.delivered
    ]
    units = units if share == 1 else units[:1]
    number = case.office.number_in(case.order, NumberKind.RETURN, len(case.goods_returns))
    with case.changed(SUPPORT):
        order_status.step(case.order, OrderAction.RETURN)
        request, rows = returns.announced(case.office.work, case.order, number, units, reason)
        goods_return = GoodsReturn(request, {row.order_line_id: row for row in rows})
        case.goods_returns.append(goods_return)
        case.papers += [request, *rows]
    return goods_return


def conclude(case: Case, goods_return: GoodsReturn, action: ReturnAction) -> None:
    """Rejects or cancels a return without received units."""
    request, rows = goods_return.request, goods_return.lines.values()
    with case.changed(SUPPORT):
        request.status = RETURN_TABLE.next(request.status, action)
        request.version += 1
        request.updated_at = case.office.work.now
        units = [ReturnUnits(row.order_line_id, row.quantity) for row in rows]
        returns.record_return(case.office.work, request, case.order, units)


def receive(case: Case, goods_return: GoodsReturn, *, partly: bool = False) -> None:
    """Receives units of a return: restocked, quarantined or scrapped."""
    kinds = ((Disposition.RESTOCK, 7), (Disposition.QUARANTINE, 2), (Disposition.SCRAP, 1))
    units = []
    for row in goods_return.lines.values():
        awaited = row.quantity - row.received
        some = max(1, awaited // 2) if partly else awaited
        units.append(ReturnUnits(row.order_line_id, some, case.office.dice.weighted(kinds)))
    with case.changed(WAREHOUSE):
        parts = [part for each in units for part in _places(case, each)]
        case.stockroom.apply(returns.taken_back(goods_return.request, parts, case.by_id))
        returns.receive(
            case.office.work, goods_return.request, case.order, units, goods_return.lines
        )


def _places(case: Case, units: ReturnUnits) -> Iterator[tuple[ReturnUnits, int, UUID | None]]:
    """The stock items for the units: in the warehouses that they left."""
    if units.disposition is None or not MOVEMENTS[units.disposition]:
        yield units, units.quantity, None
        return
    items = case.stockroom.by_product[case.by_id[units.line_id].product_id]
    item_ids = {item.warehouse_id: item.id for item in items}
    for warehouse_id, some in case.homes.take(units.line_id, None, units.quantity):
        yield units, some, item_ids[warehouse_id]
