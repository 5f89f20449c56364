"""Corrections of stock on hand."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from models.inventory import StockItem, Warehouse
from models.rules.access import Permission
from models.rules.catalog import TrackingPolicy
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
from models.rules.inventory import (
    MAX_QUANTITY,
    Balance,
    Movement,
    MovementKind,
    StockChangeKind,
)
from models.rules.text import clean, form_in, key
from models.rules.tracking import NamedUnits
from services.aggregates.backorders import serve, take_promises
from services.aggregates.lots.stored import adjust_units
from services.aggregates.selling import Goods, products_named
from services.aggregates.stock import LOCK, READ_ALL, items_at, move_all
from services.use_case import use_case
from services.work.work import Contended, Work

MAX_CHANGES: Final = 500
Batch = dict[UUID, list[int]]
"""Changes by the stock item that they change, as their places in the input."""


@dataclass(frozen=True)
class ChangeStock:
    """A correction: a `delta`, or `set_to` with the `if_on_hand` that was read, and a reason.

    ADJUST and COUNT change the units on hand, DAMAGE the damaged ones, SCRAP takes damaged units
    away. `units` names those of a tracked product; only DAMAGE can do without.
    """

    sku: str
    warehouse_id: UUID
    reason: str
    kind: StockChangeKind = StockChangeKind.ADJUST
    delta: int | None = None
    set_to: int | None = None
    if_on_hand: int | None = None
    units: tuple[NamedUnits, ...] | None = None


@use_case(Permission.STOCK_WRITE)
async def adjust_stock(work: Work, changes: tuple[ChangeStock, ...]) -> list[StockItem]:
    """The stock items after all changes, in the order of the changes; all of them or none.

    A change that leaves fewer units than are reserved releases reservations of the youngest orders:
    their lines become backordered.

    Raises:
        Refused: an unknown product or warehouse, no reason, an empty or impossible change, units
            that are missing or not in stock.
    """
    if not 1 <= len(changes) <= MAX_CHANGES:
        raise invalid(f"One call makes 1 to {MAX_CHANGES} changes.", "changes")
    goods = await _goods(work, changes)
    places = [
        (product.id, change.warehouse_id) for product, change in zip(goods, changes, strict=True)
    ]
    items = await items_at(work, set(places))
    keys = [items[place].id for place in places]
    products = dict(zip(keys, goods, strict=True))
    for batch in _batches(keys, products):
        await _change(work, changes, batch, products)
    await serve(work)
    now = {item.id: item for item in await READ_ALL.rows(work.connection, keys)}
    return [now[key] for key in dict.fromkeys(keys)]


async def _goods(work: Work, changes: tuple[ChangeStock, ...]) -> list[Goods]:
    """The product of each change.

    Raises:
        Refused: every error that can be found without the stock.
    """
    products = await products_named(work, (change.sku for change in changes))
    warehouses = {change.warehouse_id for change in changes}
    known = await work.rows(Warehouse).in_bulk(warehouses, "id")
    errors: list[DomainError] = []
    goods = []
    for index, change in enumerate(changes):
        path = ("changes", str(index))
        errors += _check(change, path)
        product = products.get(form_in(change.sku, products))
        if product is None:
            errors.append(not_found(f"There is no product {key(change.sku)}.", *path, "sku"))
        elif change.warehouse_id not in known:
            errors.append(not_found("There is no such warehouse.", *path, "warehouseId"))
        else:
            goods.append(product)
    if errors:
        raise Refused(errors)
    return goods


def _batches(keys: Sequence[UUID], products: Mapping[UUID, Goods]) -> list[Batch]:
    """The changes of stock items in batches; the changes of an item are in order.

    An item with tracked units has one change in a batch: the next change needs the units as that
    one left them.
    """
    batches: list[Batch] = []
    earlier: Counter[UUID] = Counter()
    for index, item_id in enumerate(keys):
        batch = 0
        if products[item_id].tracking is not TrackingPolicy.NONE:
            batch = earlier[item_id]
            earlier[item_id] += 1
        if batch == len(batches):
            batches.append(defaultdict(list))
        batches[batch][item_id].append(index)
    return batches


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


async def _change(
    work: Work,
    changes: Sequence[ChangeStock],
    batch: Batch,
    products: Mapping[UUID, Goods],
) -> None:
    """Makes the changes of a batch, the items in the order of their ids, against deadlocks."""
    movements: dict[UUID, list[Movement]] = {}
    for item in await LOCK.rows(work.connection, sorted(batch)):
        drawn, missing = _draw(item, [(index, changes[index]) for index in batch[item.id]])
        if missing:
            await take_promises(work, item, missing)
        movements[item.id] = drawn
    try:
        items = await move_all(work, movements)
    except Contended:
        raise AssertionError("the items were locked") from None
    for item_id, item in items.items():
        for index, movement in zip(batch[item_id], movements[item_id], strict=True):
            path, units = ("changes", str(index)), changes[index].units
            await adjust_units(work, products[item_id], item, movement, units, path)


def _draw(
    item: StockItem, changes: Sequence[tuple[int, ChangeStock]]
) -> tuple[list[Movement], int]:
    """The movements of an item's changes, and the reserved units to release.

    Raises:
        InputError: an empty or impossible change, or an outdated `if_on_hand`.
    """
    balance = item.balance
    movements, missing = [], 0
    for index, change in changes:
        path = ("changes", str(index))
        movement = _movement(balance, change, path)
        balance = balance.after(movement.kind, movement.quantity)
        short = max(0, balance.reserved + balance.damaged - balance.on_hand)
        balance = balance.after(MovementKind.RELEASE, -short)
        missing += short
        movements.append(movement)
    return movements, missing


def _movement(now: Balance, change: ChangeStock, path: Path) -> Movement:
    if change.if_on_hand is not None and change.if_on_hand != now.on_hand:
        message = f"You saw {change.if_on_hand} on hand; there are {now.on_hand}."
        raise InputError(ErrorCode.VERSION_CONFLICT, message, (*path, "ifOnHand"))
    delta = change.delta if change.delta is not None else (change.set_to or 0) - now.on_hand
    if delta == 0 and change.kind is not StockChangeKind.COUNT:
        raise invalid("Nothing would change.", *path, "setTo")
    movement = Movement(MovementKind(change.kind), delta, clean(change.reason))
    after = now.after(movement.kind, delta)
    if after.on_hand < 0 or after.damaged < 0 or after.damaged > after.on_hand:
        message = f"There are {now.on_hand} on hand, {now.damaged} of them damaged."
        raise invalid(message, *path, "delta")
    if after.on_hand > MAX_QUANTITY:
        raise invalid(f"At most {MAX_QUANTITY} on hand.", *path, "delta")
    return movement
