"""The only change of stock counters: guarded, in the ledger, with an event."""

from collections.abc import Collection, Mapping
from typing import Any, Final, NamedTuple
from uuid import UUID

from models.catalog import Product
from models.columns import new_id
from models.inventory import StockItem, StockMovement
from models.rules.events import EventKind
from models.rules.inventory import (
    MAX_QUANTITY,
    Balance,
    Movement,
    MovementKind,
    Uncovered,
    is_low,
)
from services.storage.rows import fresh
from services.storage.statements import Query, Statement
from services.storage.updates import update
from services.work.events import record
from services.work.work import Contended, Work

Place = tuple[UUID, UUID]
"""A product and a warehouse, by their ids."""

# unscoped: counters change with sales, even if the actor does not see them
MOVED: Final = """
UPDATE stock_item SET on_hand = on_hand + ?, reserved = reserved + ?, damaged = damaged + ?,
    is_low = reorder_point IS NOT NULL AND available + ? + incoming <= reorder_point,
    available = available + ?, movement_seq = movement_seq + ?, updated_at = ?,
    version = version + 1, event_seq = event_seq + 1
WHERE id = ? AND on_hand + ? BETWEEN 0 AND ? AND reserved + ? >= 0 AND damaged + ? >= 0
    AND on_hand - reserved - damaged - ? * safety_stock >= ?"""
# unscoped: a product has one stock item in a warehouse
OF_PRODUCTS: Final = Query(StockItem, "SELECT {columns} FROM stock_item WHERE product_id IN ?")
MOVE: Final = Statement(MOVED)
KEPT: Final = ("available", "is_low")
COUNTED: Final = (
    *("on_hand", "reserved", "damaged", *KEPT, "movement_seq", "version", "event_seq"),
)
"""The columns that movements change, beside the time."""
# unscoped: a product's stock bears its names in all warehouses
RENAME: Final = Statement("UPDATE stock_item SET sort_sku = ?, sort_name = ? WHERE product_id = ?")

AT_ONCE: Final = 200
"""Items that are computed before other tasks run."""

LOCK: Final = Query(  # unscoped: stock items that were found before
    StockItem, "SELECT {columns} FROM stock_item WHERE id IN ? ORDER BY id FOR UPDATE"
)
# unscoped: stock items that were found before
READ_ALL: Final = Query(StockItem, "SELECT {columns} FROM stock_item WHERE id IN ?")
# unscoped: the stock item that was just changed
READ: Final = Query(StockItem, "SELECT {columns} FROM stock_item WHERE id = ?")
MOVE_AND_READ: Final = Query(StockItem, MOVED + " RETURNING {columns}")


class _Name(NamedTuple):
    """The columns of a product by which its stock is sorted."""

    id: UUID
    sku: str
    sort_name: str


# unscoped: products that were found before
NAMES: Final = Query(_Name, "SELECT {columns} FROM product WHERE id IN ? FOR UPDATE")


async def move(
    work: Work, stock_item_id: UUID, movements: list[Movement], *, promise: bool = False
) -> StockItem:
    """Applies movements to one stock item by one conditional update; returns the item after it.

    With `promise` the update also leaves damaged units and safety stock: reserved units must have
    been available. Callers move several items in the order of their ids.

    Raises:
        Contended: the counters do not allow it (any more). Nothing was changed.
    """
    change = total(movements)
    item = await _moved(work, stock_item_id, change, len(movements), promise=promise)
    if change.available > 0:
        work.freed.add(item.product_id)
    work.movements += _ledger(work, item, movements)
    counted = item.event_seq
    item.event_seq -= 1  # `record` counts the event that the update has counted already
    _record_change(work, item, change.available)
    if item.event_seq != counted:
        await item.save(update_fields=["event_seq"], using_db=work.connection)
    return item


async def move_all(
    work: Work, movements: Mapping[UUID, list[Movement]], *, promise: bool = False
) -> dict[UUID, StockItem]:
    """As `move` for many stock items, by their ids, with as many statements as for two.

    Raises:
        Contended: the counters of an item do not allow it. Roll the transaction back.
    """
    if len(movements) == 1:
        ((key, few),) = movements.items()
        return {key: await move(work, key, few, promise=promise)}
    if not movements:
        return {}
    # Locked in the order of their ids, against deadlocks and other changes.
    items = {item.id: item for item in await LOCK.rows(work.connection, sorted(movements))}
    for place, key in enumerate(sorted(movements), 1):
        if key not in items:
            raise Contended
        apply(work, items[key], movements[key], promise=promise)
        if place % AT_ONCE == 0:
            await work.pause()
    same = {"updated_at": work.now}
    rows = list(items.values())
    if await update(work.connection, rows, COUNTED, same, guarded=True) != len(movements):
        raise Contended
    return items


def apply(work: Work, item: StockItem, movements: list[Movement], *, promise: bool = False) -> None:
    """Changes the counters of a locked item, with its ledger and its events; it is not saved here.

    Raises:
        Contended: a counter would be below zero or too large, or more promised than available.
    """
    before = item.balance
    try:
        after = before.moved(movements, promise=promise)
    except Uncovered:
        raise Contended from None
    gained = after.available - before.available
    item.on_hand, item.reserved, item.damaged = after.on_hand, after.reserved, after.damaged
    set_derived(item)
    item.movement_seq += len(movements)
    item.version += 1
    item.updated_at = work.now
    if gained > 0:
        work.freed.add(item.product_id)
    work.movements += _ledger(work, item, movements)
    _record_change(work, item, gained)


