"""Relations of stock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter, itemgetter
from typing import Any, Final
from uuid import UUID

from models.inventory import Reservation, StockItem, StockMovement, Warehouse
from models.rules.access import Actor
from models.rules.inventory import Balance
from resolvers.loaders.relation import Computed, ToMany, ToOne, chunks
from resolvers.metering import Meter
from services.storage.select import Names, Select
from services.work.visibility import scope, visible

BALANCES: Final = ("on_hand_after", "reserved_after", "damaged_after")

warehouse: Final = ToOne(Warehouse, key="warehouse_id")
stock_item: Final = ToOne(StockItem, key="stock_item_id")
stock_of_product: Final = ToMany(StockItem, by="product_id", order=("warehouse_id",))


@dataclass(frozen=True)
class ByPriority(ToMany):
    """Stock items in the order in which their warehouses serve."""

    async def load(
        self,
        actor: Actor,
        keys: Sequence[Any],
        columns: Names | None = None,
        meter: Meter | None = None,
    ) -> list[list[Any]]:
        """The stock items of each key, by the priority of their warehouses."""
        needed = None if columns is None else (*columns, "id", "warehouse_id")
        found = await super().load(actor, keys, needed, meter)
        read: Any = attrgetter("id", "warehouse_id") if needed is None else itemgetter(-3, -2)
        places = list(dict.fromkeys(read(item)[1] for items in found for item in items))
        rows = await warehouse.load(actor, places, ("priority",))
        priority = {place: row[0] if row else 0 for place, row in zip(places, rows, strict=True)}

        def rank(item: Any) -> tuple[int, UUID]:
            key, place = read(item)
            return priority[place], key

        return [sorted(items, key=rank) for items in found]


served_stock_of_product: Final = ByPriority(StockItem, by="product_id", order=())
reservations_of_line: Final = ToMany(Reservation, by="order_line_id", order=("stock_item_id",))


async def _held_until(actor: Actor, orders: Sequence[UUID]) -> list[datetime | None]:
    """The end of each draft's temporary reservations, or None without any."""
    found: dict[UUID, datetime] = {}
    for chunk in chunks(orders):
        held = visible(Reservation, actor).filter(order_line__order_id__in=chunk)
        rows = held.exclude(expires_at=None).distinct()
        found.update(await rows.values_list("order_line__order_id", "expires_at"))
    return [found.get(key) for key in orders]


async def warehouses_of_stock(actor: Actor, items: Sequence[UUID]) -> list[Any]:
    """The warehouse of each stock item."""
    found = await stock_item.load(actor, items)
    return await warehouse.load(actor, [item.warehouse_id if item else None for item in found])


async def balances_at(actor: Actor, at: datetime, items: Sequence[UUID]) -> list[Balance | None]:
    """Each stock item's counters at an instant by its ledger; None before its first movement."""
    found: dict[UUID, Balance] = {}
    condition = scope(StockMovement, actor)
    if condition is None:
        return [None] * len(items)
    for chunk in chunks(items):
        select = Select(StockMovement, ("stock_item_id", *BALANCES))
        select.among("stock_item_id", chunk)
        select.matching(condition)
        select.conditions.append(f"{select.name('at')} <= {select.value(select.encoded('at', at))}")
        ranked = select.ranked("stock_item_id", ("-sequence",))
        rows = await select.rows(f"SELECT {select.columns} FROM ({ranked}) ranked WHERE place = 1")
        found.update({row[0]: Balance(*row[1:]) for row in rows})
    return [found.get(key) for key in items]


held_until_of_order: Final = Computed(_held_until)
warehouse_of_stock: Final = Computed(warehouses_of_stock, key="stock_item_id")
