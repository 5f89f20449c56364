"""Lots and serial numbers in stock: receipts, corrections, transfers and damage.

The units of a tracked product in a stock item always add up to its units on hand. So each movement
of its stock names its units here, in the same transaction and after the movement: the stock item
is locked by then.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple, TypeVar
from uuid import UUID

from tortoise.expressions import F, RawSQL

from models.columns import new_id
from models.inventory import StockItem
from models.rules.catalog import TrackingPolicy
from models.rules.errors import DomainError, Path, duplicate, invalid, not_found, refuse
from models.rules.inventory import Movement, MovementKind
from models.rules.tracking import (
    FreeUnits,
    NamedUnits,
    check_units,
    first_out,
    is_expired,
    sold_after,
)
from models.tracking import TrackedUnit, UnitMovement, UnitStock
from services.aggregates.selling import Goods, Products
from services.storage.statements import Query
from services.work.work import Contended, Work

T = TypeVar("T")

# unscoped: products whose stock is moved
TRACKED: Final = Query(Goods, "SELECT {columns} FROM product WHERE id IN ? AND tracking <> ?")

CHUNK: Final = 1_000
"""Units in one statement."""


@dataclass(frozen=True, slots=True)
class Step:
    """A signed quantity of one unit that was moved or damaged, with its cause."""

    unit_id: UUID
    kind: MovementKind
    quantity: int
    stock_item_id: UUID | None = None
    supplier_id: UUID | None = None
    order_id: UUID | None = None
    order_line_id: UUID | None = None
    shipment_id: UUID | None = None
    return_id: UUID | None = None


class Shift(NamedTuple):
    """The change of the counters of a unit in a stock item."""

    quantity: int = 0
    assigned: int = 0
    damaged: int = 0


async def tracked_products(work: Work, ids: Iterable[UUID | None]) -> Products:
    """The tracked ones of the products, by id; a None among the ids is skipped."""
    wanted = list({key for key in ids if key})
    found = await TRACKED.rows(work.connection, wanted, TrackingPolicy.NONE.value)
    return {each.id: each for each in found}


async def adjust_units(
    work: Work,
    product: Goods,
    item: StockItem,
    movement: Movement,
    named: Sequence[NamedUnits] | None,
    path: Path,
) -> None:
    """Records the units of a correction of a product's stock item.

    The item is as the movement left it. `path` is the place of the correction in the input.

    Raises:
        Refused: units are missing, do not add up to the quantity, or cannot have been moved.
    """
    damage = movement.kind is MovementKind.DAMAGE
    quantity = abs(movement.quantity)
    refuse([*check_units(product.tracking, quantity, named, path, needed=not damage)])
    if product.tracking is TrackingPolicy.NONE:
        return
    path = (*path, "units")
    if movement.quantity > 0 and not damage:
        await _bring(work, product, item, movement.kind, named or (), path)
    else:
        await _change_there(work, item, movement, named or (), path)
    await _unmark(work, item)


async def _bring(
    work: Work,
    product: Goods,
    item: StockItem,
    kind: MovementKind,
    named: Sequence[NamedUnits],
    path: Path,
) -> None:
    units = await find_or_make(work, product, named, path)
    await refuse_on_hand(work, product, units, path)
    if product.tracking is TrackingPolicy.SERIAL:
        # A piece that is on hand again is not with a customer any more.
        # unscoped: units that were just found or made
        back = TrackedUnit.filter(id__in=[unit.id for unit in units], sold__gt=0)
        await back.using_db(work.connection).update(sold=0)
    amounts = {unit.id: each.quantity for unit, each in zip(units, named, strict=True)}
    await put_in(work, item.id, amounts)
    supplier = None if kind is MovementKind.COUNT else product.supplier_id
    await record_steps(
        work,
        [Step(key, kind, units, item.id, supplier_id=supplier) for key, units in amounts.items()],
    )


async def find_or_make(
    work: Work, product: Goods, named: Sequence[NamedUnits], path: Path
) -> list[TrackedUnit]:
    """The units of a product with these codes, locked; unknown codes are made.

    Raises:
        Refused: a lot is given another expiry than it has.
    """
    codes = [each.exact_code for each in named]
    found: dict[str, TrackedUnit] = {}
    for part in pieces(sorted(codes)):
        # unscoped: a code is unique among all units of its product
        rows = TrackedUnit.filter(product_id=product.id, code__in=part).using_db(work.connection)
        found |= {each.code: each for each in await rows.select_for_update().order_by("id")}
    refuse([*check_expiry(named, found, path)])
    fresh = []
    for each, code in zip(named, codes, strict=True):
        unit = found.get(code)
        if unit is None:
            unit = found[code] = TrackedUnit(
                id=new_id(),
                product_id=product.id,
                code=code,
                expires_on=each.expires_on,
                created_at=work.now,
                moved_at=work.now,
            )
            fresh.append(unit)
        elif each.expires_on and not unit.expires_on:
            unit.expires_on = each.expires_on
            await unit.save(update_fields=["expires_on"], using_db=work.connection)
    await work.insert(fresh)
    return [found[code] for code in codes]


def check_expiry(
    named: Sequence[NamedUnits], known: Mapping[str, TrackedUnit], path: Path
) -> Iterator[DomainError]:
    """The errors of given expiries that differ from the known ones."""
    for index, each in enumerate(named):
        unit = known.get(each.exact_code)
        kept = unit.expires_on if unit else None
        if kept and each.expires_on and kept != each.expires_on:
            yield invalid(f"{each.exact_code} expires on {kept}.", *path, str(index), "expiresOn")


async def refuse_on_hand(
    work: Work, product: Goods, units: Sequence[TrackedUnit], path: Path
) -> None:
    """Passes if no piece with one of these serial numbers is on hand; lots may be.

    Raises:
        Refused: DUPLICATE for each that is. The units are locked against other receipts.
    """
    if product.tracking is not TrackingPolicy.SERIAL:
        return
    here: set[UUID] = set()
    for part in pieces([unit.id for unit in units]):
        # unscoped: a piece is on hand once, in whichever warehouse
        rows = UnitStock.filter(unit_id__in=part).using_db(work.connection)
        here |= {row.unit_id for row in await rows}
    refuse(
        [
            duplicate(f"{unit.code} is on hand already.", *path, str(index), "code")
            for index, unit in enumerate(units)
            if unit.id in here
        ]
    )


async def _change_there(
    work: Work, item: StockItem, movement: Movement, named: Sequence[NamedUnits], path: Path
) -> None:
    """Takes named units out of a stock item, or marks them as damaged or as good again."""
    rows: dict[str, UnitStock] = {}
    for part in pieces([each.exact_code for each in named]):
        found = work.rows(UnitStock).filter(stock_item_id=item.id, unit__code__in=part)
        rows |= {row.unit.code: row for row in await found.select_related("unit")}
    errors = [*check_expiry(named, {code: row.unit for code, row in rows.items()}, path)]
    shifts: dict[UUID, Shift] = {}
    steps = []
    sign = 1 if movement.quantity > 0 else -1
    for index, each in enumerate(named):
        place = (*path, str(index))
        row = rows.get(each.exact_code)
        if row is None:
            errors.append(not_found(f"{each.exact_code} does not lie here.", *place, "code"))
            continue
        shift, most = _shift(row, movement, each.quantity)
        if each.quantity > most:
            message = f"{most} units of {each.exact_code} can be meant here."
            errors.append(invalid(message, *place, "quantity"))
            continue
        shifts[row.id] = shift
        steps.append(Step(row.unit_id, movement.kind, sign * each.quantity, item.id))
    refuse(errors)
    await change(work, shifts)
    await record_steps(work, steps)


def _shift(row: UnitStock, movement: Movement, quantity: int) -> tuple[Shift, int]:
    """The change of a unit's counters by a correction, and the most units that it may name."""
    loose = row.quantity - row.assigned
    if movement.kind is MovementKind.DAMAGE:
        bad = movement.quantity > 0
        return Shift(damaged=quantity if bad else -quantity), (
            loose - row.damaged if bad else row.damaged
        )
    # Scrapping takes damaged units first, a loss takes good units first.
    scrapped = movement.kind is MovementKind.SCRAP
    bad_units = quantity if scrapped else quantity - (loose - row.damaged)
    return Shift(-quantity, damaged=-min(row.damaged, max(0, bad_units))), loose


