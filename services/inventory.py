"""Warehouses, and corrections of what lies in them."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from models.catalog import Product
from models.columns import new_id
from models.inventory import Reservation, StockItem, Warehouse
from models.orders import OrderLine
from models.rules.access import Permission
from models.rules.errors import (
    DomainError,
    ErrorCode,
    InputError,
    Path,
    Refused,
    invalid,
    not_found,
    required,
)
from models.rules.inventory import MAX_QUANTITY, MovementKind, StockChangeKind
from models.rules.text import clean
from models.rules.tracking import NamedUnits
from services.addresses import Address, check_address
from services.orders import facts_with_stock, lines_of, lock_order, settle
from services.reserving import loose_units, shrink
from services.saving import (
    UNSET,
    Unset,
    given,
    lock_for_save,
    optional_text,
    refuse_taken,
    refuse_version_of_new,
    text,
)
from services.stock import Movement, item_at, move
from services.tracking import adjust_units
from services.transaction import Contended, Work, use_case
from services.visibility import visible
from services.waiting import serve

MAX_CHANGES: Final = 500
DEFAULT_PRIORITY: Final = 100


@dataclass(frozen=True)
class ChangeStock:
    """A correction: a `delta`, or `set_to` where the caller saw `if_on_hand`, and why.

    ADJUST and COUNT change what is on hand, DAMAGE what of it is damaged, SCRAP takes damaged
    units away. Of a tracked product, `units` says which; only DAMAGE can do without.
    """

    sku: str
    warehouse_id: UUID
    reason: str
    kind: StockChangeKind = StockChangeKind.ADJUST
    delta: int | None = None
    set_to: int | None = None
    if_on_hand: int | None = None
    units: tuple[NamedUnits, ...] | None = None


@dataclass(frozen=True)
class SaveWarehouse:
    """A warehouse's fields; those left UNSET stay as they are, None clears."""

    id: UUID | None = None
    version: int | None = None
    code: str | Unset | None = UNSET
    name: str | Unset | None = UNSET
    address: Address | Unset | None = UNSET
    priority: int | Unset | None = UNSET


@use_case(Permission.STOCK_WRITE)
async def adjust_stock(work: Work, changes: tuple[ChangeStock, ...]) -> list[StockItem]:
    """The stock items after all changes, in the order of the changes; all of them or none.

    A change that leaves less than is promised takes the promise from the youngest orders: their
    lines become backordered.

    Raises:
        Refused: an unknown product or warehouse, no reason, a change that is none or impossible,
            units that are missing or are not there.
    """
    if not 1 <= len(changes) <= MAX_CHANGES:
        raise invalid(f"One call makes 1 to {MAX_CHANGES} changes.", "changes")
    items = await _items(work, changes)
    # By the ids of the stock items, so that nobody deadlocks; of one item in the caller's order.
    for index, item in sorted(enumerate(items), key=lambda each: each[1].id):
        await _change(work, changes[index], item.id, ("changes", str(index)))
    await serve(work)
    ids = [item.id for item in items]
    now = {item.id: item for item in await StockItem.filter(id__in=ids).using_db(work.connection)}
    return [now[key] for key in dict.fromkeys(ids)]


async def _items(work: Work, changes: tuple[ChangeStock, ...]) -> list[StockItem]:
    """The stock item of each change; one that never was is made with nothing in it."""
    errors: list[DomainError] = []
    items = []
    for index, change in enumerate(changes):
        path = ("changes", str(index))
        errors += _check(change, path)
        item = await _item(work, change)
        if isinstance(item, InputError):
            errors.append(InputError(item.code, item.message, (*path, *item.path)))
        else:
            items.append(item)
    if errors:
        raise Refused(errors)
    return items


def _check(change: ChangeStock, path: Path) -> list[DomainError]:
    errors: list[DomainError] = []
    if not clean(change.reason):
        errors.append(required("Why?", *path, "reason"))
    elif len(change.reason) > 500:
        errors.append(invalid("A reason has at most 500 characters.", *path, "reason"))
    if (change.delta is None) == (change.set_to is None):
        errors.append(invalid("Give either delta or setTo.", *path, "delta"))
    if change.delta == 0 or abs(change.delta or 0) > MAX_QUANTITY:
        errors.append(invalid("A delta is not 0.", *path, "delta"))
    if change.set_to is not None:
        if not 0 <= change.set_to <= MAX_QUANTITY:
            errors.append(invalid(f"setTo is 0 to {MAX_QUANTITY}.", *path, "setTo"))
        if change.if_on_hand is None and change.kind is not StockChangeKind.COUNT:
            message = "setTo needs ifOnHand: what you saw there."
            errors.append(required(message, *path, "ifOnHand"))
        if change.kind in (StockChangeKind.DAMAGE, StockChangeKind.SCRAP):
            errors.append(invalid(f"{change.kind} needs a delta.", *path, "setTo"))
    if change.kind is StockChangeKind.SCRAP and (change.delta or 0) > 0:
        errors.append(invalid("What is scrapped is a negative delta.", *path, "delta"))
    return errors


