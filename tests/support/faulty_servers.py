"""Servers with one planted fault each, to see that tests find it."""

import asyncio
from collections.abc import Mapping
from contextvars import ContextVar
from functools import partial
from typing import Any
from uuid import UUID

from starlette.applications import Starlette

import services.aggregates.credit
import services.aggregates.orders
import services.aggregates.reservations
import services.orders.act
import services.orders.edit
import services.orders.goods
import services.orders.place
import services.work.idempotency
from graph.server.app import create_app
from models.customers import Customer
from models.idempotency import IdempotencyKey
from models.inventory import StockItem
from models.orders import Order
from models.rules.access import OPEN
from models.rules.allocation import StockRow
from models.rules.credit import Share
from models.rules.inventory import Movement
from services.aggregates import stock
from services.aggregates.reservations import Counters
from services.use_case import perform
from services.work.idempotency import Claim
from services.work.work import Contended, Work

THINKING_SECONDS = 0.05
"""Between reading and writing, so that a machine of any speed shows what the guard lets through."""

_seen: ContextVar[dict[UUID, int] | None] = ContextVar("seen", default=None)


async def _naive_move(
    work: Work, movements: Mapping[UUID, list[Movement]], *, promise: bool = False
) -> dict[UUID, StockItem]:
    """What a naive guard does: read, decide, write what was decided."""
    items = {}
    for stock_item_id, some in movements.items():
        item = await StockItem.get(id=stock_item_id, using_db=work.connection)
        early = _seen.get()
        reserved = item.reserved if early is None else early[stock_item_id]
        change = stock.total(some)
        if item.on_hand - reserved < change.reserved:
            raise Contended
        await asyncio.sleep(THINKING_SECONDS)
        item.reserved = reserved + change.reserved
        item.version += 1
        await item.save(update_fields=["reserved", "version"], using_db=work.connection)
        items[stock_item_id] = item
    return items


def naive() -> Starlette:
    """Stock is read and then written, in one transaction."""
    vars(services.aggregates.reservations)["move_all"] = _naive_move
    return create_app()


def early() -> Starlette:
    """Stock, of which there is one unit, is read before the transaction and written in it."""
    vars(services.aggregates.reservations)["move_all"] = _naive_move
    look = vars(services.orders.goods)["stock_row"]
    place_order = services.orders.place.place_order

    def look_no_more(item: Counters, priority: int, *, released: int = 0) -> StockRow:
        early = _seen.get() or {}
        row: StockRow = look(item, priority)
        return row._replace(available=1 - early[item.id])

    async def place_after_a_look(*arguments: Any) -> Any:
        _seen.set({item.id: item.reserved for item in await StockItem.all()})
        await asyncio.sleep(THINKING_SECONDS)
        return await place_order(*arguments)

    vars(services.orders.goods)["stock_row"] = look_no_more
    vars(services.orders.place)["place_order"] = place_after_a_look
    return create_app()


async def _twice(run_step: Any, step: Any) -> Any:
    """What is put around a use case where it knows of no keys: look, do it, and note it down."""
    claim = services.work.idempotency._claims.get()
    if claim is None:
        return await run_step(step)
    known = IdempotencyKey.filter(principal=claim.principal, key=claim.key)
    if await known.exists():
        return await run_step(lambda work: services.work.idempotency._replay(work, claim))
    await asyncio.sleep(THINKING_SECONDS)
    done = await run_step(step)
    await perform(OPEN, partial(_note_down, claim, done))
    return done


async def _note_down(claim: Claim, done: Any, work: Work) -> None:
    outcome = services.work.idempotency._outcome(done)
    row = IdempotencyKey(
        principal=claim.principal,
        key=claim.key,
        field=claim.field,
        fingerprint=claim.fingerprint,
        outcome=outcome,
        created_at=work.now,
    )
    await IdempotencyKey.bulk_create([row], ignore_conflicts=True, using_db=work.connection)


def forgetful() -> Starlette:
    """A key is written after what was done under it, in a transaction of its own."""
    vars(services.work.idempotency)["once"] = _twice
    return create_app()


_owed: ContextVar[int] = ContextVar("owed")


async def _add_after_a_look(work: Work, order: Order, change: Share) -> bool:
    customer = await Customer.get(id=order.customer_id, using_db=work.connection)
    limit = customer.credit_limit_minor
    if limit is not None and _owed.get() + change.credit_minor > limit:
        return False
    await services.aggregates.credit._add(work, order.customer_id, change)
    return True


def generous() -> Starlette:
    """What a customer owes is looked at before the transaction, and added to in it."""
    place_order = services.orders.place.place_order

    async def place_after_a_look(actor: Any, command: Any) -> Any:
        _owed.set((await Customer.get(id=command.customer_id)).credit_used_minor)
        await asyncio.sleep(THINKING_SECONDS)
        return await place_order(actor, command)

    vars(services.aggregates.credit)["_add_within"] = _add_after_a_look
    vars(services.orders.place)["place_order"] = place_after_a_look
    return create_app()


def blind() -> Starlette:
    """Nobody asks which version a writer saw."""
    for module in (services.aggregates.orders, services.orders.act, services.orders.edit):
        vars(module)["check_version"] = lambda _order, _version: None
    return create_app()
