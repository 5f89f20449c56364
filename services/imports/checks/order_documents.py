"""Order documents: orders with their lines and shipments, from anywhere in the files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from models.rules.errors import ErrorCode
from models.rules.freight import NONE
from models.rules.money import Rounding, to_minor
from models.rules.pricing import RATE_PLACES, LinePrice, price_line, shortest, total
from models.rules.shipment_states import ShipmentStatus, has_left
from services.aggregates.amounts import has_storable_worth
from services.imports.checks import known
from services.imports.checks.first_pass import Case, shape
from services.imports.checks.rates import rates_of_rows
from services.imports.checks.staging import StagedRow, Staging, State, batched
from services.imports.files.records import (
    Kind,
    LineRow,
    OrderRow,
    ShipmentRow,
    exactly,
)
from services.imports.files.report import Outcome

BATCH: Final = 200
GATHERED: Final = 25
LEFT_OUT: Final = "has not left and is left out; preparing an open order makes its shipments anew"

Reason = tuple[ErrorCode, str]
Rates = Mapping[tuple[str, date], Decimal]


@dataclass(frozen=True, slots=True)
class OrderDocument:
    """An order with its lines, and its shipments by key; `shared` are those of several orders."""

    key: str
    order: OrderRow
    lines: list[LineRow]
    shipments: dict[str, ShipmentRow]
    shared: frozenset[str]

    def carried(self, shipment: str) -> list[int]:
        """The places of a shipment's lines: those that name it, otherwise all."""
        naming = [index for index, line in enumerate(self.lines) if line.shipment == shipment]
        return naming or list(range(len(self.lines)))


def price(line: LineRow, currency: str, rounding: Rounding) -> LinePrice:
    """The price inputs of a line.

    Raises:
        ValueError: its price has too many decimals, or is too large.
    """
    price_minor, per = exactly("unit_price", line.unit_price, line.price_quantity, currency)
    return LinePrice(
        quantity=line.quantity,
        unit_price_minor=price_minor,
        price_quantity=per,
        discount_rate=line.discount_rate,
        tax_rate=line.tax_rate,
        rounding=rounding,
    )


@dataclass(frozen=True, slots=True)
class Parts:
    """The rows of an order: its own, its lines, its shipments, and others that its lines name."""

    order: StagedRow
    lines: list[StagedRow]
    owned: list[StagedRow]
    named: list[StagedRow]

    @property
    def shipments(self) -> list[StagedRow]:
        return self.owned + self.named

    @property
    def rows(self) -> list[StagedRow]:
        return [self.order, *self.lines, *self.shipments]


def gather(staging: Staging, orders: list[StagedRow]) -> Iterator[Parts]:
    """The orders of those rows with their parts, read in small batches: each may have many."""
    for some in batched(orders, GATHERED):
        keys = [order.key for order in some]
        lines = staging.owned(Kind.LINE, keys)
        owned = staging.owned(Kind.SHIPMENT, keys)
        carriers = {line.carrier for each in lines.values() for line in each if line.carrier}
        named = staging.find_all(Kind.SHIPMENT, carriers)
        for order in some:
            own = {row.key for row in owned[order.key]}
            asked = dict.fromkeys(line.carrier for line in lines[order.key] if line.carrier)
            others = [named[key] for key in asked if key in named and key not in own]
            yield Parts(order, lines[order.key], owned[order.key], others)


def order_document(staging: Staging, parts: Parts) -> OrderDocument:
    """The order document of those rows."""
    shipments = parts.shipments
    return OrderDocument(
        key=parts.order.key,
        order=OrderRow.model_validate_json(parts.order.payload or ""),
        lines=[LineRow.model_validate_json(row.payload or "") for row in parts.lines],
        shipments={
            row.key: ShipmentRow.model_validate_json(row.payload or "") for row in shipments
        },
        shared=frozenset(row.key for row in shipments if len(orders_of(staging, row)) > 1),
    )


async def settle_doubts(case: Case) -> None:
    """Assigns rejected rows of uncertain order to each order that they may belong to.

    The others are counted as lost. A row that is too long has its order in one of its cells, so a
    key without a sound row is that of an order without any.
    """
    everything = case.staging.count_doubts()
    for count, doubt in enumerate(case.staging.doubts(), 1):
        case.progress("finding the orders of rejected rows", count, everything)
        named = [key for key in doubt.orders if case.staging.find(Kind.ORDER, key)]
        for key in named:
            place = f"\n{doubt.source}:{doubt.line}:{key}"
            row = StagedRow(
                0, doubt.kind, place, key, None, State.REJECTED, doubt.source, doubt.line, None
            )
            case.staging.add(row, None, None)
        if named or await known.ids(case.mapping.system, Kind.ORDER, doubt.orders):
            continue
        if doubt.is_short or not any(shape(key) in case.shapes for key in doubt.orders):
            reason = f"nobody can tell which order this {doubt.kind} is of"
            case.add_problem(Outcome.LOST, doubt, ErrorCode.INVALID, reason)


async def check_orders(case: Case) -> None:
    """Rejects incomplete orders, with their lines and shipments.

    An order is imported whole or not at all: without one of its lines its sums would be wrong.
    """
    async for batch in case.batches("checking orders", Kind.ORDER, BATCH, State.NEW):
        sizes = case.staging.sizes(Kind.LINE, [staged.key for staged in batch])
        fitting = []
        for staged in batch:
            reason = _size_objection(case, sizes.get(staged.key, 0))
            if reason is None:
                fitting.append(staged)
            else:
                _reject_document(case, staged, reason)
        rates = await rates_of_rows(case.policy, Kind.ORDER, fitting)
        for parts in gather(case.staging, fitting):
            reason = _objection(case, parts, rates)
            if reason is not None:
                _reject_document(case, parts.order, reason)


