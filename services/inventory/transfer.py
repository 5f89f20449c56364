"""Transfers of stock between warehouses."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from models.inventory import StockItem, Warehouse
from models.rules.access import Permission
from models.rules.errors import (
    DomainError,
    Refused,
    StockShortage,
    invalid,
    not_found,
)
from models.rules.inventory import MAX_QUANTITY, Movement, MovementKind
from models.rules.text import form_in, key
from services.aggregates.backorders import serve
from services.aggregates.lots.stored import transfer_units
from services.aggregates.selling import Goods, products_named
from services.aggregates.stock import READ_ALL, items_at, move_all
from services.use_case import use_case
from services.work.work import Contended, Work

MAX_LINES: Final = 500


@dataclass(frozen=True)
class TransferStock:
    """Units by SKU to move from one warehouse to another."""

    from_id: UUID
    to_id: UUID
    lines: tuple[tuple[str, int], ...]


@use_case(Permission.STOCK_WRITE)
async def transfer_stock(work: Work, command: TransferStock) -> list[StockItem]:
    """The stock items after the transfer: for each line its source, then its destination.

    Reserved and damaged units stay; units of the safety stock may go.

    Raises:
        Refused: unknown warehouses or products, quantities below 1, a StockShortage for each line
            without enough units.
    """
    if not 1 <= len(command.lines) <= MAX_LINES:
        raise invalid(f"One transfer has 1 to {MAX_LINES} lines.", "lines")
    if command.from_id == command.to_id:
        raise invalid("The goods are there already.", "toId")
    start = await _warehouse(work, command.from_id, "fromId")
    end = await _warehouse(work, command.to_id, "toId")
    products = await _products(work, command)
    units: dict[UUID, int] = defaultdict(int)
    for sku, quantity in command.lines:
        units[products[form_in(sku, products)].id] += quantity
    items = await items_at(
        work, {(key, warehouse.id) for key in units for warehouse in (start, end)}
    )
    leaving = {key: items[key, start.id] for key in units}
    arriving = {key: items[key, end.id] for key in units}
    movements: dict[UUID, list[Movement]] = {}
    for product_id, count in units.items():
        out = Movement(MovementKind.TRANSFER_OUT, -count, f"to {end.code}")
        movements[leaving[product_id].id] = [out]
        into = Movement(MovementKind.TRANSFER_IN, count, f"from {start.code}")
        movements[arriving[product_id].id] = [into]
    try:
        await move_all(work, movements)
    except Contended:
        raise await _shortage(work, command, products, start) from None
    await transfer_units(
        work, [(key, leaving[key].id, arriving[key].id, count) for key, count in units.items()]
    )
    await serve(work)
    keys = [products[form_in(sku, products)].id for sku, _ in command.lines]
    wanted = [items[key].id for key in dict.fromkeys(keys) for items in (leaving, arriving)]
    found = {item.id: item for item in await READ_ALL.rows(work.connection, wanted)}
    return [found[key] for key in wanted]


async def _warehouse(work: Work, key: UUID, field: str) -> Warehouse:
    warehouse = await work.rows(Warehouse).get_or_none(id=key)
    if warehouse is None:
        raise not_found("There is no such warehouse.", field)
    return warehouse


async def _products(work: Work, command: TransferStock) -> dict[str, Goods]:
    products = await products_named(work, (sku for sku, _ in command.lines))
    errors: list[DomainError] = []
    for index, (sku, quantity) in enumerate(command.lines):
        path = ("lines", str(index))
        if form_in(sku, products) not in products:
            errors.append(not_found(f"There is no product {key(sku)}.", *path, "sku"))
        if not 1 <= quantity <= MAX_QUANTITY:
            errors.append(invalid(f"A quantity is 1 to {MAX_QUANTITY}.", *path, "quantity"))
    if errors:
        raise Refused(errors)
    return products


async def _shortage(
    work: Work, command: TransferStock, products: dict[str, Goods], start: Warehouse
) -> Refused:
    """The shortages of the lines, or `Contended` if the stock has changed meanwhile."""
    ids = [product.id for product in products.values()]
    # unscoped: the stock that was to move, of a warehouse and products that the actor sees
    rows = StockItem.filter(warehouse_id=start.id, product_id__in=ids).using_db(work.connection)
    free = {item.product_id: item.on_hand - item.reserved - item.damaged for item in await rows}
    errors: list[DomainError] = []
    for index, (sku, quantity) in enumerate(command.lines):
        product_id = products[form_in(sku, products)].id
        left = max(0, free.get(product_id, 0))
        if quantity > left:
            path = ("lines", str(index), "quantity")
            errors.append(StockShortage(form_in(sku, products), quantity, left, path, start.id))
        free[product_id] = left - quantity
    if not errors:
        raise Contended
    return Refused(errors)
