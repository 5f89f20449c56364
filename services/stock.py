"""The one way by which stock counters change: guarded, in the ledger, and told by an event."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from models.columns import new_id
from models.inventory import StockItem, StockMovement
from models.rules.events import EventKind
from models.rules.inventory import MAX_QUANTITY, Balance, MovementKind, is_low
from services.events import record
from services.statements import Query, Statement, fresh
from services.transaction import Contended, Work

MOVED: Final = """
UPDATE stock_item SET on_hand = on_hand + ?, reserved = reserved + ?, damaged = damaged + ?,
    movement_seq = movement_seq + ?, updated_at = ?,
    version = version + 1, event_seq = event_seq + 1
WHERE id = ? AND on_hand + ? BETWEEN 0 AND ? AND reserved + ? >= 0 AND damaged + ? >= 0
    AND on_hand - reserved - damaged - ? * safety_stock >= ?"""
COLUMNS: Final = (
    *("id", "created_at", "updated_at", "version", "event_seq", "product_id", "warehouse_id"),
    *("on_hand", "reserved", "damaged", "incoming", "safety_stock", "reorder_point"),
    *("reorder_quantity", "movement_seq"),
)
MOVE: Final = Statement(MOVED)
READ: Final = Query("SELECT {columns} FROM stock_item WHERE id = ?", (StockItem, COLUMNS))
MOVE_AND_READ: Final = Query(MOVED + " RETURNING {columns}", (StockItem, COLUMNS))


@dataclass(frozen=True, slots=True)
class Movement:
    """A signed quantity that one stock item gains or loses, and for what."""

    kind: MovementKind
    quantity: int
    reason: str | None = None
    order_id: UUID | None = None
    order_line_id: UUID | None = None


async def move(
    work: Work, stock_item_id: UUID, movements: list[Movement], *, promise: bool = False
) -> StockItem:
    """Apply movements to one stock item by one conditional update; the item as it is after.

    With `promise` the update also holds back damaged units and safety stock: what is reserved must
    have been available. Callers move several items in the order of their ids.

    Raises:
        Contended: the counters do not allow it (any more). Nothing was changed.
    """
    change = total(movements)
    item = await _moved(work, stock_item_id, change, len(movements), promise=promise)
    if change.available > 0:
        work.freed.add(item.product_id)
    work.movements += _ledger(work, item, movements)
    counted = item.event_seq
    item.event_seq -= 1  # the one that the update has counted
    _tell(work, item, change)
    if item.event_seq != counted:
        await item.save(update_fields=["event_seq"], using_db=work.connection)
    return item


async def item_at(work: Work, product_id: UUID, warehouse_id: UUID) -> StockItem:
    """The stock item of a product in a warehouse; one that never was is made with nothing in it."""
    rows = StockItem.filter(product_id=product_id, warehouse_id=warehouse_id)
    found = await rows.using_db(work.connection).first()
    if found is not None:
        return found
    new = StockItem(
        id=new_id(),
        product_id=product_id,
        warehouse_id=warehouse_id,
        created_at=work.now,
        updated_at=work.now,
    )
    # Another process may be making the same row; one of the two inserts is ignored.
    await StockItem.bulk_create([new], ignore_conflicts=True, using_db=work.connection)
    return await rows.using_db(work.connection).get()


def open_with(work: Work, item: StockItem, units: int, reason: str) -> StockMovement:
    """The first count of an item that is not stored yet, as its ledger's first row.

    The item gets the units, and the event of it is recorded; neither is saved here.
    """
    first = Movement(MovementKind.COUNT, units, reason)
    item.on_hand, item.movement_seq = units, 1
    _tell(work, item, total([first]))
    return _ledger(work, item, [first])[0]


def total(movements: list[Movement]) -> Balance:
    """What all movements together add to the counters."""
    sums = Balance(0, 0, 0)
    for movement in movements:
        sums = sums.after(movement.kind, movement.quantity)
    return sums


async def _moved(
    work: Work, stock_item_id: UUID, change: Balance, movements: int, *, promise: bool
) -> StockItem:
    """The item with its counters changed: none below zero, none promised twice.

    Raises:
        Contended: the counters do not allow it.
    """
    values = (
        *(change.on_hand, change.reserved, change.damaged, movements, work.now, stock_item_id),
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
    item: StockItem = found[0][0]
    return item


def _ledger(work: Work, item: StockItem, movements: list[Movement]) -> list[StockMovement]:
    """The movements as ledger rows, the last with the balance that the item has now."""
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


def _tell(work: Work, item: StockItem, change: Balance) -> None:
    """Record that the item changed, and that it has become low where it was not."""
    now = item.balance
    data: dict[str, Any] = {
        "onHand": now.on_hand,
        "reserved": now.reserved,
        "damaged": now.damaged,
        "available": now.available,
    }
    record(work, item, EventKind.STOCK_CHANGED, data=data)
    before = now.available - (change.on_hand - change.reserved - change.damaged)
    was_low = is_low(before, item.incoming, item.reorder_point)
    if not was_low and is_low(now.available, item.incoming, item.reorder_point):
        record(work, item, EventKind.STOCK_LOW, data={"available": now.available})
