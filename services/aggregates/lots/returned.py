"""The lots and serial numbers of a return: only units that were shipped with the order's line."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from models.fulfillment import Return, ReturnLine
from models.inventory import StockItem
from models.orders import Order, OrderLine
from models.rules.catalog import TrackingPolicy
from models.rules.errors import DomainError, Path, duplicate, not_found, refuse
from models.rules.inventory import MovementKind
from models.rules.return_states import AWAITED, MOVEMENTS, Disposition
from models.rules.tracking import NamedUnits, check_units
from models.tracking import TrackedUnit, UnitMovement
from services.aggregates.lots.places import Part
from services.aggregates.lots.stored import (
    Step,
    check_expiry,
    find_or_make,
    put_in,
    record_steps,
    refuse_on_hand,
    tracked_products,
)
from services.aggregates.selling import Goods, Products
from services.aggregates.stock import Place
from services.work.work import Work

if TYPE_CHECKING:
    from models.rules.return_states import ReturnUnits


_Awaited = Mapping[UUID | None, Mapping[str, int]]
"""The quantities of units that open returns await, by order line and code."""

STEPS = {**MOVEMENTS, Disposition.SCRAP: (MovementKind.RETURN, MovementKind.SCRAP)}
"""The movements in a returned unit's ledger. Scrapped units never enter the stock."""


@dataclass(frozen=True)
class _Out:
    """The units of the lines that customers have, and the units that left without a code."""

    units: dict[UUID, dict[str, TrackedUnit]]
    left: dict[UUID, Counter[str]]
    unknown: Counter[UUID]

    def take(self, line_id: UUID, named: NamedUnits) -> bool:
        """Whether these units can come back; if so they are with customers no longer."""
        code = named.exact_code
        strange = named.quantity - min(named.quantity, self.left[line_id][code])
        if strange > self.unknown[line_id]:
            return False
        self.left[line_id][code] -= named.quantity - strange
        self.unknown[line_id] -= strange
        return True


async def check_announced(
    work: Work, order: Order, back: Sequence["ReturnUnits"], lines: Mapping[UUID, OrderLine]
) -> None:
    """Passes if the named units, if there are any, can be announced as a return.

    Raises:
        Refused: they do not add up to the quantity, were not shipped with their line, or are
            awaited by another return: DUPLICATE for a serial number.
    """
    awaited = await _awaited(work, order) if any(each.units for each in back) else {}
    await _check(work, back, lines, awaited, needed=False)


async def _awaited(work: Work, order: Order) -> _Awaited:
    """The units named by the order's open returns and not received."""
    rows = ReturnLine.filter(  # unscoped: all returns of the order
        return_request__order_id=order.id,
        return_request__status__in=AWAITED,
        announced__isnull=False,
    ).using_db(work.connection)
    awaited: Counter[tuple[UUID | None, UUID | None, str]] = Counter(
        {
            (row.return_request_id, row.order_line_id, code): quantity
            for row in await rows
            for code, quantity in row.announced.items()
        }
    )
    back = UnitMovement.filter(  # unscoped: what all returns of the order have brought
        return_id__in=list({return_id for return_id, *_ in awaited}), kind=MovementKind.RETURN
    ).using_db(work.connection)
    for step in await back.select_related("unit") if awaited else []:
        awaited[step.return_id, step.order_line_id, step.unit.code] -= step.quantity
    by_line: dict[UUID | None, Counter[str]] = defaultdict(Counter)
    for (_, line_id, code), quantity in (+awaited).items():
        by_line[line_id][code] += quantity
    return by_line


async def check_back(
    work: Work, back: Sequence["ReturnUnits"], lines: Mapping[UUID, OrderLine]
) -> Products:
    """The tracked products of the lines, if the named units can come back.

    Raises:
        Refused: units are missing, do not add up to the quantity, or were not shipped with their
            line.
    """
    return await _check(work, back, lines, {}, needed=True)


async def _check(
    work: Work,
    back: Sequence["ReturnUnits"],
    lines: Mapping[UUID, OrderLine],
    awaited: _Awaited,
    *,
    needed: bool,
) -> Products:
    """The tracked products, if the units can come back and are not among those `awaited`."""
    products = await tracked_products(work, [lines[each.line_id].product_id for each in back])
    errors: list[DomainError] = []
    for index, each in enumerate(back):
        product = products.get(lines[each.line_id].product_id)
        tracking = product.tracking if product else TrackingPolicy.NONE
        path = ("lines", str(index))
        errors += check_units(tracking, each.quantity, each.units, path, needed=needed)
    refuse(errors)
    out = await _out(work, [lines[each.line_id] for each in back if each.units])
    for line_id in lines:
        for code, quantity in awaited.get(line_id, {}).items():
            out.take(line_id, NamedUnits(code, quantity))
    seen: set[tuple[UUID, str]] = set()
    for index, each in enumerate(back):
        place = ("lines", str(index), "units")
        product = products.get(lines[each.line_id].product_id)
        is_piece = product is not None and product.tracking is TrackingPolicy.SERIAL
        pieces = awaited.get(each.line_id, {}) if is_piece else {}
        errors += _check_each(each, out, pieces, place)
        if product and is_piece:
            errors += _check_once(each, product, seen, place)
    refuse(errors)
    return products


