"""Orders as wholes: with their lines and shipments, wherever in the files those stand."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from models.rules.errors import ErrorCode
from models.rules.money import MAX_MINOR, to_minor
from models.rules.pricing import LinePrice, price_line, total
from models.rules.shipment_states import ShipmentStatus, has_left
from services import policy
from services.imports.checking import Case
from services.imports.records import Kind, LineRow, OrderRow, ShipmentRow
from services.imports.report import Problem
from services.imports.spool import Kept, Spool, State

BATCH: Final = 200

Reason = tuple[ErrorCode, str]


@dataclass(frozen=True, slots=True)
class Whole:
    """An order with its lines, and its shipments by key; `shared` are those of several orders."""

    key: str
    order: OrderRow
    lines: list[LineRow]
    shipments: dict[str, ShipmentRow]
    shared: frozenset[str]

    def carried(self, shipment: str) -> list[int]:
        """Which of the lines a shipment carries: those that name it, or else all."""
        naming = [index for index, line in enumerate(self.lines) if line.shipment == shipment]
        return naming or list(range(len(self.lines)))


def price(line: LineRow, currency: str) -> LinePrice:
    """What a line's totals follow from.

    Raises:
        ValueError: its price is finer than the currency, or too large.
    """
    return LinePrice(
        quantity=line.quantity,
        unit_price_minor=to_minor(line.unit_price, currency),
        price_quantity=line.price_quantity,
        discount_rate=line.discount_rate,
        tax_rate=line.tax_rate,
    )


def whole(spool: Spool, kept: Kept) -> Whole:
    """The order of that row, with its lines and shipments."""
    lines = spool.owned(Kind.LINE, kept.key)
    shipments = list(_shipments(spool, kept, lines))
    return Whole(
        key=kept.key,
        order=OrderRow.model_validate_json(kept.payload or ""),
        lines=[LineRow.model_validate_json(row.payload or "") for row in lines],
        shipments={
            row.key: ShipmentRow.model_validate_json(row.payload or "") for row in shipments
        },
        shared=frozenset(row.key for row in shipments if len(orders_of(spool, row)) > 1),
    )


def _shipments(spool: Spool, order: Kept, lines: list[Kept]) -> Iterator[Kept]:
    """Those that name the order and those that its lines name, each once."""
    owned = spool.owned(Kind.SHIPMENT, order.key)
    yield from owned
    known = {row.key for row in owned}
    for key in dict.fromkeys(line.carrier for line in lines if line.carrier):
        found = spool.find(Kind.SHIPMENT, key)
        if found is not None and key not in known:
            yield found


async def check_orders(case: Case) -> None:
    """Reject orders that are not whole, with their lines and shipments.

    An order comes whole or not at all: without one of its lines its sums would be wrong.
    """
    done, everything = 0, case.spool.count(Kind.ORDER, State.NEW)
    for batch in case.spool.batches(Kind.ORDER, BATCH, State.NEW):
        for kept in batch:
            reason = _objection(case, kept)
            if reason is not None:
                _reject_whole(case, kept, reason)
        done += len(batch)
        case.progress("checking orders", done, everything)
        await asyncio.sleep(0)  # whatever else this process does may go on


def _objection(case: Case, kept: Kept) -> Reason | None:
    """Why the order cannot come as a whole."""
    lines = case.spool.owned(Kind.LINE, kept.key)
    if not lines:
        return ErrorCode.REQUIRED, "no row is a line of it"
    most = policy.current().max_order_lines
    if len(lines) > most:
        return ErrorCode.LIMIT_EXCEEDED, f"it has {len(lines)} lines; {most} are possible"
    shipments = case.spool.owned(Kind.SHIPMENT, kept.key)
    for row in (*lines, *shipments):
        if row.state is State.REJECTED:
            return ErrorCode.INVALID, f"its {row.kind} was rejected ({case.where(row)})"
    return _unclear(lines, shipments) or _impossible(case, kept, lines)


def _unclear(lines: list[Kept], shipments: list[Kept]) -> Reason | None:
    """Without lines that name it, a shipment holds all; then there can be no other."""
    named = {line.carrier for line in lines if line.carrier}
    vague = [row.key for row in shipments if row.key not in named]
    if vague and (named or len(shipments) > 1):
        reason = f"no line says what is in shipment {vague[0]}, which is not the only one"
        return ErrorCode.INVALID, reason
    return None


def _impossible(case: Case, kept: Kept, lines: list[Kept]) -> Reason | None:
    """What is wrong with its amounts, or with a shipment that is of another order."""
    found = whole(case.spool, kept)
    for key, shipment in found.shipments.items():
        if shipment.order not in (None, kept.key):
            reason = f"its line names shipment {key}, which is of order {shipment.order}"
            return ErrorCode.INVALID, reason
    prices = []
    for row, line in zip(lines, found.lines, strict=True):
        try:
            prices.append(price_line(price(line, found.order.currency)))
        except ValueError as error:
            case.reject(row, ErrorCode.INVALID, str(error))
            return ErrorCode.INVALID, f"its line was rejected ({case.where(row)})"
    try:
        sums = total(prices, *shipping_minor(found.order))
    except ValueError as error:
        return ErrorCode.INVALID, str(error)
    if sums.total_gross_minor > MAX_MINOR:
        return ErrorCode.INVALID, "it comes to more than can be kept"
    return None


def shipping_minor(order: OrderRow) -> tuple[int, int]:
    """Shipping before tax and its tax, in minor units.

    Raises:
        ValueError: finer than the order's currency, or too large.
    """
    net_minor = to_minor(order.shipping, order.currency)
    return net_minor, to_minor(order.shipping_tax, order.currency)


def _reject_whole(case: Case, kept: Kept, reason: Reason) -> None:
    case.reject(kept, *reason)
    message = f"order {kept.key} was rejected ({case.where(kept)})"
    for kind in (Kind.SHIPMENT, Kind.LINE):
        for row in case.spool.owned(kind, kept.key):
            if row.state is State.NEW:
                case.reject(row, ErrorCode.NOT_FOUND, message)


async def check_shipments(case: Case) -> None:
    """Reject shipments of nothing, warn of those that are left out, and count the others.

    What has not left would hold promised stock. Nothing is promised to imported orders until they
    are prepared here, which makes the shipment anew.
    """
    for batch in case.spool.batches(Kind.SHIPMENT, BATCH, State.NEW):
        for kept in batch:
            count = case.report.count(Kind.SHIPMENT)
            lines, orders = case.spool.carried(kept.key), orders_of(case.spool, kept)
            new = [order for order in orders if order.state is State.NEW]
            if not orders and any(line.state is State.PRESENT for line in lines):
                count.unchanged += 1
            elif not orders:
                reason = "no line of an order names this shipment"
                case.reject(kept, ErrorCode.NOT_FOUND, reason)
            elif all(order.state is State.REJECTED for order in orders):
                case.reject(kept, ErrorCode.NOT_FOUND, "its order was rejected")
            elif not new:
                count.unchanged += 1
            elif is_kept(ShipmentRow.model_validate_json(kept.payload or "")):
                count.new += len(new)
            else:
                _warn(case, kept)
        await asyncio.sleep(0)


def is_kept(shipment: ShipmentRow) -> bool:
    """Whether the shipment itself is imported: not one that still lies in the warehouse."""
    return has_left(shipment.status) or shipment.status is ShipmentStatus.CANCELLED


def orders_of(spool: Spool, kept: Kept) -> list[Kept]:
    """The orders of the files that a shipment serves."""
    keys = {line.owner: None for line in spool.carried(kept.key)}
    if kept.owner is not None:
        keys[kept.owner] = None
    found = (spool.find(Kind.ORDER, key) for key in keys if key)
    return [order for order in found if order]


def _warn(case: Case, kept: Kept) -> None:
    file = case.mapping.sources[kept.source].name
    reason = "has not left and is left out; preparing an open order makes its shipments anew"
    case.report.warnings.append(Problem(file, kept.line, None, ErrorCode.INVALID, reason))
