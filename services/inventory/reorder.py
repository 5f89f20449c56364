"""Reorder rules: the safety and reorder points of a product in a warehouse."""

from dataclasses import dataclass
from uuid import UUID

from models.inventory import StockItem
from models.rules.access import Permission
from models.rules.errors import (
    invalid,
    not_found,
)
from models.rules.events import EventKind
from models.rules.inventory import MAX_QUANTITY
from services.aggregates.backorders import serve
from services.aggregates.stock import set_derived
from services.use_case import use_case
from services.work.events import record
from services.work.upserts import UNSET, Unset
from services.work.work import Work


@dataclass(frozen=True)
class SetReorderRule:
    """The reorder point, the reorder quantity and the safety stock of a stock item."""

    stock_item_id: UUID
    reorder_point: int
    reorder_quantity: int
    safety_stock: int | Unset | None = UNSET


@use_case(Permission.STOCK_WRITE)
async def set_reorder_rule(work: Work, command: SetReorderRule) -> list[StockItem]:
    """The stock item with its rule, in a list. Less safety stock serves backorders.

    Raises:
        Refused: no such stock item, or numbers below zero or out of range.
    """
    rows = work.rows(StockItem).select_for_update()
    item = await rows.get_or_none(id=command.stock_item_id)
    if item is None:
        raise not_found("There is no such stock item.", "stockItemId")
    safety = command.safety_stock
    kept = item.safety_stock if isinstance(safety, Unset) or safety is None else safety
    for field, value in (
        ("reorderPoint", command.reorder_point),
        ("reorderQuantity", command.reorder_quantity),
        ("safetyStock", kept),
    ):
        if not 0 <= value <= MAX_QUANTITY:
            raise invalid(f"This is 0 to {MAX_QUANTITY}.", field)
    if kept < item.safety_stock:
        work.freed.add(item.product_id)
    item.reorder_point, item.reorder_quantity = command.reorder_point, command.reorder_quantity
    item.safety_stock = kept
    set_derived(item)
    item.version += 1
    item.updated_at = work.now
    data = {"reorderPoint": item.reorder_point, "safetyStock": kept}
    record(work, item, EventKind.STOCK_CHANGED, data=data)
    await item.save(using_db=work.connection)
    await serve(work)
    return [await work.rows(StockItem).get(id=item.id)]