def _check_each(
    each: "ReturnUnits", out: _Out, pieces: Mapping[str, int], path: Path
) -> Iterator[DomainError]:
    """The errors of units; `pieces` are the serial numbers that another return awaits."""
    yield from check_expiry(each.units or (), out.units.get(each.line_id, {}), path)
    for index, named in enumerate(each.units or ()):
        code = named.exact_code
        if code in pieces:
            yield duplicate(f"Another return awaits {code}.", *path, str(index), "code")
        elif not out.take(each.line_id, named):
            message = f"{code} did not go out with this line, is back, or is awaited already."
            yield not_found(message, *path, str(index), "code")


def _check_once(
    each: "ReturnUnits", product: Goods, seen: set[tuple[UUID, str]], path: Path
) -> Iterator[DomainError]:
    """The error of a serial number that occurs twice in a return."""
    for index, named in enumerate(each.units or ()):
        piece = (product.id, named.exact_code)
        if piece in seen:
            yield duplicate(f"{named.exact_code} is named twice.", *path, str(index), "code")
        seen.add(piece)


async def _out(work: Work, lines: Sequence[OrderLine]) -> _Out:
    units: dict[UUID, dict[str, TrackedUnit]] = defaultdict(dict)
    left: dict[UUID, Counter[str]] = defaultdict(Counter)
    rows = UnitMovement.filter(  # unscoped: all that left with the lines and came back
        order_line_id__in=[line.id for line in lines],
        kind__in=[MovementKind.SHIP, MovementKind.RETURN],
    ).using_db(work.connection)
    for row in await rows.select_related("unit") if lines else []:
        line_id: Any = row.order_line_id
        units[line_id][row.unit.code] = row.unit
        left[line_id][row.unit.code] -= row.quantity
    unknown = Counter(
        {line.id: line.shipped - line.returned - sum(left[line.id].values()) for line in lines}
    )
    return _Out(units, left, unknown)


async def take_back(
    work: Work,
    request: Return,
    back: Sequence["ReturnUnits"],
    lines: Mapping[UUID, OrderLine],
    products: Products,
    parts: Mapping[Part, int],
    places: Mapping[Place, StockItem],
) -> None:
    """Puts a return's units into stock, and records their movements.

    `products` are those of `check_back`. `parts` are the received quantities, `places` their stock
    items, which are locked.

    Raises:
        Refused: a lot expires on another day; a serial number is on hand already.
    """
    by_line: dict[int, list[Part]] = defaultdict(list)
    for part in parts:
        by_line[part.index].append(part)
    steps = []
    for index, each in enumerate(back):
        product = products.get(lines[each.line_id].product_id)
        if product is None or each.units is None or each.disposition is None:
            continue
        path = ("lines", str(index), "units")
        found = await find_or_make(work, product, each.units, path)
        await refuse_on_hand(work, product, found, path)
        units: dict[str | None, UUID] = {unit.code: unit.id for unit in found}
        put: dict[UUID | None, dict[UUID, int]] = defaultdict(dict)
        for part in by_line[index]:
            item = places.get((product.id, part.warehouse_id)) if part.warehouse_id else None
            put[item.id if item else None][units[part.code]] = parts[part]
        for item_id, amounts in put.items():
            if item_id:
                aside = each.disposition is Disposition.QUARANTINE
                await put_in(work, item_id, amounts, damaged=aside)
            steps += _steps_back(request, each.line_id, STEPS[each.disposition], item_id, amounts)
    await record_steps(work, steps)


def _steps_back(
    request: Return,
    line_id: UUID,
    kinds: Sequence[MovementKind],
    item_id: UUID | None,
    amounts: Mapping[UUID, int],
) -> list[Step]:
    """The steps in the ledgers of returned units of one line."""
    return [
        Step(
            unit_id,
            kind,
            -quantity if kind is MovementKind.SCRAP else quantity,
            item_id,
            order_id=request.order_id,
            order_line_id=line_id,
            return_id=request.id,
        )
        for unit_id, quantity in amounts.items()
        for kind in kinds
    ]