async def _item(work: Work, change: ChangeStock) -> StockItem | InputError:
    products = visible(Product, work.actor).using_db(work.connection)
    product = await products.get_or_none(sku=clean(change.sku))
    if product is None:
        return not_found(f"There is no product {clean(change.sku)}.", "sku")
    warehouses = visible(Warehouse, work.actor).using_db(work.connection)
    if not await warehouses.filter(id=change.warehouse_id).exists():
        return not_found("There is no such warehouse.", "warehouseId")
    return await item_at(work, product.id, change.warehouse_id)


async def _change(work: Work, change: ChangeStock, item_id: UUID, path: Path) -> None:
    rows = StockItem.filter(id=item_id).using_db(work.connection).select_for_update()
    item = await rows.get()
    if change.if_on_hand is not None and change.if_on_hand != item.on_hand:
        message = f"You saw {change.if_on_hand} on hand; there are {item.on_hand}."
        raise InputError(ErrorCode.VERSION_CONFLICT, message, (*path, "ifOnHand"))
    delta = change.delta if change.delta is not None else (change.set_to or 0) - item.on_hand
    if delta == 0 and change.kind is not StockChangeKind.COUNT:
        raise invalid("Nothing would change.", *path, "setTo")
    movement = Movement(MovementKind(change.kind), delta, clean(change.reason))
    after = item.balance.after(movement.kind, delta)
    if after.on_hand < 0 or after.damaged < 0 or after.damaged > after.on_hand:
        message = f"There are {item.on_hand} on hand, {item.damaged} of them damaged."
        raise invalid(message, *path, "delta")
    if after.on_hand > MAX_QUANTITY:
        raise invalid(f"At most {MAX_QUANTITY} on hand.", *path, "delta")
    await take_promises(work, item, after.reserved + after.damaged - after.on_hand)
    try:
        item = await move(work, item.id, [movement])
    except Contended:
        raise AssertionError("the item was locked") from None
    await adjust_units(work, item, movement, change.units, path)


async def take_promises(work: Work, item: StockItem, units: int) -> None:
    """Take promised units back from the youngest orders that have some: they wait again.

    Units that lie in a pending shipment stay there, since somebody may be packing them.

    Raises:
        InputError: without those units there are not enough.
    """
    remaining = units
    rows = Reservation.filter(stock_item_id=item.id).using_db(work.connection)
    for reservation in await rows.order_by("-created_at", "-id"):
        if remaining <= 0:
            return
        remaining -= await _take_promise(work, item, reservation, remaining)
    if remaining > 0:
        message = "Units of pending shipments would be missing: cancel those shipments first."
        raise invalid(message, "changes")


async def _take_promise(work: Work, item: StockItem, reservation: Reservation, most: int) -> int:
    """Take up to `most` units of one reservation that lie in no shipment; how many there were."""
    found = await OrderLine.get(id=reservation.order_line_id, using_db=work.connection)
    order = await lock_order(work, found.order_id)
    lines = await lines_of(work, order)
    line = next(each for each in lines if each.id == found.id)
    loose = await loose_units(work, [line])
    units = min(most, loose.get(item.warehouse_id, {}).get(line.id, 0))
    if units == 0:
        return 0
    before = await facts_with_stock(work, order)
    release = Movement(MovementKind.RELEASE, -units, "stock is missing", order.id, line.id)
    await move(work, item.id, [release])
    await shrink(work, reservation, units)
    line.reserved -= units
    line.backordered += units
    await line.save(update_fields=["reserved", "backordered"], using_db=work.connection)
    await settle(work, order, lines, before, data={"lineId": line.id.hex, "backordered": units})
    return units


@use_case(Permission.STOCK_WRITE)
async def save_warehouse(work: Work, command: SaveWarehouse) -> Warehouse:
    """The warehouse as saved; without an id a new one.

    Raises:
        Refused: a missing code or name, a code that is taken, an odd address or priority.
        VersionConflict: it has changed since the caller read it.
    """
    new = command.id is None
    if command.id is None:
        refuse_version_of_new(command.version)
        warehouse = Warehouse(id=new_id(), created_at=work.now, version=0)
    else:
        warehouse = await lock_for_save(work, Warehouse, command.id, command.version)
    if new or given(command.name):
        warehouse.name = text(command.name, "name", 200)
    code = optional_text(command.code, "code", 64)
    if new or code:
        warehouse.code = code or warehouse.name[:64]
        await refuse_taken(work, Warehouse, "code", warehouse.code, warehouse.id, "code")
    if not isinstance(command.address, Unset):
        warehouse.address = check_address(command.address, "address")
    if not isinstance(command.priority, Unset):
        priority = DEFAULT_PRIORITY if command.priority is None else command.priority
        if not 0 <= priority <= 1_000_000:
            raise invalid("A priority is 0 to 1000000.", "priority")
        warehouse.priority = priority
    warehouse.version += 1
    warehouse.updated_at = work.now
    await warehouse.save(force_create=new, using_db=work.connection)
    return warehouse