async def _unmark(work: Work, item: StockItem) -> None:
    """Unmarks the first damaged units if more are marked than the item counts as damaged."""
    # unscoped: all that is marked is counted
    rows = UnitStock.filter(stock_item_id=item.id, damaged__gt=0).using_db(work.connection)
    marked = await rows.select_related("unit")
    surplus = sum(row.damaged for row in marked) - item.damaged
    today = work.today
    freed = first_out([free_units(row, row.damaged, today) for row in marked], surplus)
    await change(work, {key: Shift(damaged=-units) for key, units in freed.items()})


async def transfer_units(work: Work, moves: Sequence[tuple[UUID, UUID, UUID, int]]) -> None:
    """Moves the units of transferred stock: product, stock items from and to, quantity.

    Units go by expiry, expired ones last. Units that are assigned to a shipment or damaged stay.

    Raises:
        Contended: another transaction assigned the units meanwhile.
    """
    tracked = await tracked_products(work, [product_id for product_id, *_ in moves])
    steps = []
    for product_id, start, end, quantity in moves:
        if product_id not in tracked:
            continue
        # unscoped: the first units are chosen among all of the stock item
        shelf = UnitStock.filter(stock_item_id=start).using_db(work.connection)
        rows = {row.id: row for row in await shelf.select_related("unit")}
        today = work.today
        taken = first_out([free_units(row, free(row), today) for row in rows.values()], quantity)
        if sum(taken.values()) != quantity:
            raise Contended
        await change(work, {key: Shift(-units) for key, units in taken.items()})
        amounts = {rows[key].unit_id: units for key, units in taken.items()}
        await put_in(work, end, amounts)
        for key, units in amounts.items():
            steps.append(Step(key, MovementKind.TRANSFER_OUT, -units, start))
            steps.append(Step(key, MovementKind.TRANSFER_IN, units, end))
    await record_steps(work, steps)