async def items_at(work: Work, places: Collection[Place]) -> dict[Place, StockItem]:
    """The stock items of products in warehouses; missing ones are made empty."""
    items = await _items_at(work, places)
    missing = [place for place in places if place not in items]
    if not missing:
        return items
    new = await new_items(work, missing)
    # Another process may make the same row; one of the two inserts is ignored.
    await StockItem.bulk_create(new, ignore_conflicts=True, using_db=work.connection)
    return await _items_at(work, places)


async def new_items(work: Work, places: Collection[Place]) -> list[StockItem]:
    """Empty stock items, not stored yet, with their products' present names.

    The products are locked against a rename.
    """
    wanted = sorted({product_id for product_id, _ in places})
    products = {each.id: each for each in await NAMES.rows(work.connection, wanted)}
    return [
        StockItem(
            id=new_id(),
            product_id=product_id,
            warehouse_id=warehouse_id,
            sort_sku=products[product_id].sku,
            sort_name=products[product_id].sort_name,
            created_at=work.now,
            updated_at=work.now,
        )
        for product_id, warehouse_id in places
    ]


async def rename(work: Work, product: Product) -> None:
    """Copies the product's SKU and name to its stock items; the product is locked."""
    await RENAME.change(work.connection, product.sku, product.sort_name, product.id)


def set_derived(item: StockItem) -> None:
    """Sets the columns derived from an item's counters and its reorder rule; does not save it."""
    item.available = item.balance.available
    item.is_low = is_low(item.available, item.incoming, item.reorder_point)


async def _items_at(work: Work, places: Collection[Place]) -> dict[Place, StockItem]:
    products = list({product_id for product_id, _ in places})
    found = await OF_PRODUCTS.rows(work.connection, products)
    return {
        place: item for item in found if (place := (item.product_id, item.warehouse_id)) in places
    }


def open_with(work: Work, item: StockItem, units: int, reason: str) -> StockMovement:
    """The first count of a new item, as its ledger's first row.

    The item gets the units, and its event is recorded; neither is saved here.
    """
    first = Movement(MovementKind.COUNT, units, reason)
    item.on_hand, item.movement_seq = units, 1
    set_derived(item)
    _record_change(work, item, units)
    return _ledger(work, item, [first])[0]


def total(movements: list[Movement]) -> Balance:
    """The sum of all movements on the counters."""
    sums = Balance(0, 0, 0)
    for movement in movements:
        sums = sums.after(movement.kind, movement.quantity)
    return sums


async def _moved(
    work: Work, stock_item_id: UUID, change: Balance, movements: int, *, promise: bool
) -> StockItem:
    """The item with its counters changed: none below zero, no unit promised twice.

    Raises:
        Contended: the counters do not allow it.
    """
    values = (
        *(change.on_hand, change.reserved, change.damaged, change.available, change.available),
        *(movements, work.now, stock_item_id),
        *(change.on_hand, MAX_QUANTITY, change.reserved, change.damaged),
        *(int(promise), change.reserved + change.damaged - change.on_hand),
    )
    if work.dialect == "postgres":
        found = await MOVE_AND_READ.rows(work.connection, *values)
    else:
        changed = await MOVE.change(work.connection, *values)
        found = await READ.rows(work.connection, stock_item_id) if changed else []
    if not found:
        raise Contended
    return found[0]


def _ledger(work: Work, item: StockItem, movements: list[Movement]) -> list[StockMovement]:
    """The movements as ledger rows, the last with the item's present balance."""
    rows: list[StockMovement] = []
    balance = item.balance
    sequence = item.movement_seq
    for movement in reversed(movements):
        rows.append(
            fresh(
                StockMovement,
                stock_item_id=item.id,
                sequence=sequence,
                at=work.now,
                kind=movement.kind,
                quantity=movement.quantity,
                on_hand_after=balance.on_hand,
                reserved_after=balance.reserved,
                damaged_after=balance.damaged,
                reason=movement.reason,
                order_id=movement.order_id,
                order_line_id=movement.order_line_id,
                actor_kind=work.actor.kind,
                actor_id=work.actor.id,
                actor_name=work.actor.name,
            )
        )
        balance = balance.after(movement.kind, -movement.quantity)
        sequence -= 1
    return rows[::-1]


def _record_change(work: Work, item: StockItem, gained: int) -> None:
    """Records that the item changed, and that it has become low.

    `gained` units more than before can be promised.
    """
    now = item.balance
    data: dict[str, Any] = {
        "onHand": now.on_hand,
        "reserved": now.reserved,
        "damaged": now.damaged,
        "available": now.available,
    }
    record(work, item, EventKind.STOCK_CHANGED, data=data)
    before = now.available - gained
    was_low = is_low(before, item.incoming, item.reorder_point)
    if item.is_low and not was_low:
        record(work, item, EventKind.STOCK_LOW, data={"available": now.available})
