"""Returns: announced, then received."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from models.fulfillment import Return, ReturnLine
from models.inventory import StockItem
from models.orders import Order, OrderLine
from models.rules.access import Permission
from models.rules.errors import (
    DomainError,
    IllegalTransition,
    InputError,
    invalid,
    not_found,
    refuse,
    required,
)
from models.rules.inventory import MAX_QUANTITY
from models.rules.numbering import NumberKind
from models.rules.order_states import OrderAction, order_actions
from models.rules.return_states import (
    AWAITED,
    MOVEMENTS,
    ReturnUnits,
    returnable_units,
)
from services.aggregates import order_status
from services.aggregates.lines import lines_of
from services.aggregates.lots.places import Part, parts_of
from services.aggregates.lots.returned import check_announced, check_back, take_back
from services.aggregates.orders import (
    announced_of,
    check_version,
    facts,
    lock_order,
    not_possible,
    settle,
    situation,
)
from services.aggregates.returns import announced, receive, taken_back
from services.aggregates.stock import Place, items_at, move_all
from services.storage.statements import Query
from services.storage.updates import update
from services.use_case import use_case
from services.work import numbering
from services.work.upserts import text
from services.work.work import Contended, Work

MAX_REASON: Final = 1_000
OF_RETURN: Final = Query(  # unscoped: lines of a return that the actor sees
    ReturnLine, "SELECT {columns} FROM return_line WHERE return_request_id = ?"
)


@dataclass(frozen=True)
class RequestReturn:
    """The units that a customer returns, with the reason. A line may occur several times."""

    order_id: UUID
    lines: tuple[ReturnUnits, ...]
    reason: str


@dataclass(frozen=True)
class ReceiveReturn:
    """The received units of a return; a line once for each disposition.

    They are put into the given warehouse, otherwise into those that they left from.
    """

    return_id: UUID
    version: int
    lines: tuple[ReturnUnits, ...]
    warehouse_id: UUID | None = None


@use_case(Permission.ORDERS_WRITE)
async def request_return(work: Work, command: RequestReturn) -> Order:
    """The order, with a new return. Neither stock nor money changes yet.

    Raises:
        Refused: every reason at once: an unknown order or line, more units than have left and are
            neither back nor announced, a disposition, no reason; lots or serial numbers that were
            not shipped, or that another return awaits.
        IllegalTransition: no unit of the order can be returned.
    """
    order = await lock_order(work, command.order_id, "orderId")
    lines = await lines_of(work, order)
    awaited = await announced_of(work, order)
    if OrderAction.RETURN not in order_actions(situation(order, lines, awaited.total())):
        raise await not_possible(work, order, lines, OrderAction.RETURN)
    returnable = {
        line.id: returnable_units(line.shipped, line.returned, awaited[line.id]) for line in lines
    }
    refuse([*_check_lines(work, command.lines, returnable, "order"), *_check_request(command)])
    await check_announced(work, order, command.lines, {line.id: line for line in lines})
    before = facts(order)
    # unscoped: the order's returns are counted for the number of the next
    earlier = await Return.filter(order_id=order.id).using_db(work.connection).count()
    number = await numbering.of_order(work, NumberKind.RETURN, order, earlier)
    reason = text(command.reason, "reason", MAX_REASON)
    request, rows = announced(work, order, number, command.lines, reason)
    order_status.step(order, OrderAction.RETURN)
    await work.insert([request], rows)
    await settle(work, order, lines, before)
    return order


@use_case(Permission.SHIPMENTS_WRITE)
async def receive_return(work: Work, command: ReceiveReturn) -> Order:
    """The order, after units of a return were received, all or some.

    Restocked and quarantined units are on hand in the given warehouse, otherwise in those that they
    left from: see `parts_of`. Scrapped units never enter the stock.

    Raises:
        Refused: every reason at once: an unknown return, line or warehouse, more units than are
            awaited, a missing disposition, more units than a stock item can hold; lots or serial
            numbers that are missing or were not shipped.
        VersionConflict: the return has changed since the caller read it.
        IllegalTransition: the return awaits no units.
    """
    found = await work.rows(Return).get_or_none(id=command.return_id)
    if found is None:
        raise not_found("There is no such return.", "id")
    order = await lock_order(work, found.order_id)
    request = await work.rows(Return).get(id=found.id)
    check_version(request, command.version)
    if request.status not in AWAITED:
        raise IllegalTransition(request, "RECEIVE", request.status, ())
    rows = await OF_RETURN.rows(work.connection, request.id)
    expected = {row.order_line_id: row for row in rows}
    lines = {line.id: line for line in await lines_of(work, order)}
    awaited = {line_id: row.quantity - row.received for line_id, row in expected.items()}
    refuse(
        [
            *_check_lines(work, command.lines, awaited, "return"),
            *_check_dispositions(command, lines),
        ]
    )
    before = facts(order)
    await work.pause()
    products = await check_back(work, command.lines, lines)
    parts = await parts_of(work, order, command.lines, command.warehouse_id)
    places = await _put_away(work, request, command.lines, parts, lines)
    await take_back(work, request, command.lines, lines, products, parts, places)
    receive(work, request, order, command.lines, expected, command.warehouse_id)
    await work.pause()
    touched = {each.line_id: expected[each.line_id] for each in command.lines}
    await update(work.connection, [*touched.values()], ("received", "disposition"))
    await request.save(using_db=work.connection)
    await settle(work, order, list(lines.values()), before)
    return order


def _check_lines(
    work: Work, lines: Sequence[ReturnUnits], possible: dict[UUID, int], whose: str
) -> Iterator[DomainError]:
    """The errors of the units; `possible` has the most units of each line."""
    limit = work.policy.max_order_lines
    if not 1 <= len(lines) <= limit:
        yield invalid(f"A return has 1 to {limit} lines.", "lines")
        return
    left = dict(possible)
    for index, each in enumerate(lines):
        path = ("lines", str(index))
        if each.line_id not in left:
            yield not_found(f"The {whose} has no such line.", *path, "lineId")
        elif not 1 <= each.quantity <= left[each.line_id]:
            message = f"{left[each.line_id]} units of this line can come back."
            yield invalid(message, *path, "quantity")
        else:
            left[each.line_id] -= each.quantity


def _check_request(command: RequestReturn) -> Iterator[DomainError]:
    for index, each in enumerate(command.lines):
        if each.disposition is not None:
            message = "What becomes of units is said when they are here."
            yield invalid(message, "lines", str(index), "disposition")
    try:
        text(command.reason, "reason", MAX_REASON)
    except InputError as error:
        yield error


def _check_dispositions(
    command: ReceiveReturn, lines: dict[UUID, OrderLine]
) -> Iterator[DomainError]:
    for index, each in enumerate(command.lines):
        path = ("lines", str(index), "disposition")
        line = lines.get(each.line_id)
        if each.disposition is None:
            yield required("What becomes of them?", *path)
        elif line and line.product_id is None and MOVEMENTS[each.disposition]:
            yield invalid("A line without a product has no place in stock.", *path)


async def _put_away(
    work: Work,
    request: Return,
    units: Sequence[ReturnUnits],
    parts: Mapping[Part, int],
    lines: dict[UUID, OrderLine],
) -> dict[Place, StockItem]:
    """Counts the received units on their lines and puts them into stock, each item once.

    Returns the stock items, by product and warehouse.
    """
    sums: Counter[tuple[int, Place | None]] = Counter()
    for part, quantity in parts.items():
        product_id = lines[units[part.index].line_id].product_id
        place = (product_id, part.warehouse_id) if product_id and part.warehouse_id else None
        sums[part.index, place] += quantity
    await work.pause()
    items = await items_at(work, {place for _, place in sums if place})
    movements = taken_back(
        request,
        (
            (units[index], quantity, items[place].id if place else None)
            for (index, place), quantity in sums.items()
        ),
        lines,
    )
    await work.pause()
    try:
        await move_all(work, movements)
    except Contended:
        # More units break no promise: only the counter's limit can refuse them.
        raise invalid(f"At most {MAX_QUANTITY} on hand.", "lines") from None
    return items