def free(row: UnitStock) -> int:
    """The quantity of a unit in a stock item that is neither assigned nor damaged."""
    units: int = row.quantity - row.assigned - row.damaged
    return units


def free_units(row: UnitStock, units: int, today: date) -> FreeUnits:
    """A quantity of a unit in stock, for the rules; its key is the row's id."""
    unit = row.unit
    expired = is_expired(unit.expires_on, today)
    return FreeUnits(row.id, units, unit.expires_on, unit.created_at, unit.code, expired)


async def put_in(
    work: Work, stock_item_id: UUID, amounts: Mapping[UUID, int], *, damaged: bool = False
) -> None:
    """Adds quantities of units, by their ids, to a locked stock item."""
    shifts = {key: Shift(units, 0, units if damaged else 0) for key, units in amounts.items()}
    there: dict[UUID, UUID] = {}
    for part in pieces(list(amounts)):
        # unscoped: a stock item has a unit once
        rows = UnitStock.filter(stock_item_id=stock_item_id, unit_id__in=part)
        there |= {row.unit_id: row.id for row in await rows.using_db(work.connection)}
    await change(work, {row: shifts[key] for key, row in there.items()})
    await work.insert(
        [
            UnitStock(unit_id=key, stock_item_id=stock_item_id, **shift._asdict())
            for key, shift in shifts.items()
            if key not in there
        ]
    )


async def change(work: Work, shifts: Mapping[UUID, Shift]) -> None:
    """Changes counters of units in stock items, by one guarded update for each kind of change.

    Rows with no units left are deleted.

    Raises:
        Contended: the counters do not allow it (any more).
    """
    alike: dict[Shift, list[UUID]] = defaultdict(list)
    for key, shift in sorted(shifts.items()):
        alike[shift].append(key)
    for shift, keys in alike.items():
        more = sum(shift[1:]) - shift.quantity
        for part in pieces(keys):
            rows = UnitStock.filter(  # unscoped: rows that were read before
                id__in=part,
                quantity__gte=RawSQL(f"assigned + damaged + ({more:d})"),
                assigned__gte=-shift.assigned,
                damaged__gte=-shift.damaged,
            ).using_db(work.connection)
            added = {name: F(name) + units for name, units in shift._asdict().items() if units}
            if await rows.update(**added) != len(part):
                raise Contended
            if shift.quantity < 0:
                # unscoped: rows that were just changed
                gone = UnitStock.filter(id__in=part, quantity=0)
                await gone.using_db(work.connection).delete()


async def record_steps(work: Work, steps: Sequence[Step]) -> None:
    """Adds steps to the ledgers of their units, in order; locks the units."""
    by_unit: dict[UUID, list[Step]] = defaultdict(list)
    for step in steps:
        by_unit[step.unit_id].append(step)
    for part in pieces(sorted(by_unit)):
        # unscoped: units that were just moved
        rows = TrackedUnit.filter(id__in=part).using_db(work.connection)
        entries = []
        alike: dict[tuple[int, int], list[UUID]] = defaultdict(list)
        for unit in await rows.select_for_update().order_by("id"):
            sold = unit.sold
            for number, step in enumerate(by_unit[unit.id], unit.movement_seq + 1):
                entries.append(_entry(work, step, number))
                sold = sold_after(sold, step.kind, step.quantity)
            alike[len(by_unit[unit.id]), sold - unit.sold].append(unit.id)
        for (count, more), keys in alike.items():
            # unscoped: units that were just locked
            moved = TrackedUnit.filter(id__in=keys).using_db(work.connection)
            await moved.update(
                movement_seq=F("movement_seq") + count, sold=F("sold") + more, moved_at=work.now
            )
        await work.insert(entries)


def _entry(work: Work, step: Step, number: int) -> UnitMovement:
    return UnitMovement(
        unit_id=step.unit_id,
        sequence=number,
        at=work.now,
        kind=step.kind,
        quantity=step.quantity,
        stock_item_id=step.stock_item_id,
        supplier_id=step.supplier_id,
        order_id=step.order_id,
        order_line_id=step.order_line_id,
        shipment_id=step.shipment_id,
        return_id=step.return_id,
        actor_kind=work.actor.kind,
        actor_id=work.actor.id,
        actor_name=work.actor.name,
    )


def pieces(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """The values in chunks that fit one statement each."""
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]


def summed(amounts: Iterable[tuple[UUID, int]]) -> Counter[UUID]:
    """The sum of the quantities of each key."""
    sums: Counter[UUID] = Counter()
    for key, units in amounts:
        sums[key] += units
    return sums
