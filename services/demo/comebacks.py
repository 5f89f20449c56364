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
from services.demo.case import Case, Comeback
from services.demo.office import SUPPORT, WAREHOUSE


def request_return(case: Case, share: float, reason: str) -> Comeback:
    """Announces a share of the delivered units as a return."""
    units = [
        ReturnUnits(line.id, max(1, int(line.delivered * share)))
        for line in case.lines
        if line.delivered
    ]
    units = units if share == 1 else units[:1]
    number = case.office.number_in(case.order, NumberKind.RETURN, len(case.comebacks))
    with case.changed(SUPPORT):
        order_status.step(case.order, OrderAction.RETURN)
        request, rows = returns.announced(case.office.work, case.order, number, units, reason)
        comeback = Comeback(request, {row.order_line_id: row for row in rows})
        case.comebacks.append(comeback)
        case.papers += [request, *rows]
    return comeback


def conclude(case: Case, comeback: Comeback, action: ReturnAction) -> None:
    """Rejects or cancels a return without received units."""
    request, rows = comeback.request, comeback.lines.values()
    with case.changed(SUPPORT):
        request.status = RETURN_TABLE.next(request.status, action)
        request.version += 1
        request.updated_at = case.office.work.now
        units = [ReturnUnits(row.order_line_id, row.quantity) for row in rows]
        returns.record_return(case.office.work, request, case.order, units)


def receive(case: Case, comeback: Comeback, *, partly: bool = False) -> None:
    """Receives units of a return: restocked, quarantined or scrapped."""
    kinds = ((Disposition.RESTOCK, 7), (Disposition.QUARANTINE, 2), (Disposition.SCRAP, 1))
    units = []
    for row in comeback.lines.values():
        awaited = row.quantity - row.received
        some = max(1, awaited // 2) if partly else awaited
        units.append(ReturnUnits(row.order_line_id, some, case.office.dice.weighted(kinds)))
    with case.changed(WAREHOUSE):
        parts = [part for each in units for part in _places(case, each)]
        case.stockroom.apply(returns.taken_back(comeback.request, parts, case.by_id))
        returns.receive(case.office.work, comeback.request, case.order, units, comeback.lines)


def _places(case: Case, units: ReturnUnits) -> Iterator[tuple[ReturnUnits, int, UUID | None]]:
    """The stock items for the units: in the warehouses that they left."""
    if units.disposition is None or not MOVEMENTS[units.disposition]:
        yield units, units.quantity, None
        return
    items = case.stockroom.by_product[case.by_id[units.line_id].product_id]
    there = {item.warehouse_id: item.id for item in items}
    for warehouse_id, some in case.homes.take(units.line_id, None, units.quantity):
        yield units, some, there[warehouse_id]