def _size_objection(case: Case, lines: int) -> Reason | None:
    """The error of too many lines. The lines of such an order are not read."""
    if not lines:
        return ErrorCode.REQUIRED, "no row is a line of it"
    most = case.policy.max_order_lines
    if lines > most:
        return ErrorCode.LIMIT_EXCEEDED, f"it has {lines} lines; {most} are possible"
    return None


def _objection(case: Case, parts: Parts, rates: Rates) -> Reason | None:
    """The error of an order that cannot be imported whole, or None."""
    for row in (*parts.lines, *parts.owned):
        if row.state is State.REJECTED:
            return ErrorCode.INVALID, f"its {row.kind} was rejected ({case.where(row)})"
    return _unclear(parts.lines, parts.owned) or _impossible(case, parts, rates)


def _unclear(lines: list[StagedRow], shipments: list[StagedRow]) -> Reason | None:
    """The error of several shipments if no line names one: each would hold all lines."""
    named = {line.carrier for line in lines if line.carrier}
    vague = [row.key for row in shipments if row.key not in named]
    if vague and (named or len(shipments) > 1):
        reason = f"no line says what is in shipment {vague[0]}, which is not the only one"
        return ErrorCode.INVALID, reason
    return None


def _impossible(case: Case, parts: Parts, rates: Rates) -> Reason | None:
    """The error of an order's amounts, or of a shipment of another order."""
    found = order_document(case.staging, parts)
    for key, shipment in found.shipments.items():
        if shipment.order not in (None, found.key):
            reason = f"its line names shipment {key}, which is of order {shipment.order}"
            return ErrorCode.INVALID, reason
    prices = []
    for row, line in zip(parts.lines, found.lines, strict=True):
        try:
            prices.append(price_line(price(line, found.order.currency, case.rounding)))
        except ValueError as error:
            case.reject(row, ErrorCode.INVALID, str(error), "unit_price")
            return ErrorCode.INVALID, f"its line was rejected ({case.where(row)})"
    try:
        sums = total(prices, *shipping_minor(found.order))
    except ValueError as error:
        return ErrorCode.INVALID, str(error)
    if not sums.can_be_stored:
        return ErrorCode.INVALID, "it comes to more than can be kept"
    order = found.order
    rate = rates.get((order.currency, case.policy.local(order.placed_at).date()))
    if not has_storable_worth(sums.total_gross_minor, order.currency, rate, case.policy.currency):
        return ErrorCode.INVALID, "it is worth more than can be kept"
    return None


def shipping_minor(order: OrderRow) -> tuple[int, int]:
    """Shipping before tax and its tax, in minor units.

    Raises:
        ValueError: more decimals than the order's currency, or too large.
    """
    net_minor = to_minor(order.shipping, order.currency)
    return net_minor, to_minor(order.shipping_tax, order.currency)


def tax_rule(net_minor: int, tax_minor: int) -> str:
    """The rule of an imported order's freight: the rate of its tax, or none."""
    if not net_minor or not tax_minor:
        return NONE
    return f"{shortest(round(Decimal(tax_minor) / net_minor, RATE_PLACES)):f}"


def _reject_document(case: Case, staged: StagedRow, reason: Reason) -> None:
    case.reject(staged, *reason)
    message = f"order {staged.key} was rejected ({case.where(staged)})"
    for kind in (Kind.SHIPMENT, Kind.LINE):
        for rows in case.staging.batches(kind, BATCH, State.NEW, staged.key):
            for row in rows:
                case.reject(row, ErrorCode.NOT_FOUND, message)


async def check_shipments(case: Case) -> None:
    """Rejects empty shipments, warns of those that are left out, and counts the others.

    A shipment that has not left would hold reserved stock. Imported orders reserve nothing until
    they are prepared here, which makes the shipment anew.
    """
    async for batch in case.batches("checking shipments", Kind.SHIPMENT, BATCH, State.NEW):
        for staged in batch:
            count = case.report.count(Kind.SHIPMENT)
            lines, orders = case.staging.carried(staged.key), orders_of(case.staging, staged)
            new = [order for order in orders if order.state is State.NEW]
            if not orders and any(line.state is State.PRESENT for line in lines):
                count.unchanged += 1
            elif not orders:
                reason = "no line of an order names this shipment"
                case.reject(staged, ErrorCode.NOT_FOUND, reason)
            elif all(order.state is State.REJECTED for order in orders):
                case.reject(staged, ErrorCode.NOT_FOUND, "its order was rejected")
            elif not new:
                count.unchanged += 1
            elif is_imported(ShipmentRow.model_validate_json(staged.payload or "")):
                count.new += len(new)
            else:
                case.add_problem(Outcome.WARNING, staged, ErrorCode.INVALID, LEFT_OUT)


def is_imported(shipment: ShipmentRow) -> bool:
    """Whether the shipment is imported: it has left the warehouse."""
    return has_left(shipment.status) or shipment.status is ShipmentStatus.CANCELLED


def orders_of(staging: Staging, staged: StagedRow) -> list[StagedRow]:
    """The orders of the files that share a shipment."""
    keys = {line.owner: None for line in staging.carried(staged.key)}
    if staged.owner is not None:
        keys[staged.owner] = None
    found = (staging.find(Kind.ORDER, key) for key in keys if key)
    return [order for order in found if order]
