"""Returns: announced, received and recorded; the disposition of their units."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from uuid import UUID

from models.fulfillment import Return, ReturnLine
from models.orders import Order, OrderLine
from models.rules import units as trade
from models.rules.events import EventKind
from models.rules.inventory import Movement
from models.rules.return_states import ReturnState, ReturnUnits, after_receipt
from services.aggregates.lines import carry_out
from services.aggregates.orders import facts
from services.storage.rows import fresh
from services.work.events import record
from services.work.work import Work


def announced(
    work: Work, order: Order, number: str, units: Sequence[ReturnUnits], reason: str
) -> tuple[Return, list[ReturnLine]]:
    """A return whose units are announced, with a row for each line, however often it is named.

    Nothing is saved here.
    """
    request = fresh(
        Return,
        number=number,
        order_id=order.id,
        status=ReturnState.REQUESTED,
        reason=reason,
        created_at=work.now,
        updated_at=work.now,
    )
    record_return(work, request, order, units)
    quantities: Counter[UUID] = Counter()
    named: dict[UUID, Counter[str]] = defaultdict(Counter)
    for each in units:
        quantities[each.line_id] += each.quantity
        for unit in each.units or ():
            named[each.line_id][unit.exact_code] += unit.quantity
    return request, [
        fresh(
            ReturnLine,
            return_request_id=request.id,
            order_line_id=line_id,
            quantity=quantity,
            announced=named.get(line_id),
        )
        for line_id, quantity in quantities.items()
    ]


def taken_back(
    request: Return,
    parts: Iterable[tuple[ReturnUnits, int, UUID | None]],
    lines: Mapping[UUID, OrderLine],
) -> dict[UUID, list[Movement]]:
    """Counts received parts on the order's lines; the movements, by stock item.

    A part is a quantity of some units with its stock item, None for units that are scrapped. The
    lines are not saved here.
    """
    movements: dict[UUID, list[Movement]] = defaultdict(list)
    for each, quantity, item_id in parts:
        if each.disposition is None:
            raise ValueError("what has come has a disposition")
        rule = partial(trade.take_back, disposition=each.disposition)
        moved = carry_out(lines[each.line_id], rule, quantity, request.number)
        if item_id:
            movements[item_id] += moved
    return movements


def receive(
    work: Work,
    request: Return,
    order: Order,
    units: Sequence[ReturnUnits],
    expected: Mapping[UUID, ReturnLine],
    warehouse_id: UUID | None = None,
) -> None:
    """Counts received units on the return's lines, which are by order line; records the event.

    Nothing is saved here.

    Raises:
        NotAllowed: the return awaits no units.
    """
    for each in units:
        row = expected[each.line_id]
        row.received += each.quantity
        row.disposition = each.disposition or row.disposition
    units_left = sum(row.quantity - row.received for row in expected.values())
    request.status = after_receipt(request.status, units_left)
    request.version += 1
    request.updated_at = work.now
    record_return(work, request, order, units, warehouse_id)


def record_return(
    work: Work,
    request: Return,
    order: Order,
    units: Sequence[ReturnUnits],
    warehouse_id: UUID | None = None,
) -> None:
    """Records the return's state and units, for the order's timeline."""
    lines = [
        {"lineId": each.line_id.hex, "quantity": each.quantity}
        | ({"disposition": each.disposition.value} if each.disposition else {})
        | ({"units": [named.exact_code for named in each.units]} if each.units else {})
        for each in units
    ]
    record(
        work,
        request,
        EventKind.RETURN_UPDATED,
        order=order,
        data={"status": request.status, "number": request.number, "lines": lines}
        | ({"warehouseId": warehouse_id.hex} if warehouse_id else {}),
        after=facts(order),
    )
