"""Fields of warehouses and stock, and the root fields that find and change them."""

from datetime import datetime
from functools import partial
from typing import Annotated, Final

import strawberry
from tortoise.expressions import Q

from models.inventory import StockItem, StockMovement, Warehouse
from models.rules.access import Actor
from models.rules.inventory import Balance
from models.rules.text import forms
from resolvers.arguments import Descending, OptionalId, OptionalVersion, StockSearch
from resolvers.context import Info
from resolvers.enums import StockSort
from resolvers.filters.inventory import stock_query, stock_search
from resolvers.finding import Found, find_one
from resolvers.identifiers import input_key, key_of
from resolvers.inputs.inventory import StockChange, StockWhere, TransferLine, WarehouseInput
from resolvers.inputs.sending import sent, to_address
from resolvers.listing import Listing, scope_of
from resolvers.loaders import inventory as loaders
from resolvers.tracking import named_units
from services.inventory.adjust import ChangeStock, adjust_stock
from services.inventory.reorder import SetReorderRule, set_reorder_rule
from services.inventory.transfer import TransferStock, transfer_stock
from services.inventory.warehouses import SaveWarehouse, save_warehouse
from services.work import clock
from services.work.visibility import visible

MAX_WAREHOUSES: Final = 1_000

SORTS: Final = {
    StockSort.SKU: "sort_sku",
    StockSort.NAME: "sort_name",
    StockSort.AVAILABLE: "available",
}
STOCK: Final = Listing(
    table=StockItem, scope="warehouse.stock", sort="id", descending=False, by="warehouse_id"
)
LOW: Final = Listing(
    table=StockItem,
    scope="warehouse.lowStock",
    sort="id",
    descending=False,
    where=Q(is_low=True),
    by="warehouse_id",
)
MOVEMENTS: Final = Listing(
    table=StockMovement,
    scope="stockItem.movements",
    sort="sequence",
    descending=True,
    by="stock_item_id",
)


def stock_of_warehouse(
    low_only: Annotated[
        bool,
        strawberry.argument(description="True: only stock items that are low, as `isLow` has it."),
    ] = False,
) -> Listing:
    return LOW if low_only else STOCK


def movements() -> Listing:
    return MOVEMENTS


def stock_items(
    actor: Actor,
    where: Annotated[
        StockWhere | None,
        strawberry.argument(description="The filter. Without it: all stock items."),
    ] = None,
    search: StockSearch = None,
    sort: Annotated[StockSort, strawberry.argument(description="The sort key.")] = StockSort.SKU,
    desc: Descending = False,
) -> Listing:
    query = stock_query(actor, where)
    if search is not None:
        query &= stock_search(actor, search)
    return Listing(
        table=StockItem,
        scope=scope_of("stockItems", sort, desc, where, search),
        sort=SORTS[sort],
        descending=desc,
        where=query,
    )


async def warehouses(info: Info) -> list[Warehouse]:
    rows = visible(Warehouse, info.context.actor).order_by("priority", "code")
    return await rows.limit(MAX_WAREHOUSES)


def warehouse(
    info: Info,
    id: OptionalId = None,
    code: Annotated[str | None, strawberry.argument(description="The warehouse's code.")] = None,
) -> Found:
    return find_one(info.context, Warehouse, id, None, code=code)


async def stock_item(
    info: Info,
    sku: Annotated[str, strawberry.argument(description="The product's SKU.")],
    warehouse_id: Annotated[strawberry.ID, strawberry.argument(description="The warehouse's id.")],
) -> StockItem | None:
    rows = visible(StockItem, info.context.actor)
    place = key_of("Warehouse", warehouse_id)
    for form in forms(sku):
        if found := await rows.get_or_none(product__sku=form, warehouse_id=place):
            return found
    return None


async def stock_adjust(
    info: Info,
    changes: Annotated[
        list[StockChange],
        strawberry.argument(description="The corrections, 1 to 500. All are made, or none."),
    ],
) -> list[StockItem]:
    commands = tuple(
        ChangeStock(
            sku=change.sku,
            warehouse_id=input_key(
                "Warehouse", change.warehouse_id, ("changes", str(index), "warehouseId")
            ),
            reason=change.reason,
            kind=change.kind,
            delta=change.delta,
            set_to=change.set_to,
            if_on_hand=change.if_on_hand,
            units=named_units(change.units),
        )
        for index, change in enumerate(changes)
    )
    return await adjust_stock(info.context.actor, commands)


async def stock_transfer(
    info: Info,
    from_id: Annotated[
        strawberry.ID,
        strawberry.argument(description="The id of the warehouse that the units leave."),
    ],
    to_id: Annotated[
        strawberry.ID,
        strawberry.argument(
            description="The id of the warehouse that the units go to, another one."
        ),
    ],
    lines: Annotated[
        list[TransferLine],
        strawberry.argument(description="The units by product, 1 to 500 lines. All go, or none."),
    ],
) -> list[StockItem]:
    command = TransferStock(
        from_id=input_key("Warehouse", from_id, ("fromId",)),
        to_id=input_key("Warehouse", to_id, ("toId",)),
        lines=tuple((line.sku, line.quantity) for line in lines),
    )
    return await transfer_stock(info.context.actor, command)


async def reorder_rule_set(
    info: Info,
    stock_item_id: Annotated[
        strawberry.ID, strawberry.argument(description="The stock item's id.")
    ],
    reorder_point: Annotated[
        int, strawberry.argument(description="The reorder point in units, from 0.")
    ],
    reorder_quantity: Annotated[
        int, strawberry.argument(description="The reorder quantity in units, from 0.")
    ],
    safety_stock: Annotated[
        int | None,
        strawberry.argument(description="The safety stock in units, from 0. Null: as it is."),
    ] = None,
) -> list[StockItem]:
    key = input_key("StockItem", stock_item_id, ("stockItemId",))
    command = SetReorderRule(key, reorder_point, reorder_quantity, safety_stock)
    return await set_reorder_rule(info.context.actor, command)


async def balance_at(
    item: strawberry.Parent[StockItem],
    info: Info,
    at: Annotated[
        datetime | None, strawberry.argument(description="The instant. Without it: now.")
    ] = None,
) -> Balance | None:
    load = partial(loaders.balances_at, info.context.actor, at or clock.now())
    found: Balance | None = await info.context.batched(("balance", at), load, item.id)
    return found


async def warehouse_save(
    info: Info,
    input: Annotated[
        WarehouseInput,
        strawberry.argument(description="The warehouse's fields. A field that is left out stays."),
    ],
    id: Annotated[
        strawberry.ID | None,
        strawberry.argument(
            description="The warehouse to change. Without an id a new one is made."
        ),
    ] = None,
    version: OptionalVersion = None,
) -> Warehouse:
    command = SaveWarehouse(
        id=input_key("Warehouse", id, ("id",)) if id else None,
        version=version,
        code=sent(input.code),
        name=sent(input.name),
        address=to_address(input.address),
        priority=sent(input.priority),
    )
    return await save_warehouse(info.context.actor, command)
