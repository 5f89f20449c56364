"""The lots that lie on the demo's shelves at the end, as the last stocktaking found them."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from models.catalog import Product
from models.inventory import StockItem
from models.rules.catalog import TrackingPolicy
from models.rules.inventory import MovementKind
from models.tracking import TrackedUnit, UnitMovement, UnitStock
from services.demo.dice import Dice
from services.demo.journal import WAREHOUSE
from services.demo.rows import Rows, made

SHELF_LIFE_DAYS: Final = (60, 400)


def count_lots(
    rows: Rows, dice: Dice, products: list[Product], stock: list[StockItem], at: datetime
) -> None:
    """One lot of each tracked product, with all that is on hand of it in each stock item."""
    there: dict[UUID, list[StockItem]] = defaultdict(list)
    for item in stock:
        if item.on_hand:
            there[item.product_id].append(item)
    for product in products:
        items = there[product.id]
        if product.tracking is not TrackingPolicy.NONE and items:
            lot = _lot(product, len(items), dice, at)
            rows.add_model(lot)
            for table, row in _found(lot.id, items, dice, at):
                rows.add(table, row)


def _lot(product: Product, steps: int, dice: Dice, at: datetime) -> TrackedUnit:
    return made(
        TrackedUnit,
        id=dice.id_at(at),
        product_id=product.id,
        code=f"L{at:%y%m}-{product.sku}"[:64],
        expires_on=(at + timedelta(days=dice.between(*SHELF_LIFE_DAYS))).date(),
        movement_seq=steps,
        created_at=at,
        moved_at=at,
    )


def _found(
    lot_id: UUID, items: list[StockItem], dice: Dice, at: datetime
) -> Iterator[tuple[type[UnitStock | UnitMovement], dict[str, Any]]]:
    for sequence, item in enumerate(items, start=1):
        place = {"unit_id": lot_id, "stock_item_id": item.id, "quantity": item.on_hand}
        counted = {
            "sequence": sequence,
            "at": at,
            "kind": MovementKind.COUNT,
            "supplier_id": None,
            "order_id": None,
            "order_line_id": None,
            "shipment_id": None,
            "return_id": None,
            "actor_kind": WAREHOUSE.kind,
            "actor_id": WAREHOUSE.id,
            "actor_name": WAREHOUSE.name,
        }
        yield UnitStock, {"id": dice.id_at(at), **place, "assigned": 0, "damaged": 0}
        yield UnitMovement, {"id": dice.id_at(at), **place, **counted}
