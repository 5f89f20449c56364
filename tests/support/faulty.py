"""Servers with a fault planted in their stock guard, to see that tests find it."""

import asyncio
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import replace
from typing import Any
from uuid import UUID

from starlette.applications import Starlette

import services.placing
import services.promising
import services.reserving
from graph.server.app import create_app
from models.inventory import StockItem
from models.rules.allocation import StockRow
from services import stock
from services.transaction import Contended, Work

THINKING_SECONDS = 0.05
"""Between reading and writing, so that a machine of any speed shows what the guard lets through."""

_seen: ContextVar[dict[UUID, int] | None] = ContextVar("seen", default=None)


async def _naive_move(
    work: Work, stock_item_id: UUID, movements: list[stock.Movement], *, promise: bool = False
) -> StockItem:
    """What a naive guard does: read, decide, write what was decided."""
    item = await StockItem.get(id=stock_item_id, using_db=work.connection)
    early = _seen.get()
    reserved = item.reserved if early is None else early[stock_item_id]
    change = stock.total(movements)
    if item.on_hand - reserved < change.reserved:
        raise Contended
    await asyncio.sleep(THINKING_SECONDS)
    item.reserved = reserved + change.reserved
    item.version += 1
    await item.save(update_fields=["reserved", "version"], using_db=work.connection)
    return item


def naive() -> Starlette:
    """Stock is read and then written, in one transaction."""
    vars(services.reserving)["move"] = _naive_move
    return create_app()


def early() -> Starlette:
    """Stock, of which there is one unit, is read before the transaction and written in it."""
    vars(services.reserving)["move"] = _naive_move
    look = vars(services.promising)["stock_rows"]
    place_order = services.placing.place_order

    async def look_no_more(work: Work, products: Iterable[UUID]) -> list[StockRow]:
        early = _seen.get() or {}
        return [
            replace(row, available=1 - early[row.stock_item_id])
            for row in await look(work, products)
        ]

    async def place_after_a_look(*arguments: Any) -> Any:
        _seen.set({item.id: item.reserved for item in await StockItem.all()})
        await asyncio.sleep(THINKING_SECONDS)
        return await place_order(*arguments)

    vars(services.promising)["stock_rows"] = look_no_more
    vars(services.placing)["place_order"] = place_after_a_look
    return create_app()
