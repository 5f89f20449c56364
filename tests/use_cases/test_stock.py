"""The guard in front of the counters: one statement decides, whatever was read before it."""

import pytest

from models.inventory import StockItem
from models.rules.access import OPEN
from models.rules.inventory import MAX_QUANTITY, Movement, MovementKind, StockChangeKind
from services.aggregates.stock import move
from services.use_case import perform
from services.work.work import Contended, Work
from tests.support.databases import Database
from tests.support.trade import moves, nothing_written, open_trade


class Undo(Exception):
    """Ends a transaction without a trace."""


async def passes(movements: list[Movement], *, promise: bool) -> bool:
    """Whether the guard lets the movements pass; they are undone."""
    item = await StockItem.get()
    passed = []

    async def step(work: Work) -> None:
        try:
            await move(work, item.id, movements, promise=promise)
        except Contended:
            raise Undo from None
        passed.append(True)
        raise Undo

    with pytest.raises(Undo):
        await perform(OPEN, step)
    return bool(passed)


async def test_what_the_guard_lets_pass(database: Database) -> None:
    """Ten on hand, one of them damaged, two promised, four for safety: three can be promised."""
    trade = await open_trade()
    await trade.product("CUP", near=10)
    await trade.adjust("CUP", 1, StockChangeKind.DAMAGE)
    await trade.place(("CUP", 2))
    await StockItem.all().update(safety_stock=4)
    async with nothing_written():
        for kind, quantity, promise, passed in (
            ("RESERVE", 3, True, True),
            ("RESERVE", 4, True, False),
            ("RESERVE", 7, False, True),
            ("RESERVE", 8, False, False),
            ("RELEASE", -2, False, True),
            ("RELEASE", -3, False, False),
            ("SHIP", -2, False, True),
            ("SHIP", -3, False, False),
            ("ADJUST", -7, False, True),
            ("ADJUST", -8, False, False),
            ("RECEIPT", MAX_QUANTITY - 10, False, True),
            ("RECEIPT", MAX_QUANTITY - 9, False, False),
            ("DAMAGE", 7, False, True),
            ("DAMAGE", 8, False, False),
            ("DAMAGE", -1, False, True),
            ("DAMAGE", -2, False, False),
            ("SCRAP", -1, False, True),
            ("SCRAP", -2, False, False),
        ):
            movement = Movement(MovementKind(kind), quantity)
            assert await passes([movement], promise=promise) is passed, (kind, quantity)
        reserve = [Movement(MovementKind.RESERVE, 2)]
        assert await passes(reserve, promise=True)
        assert not await passes(reserve * 2, promise=True)


async def test_several_movements_of_one_item_are_lines_of_their_own(database: Database) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=10)
    item = await StockItem.get()
    both = [Movement(MovementKind.RESERVE, 3), Movement(MovementKind.RELEASE, -1)]
    after = await perform(OPEN, lambda work: move(work, item.id, both))
    assert (after.reserved, after.movement_seq, after.version) == (2, 3, item.version + 1)
    assert await moves("CUP") == [("ADJUST", 10), ("RESERVE", 3), ("RELEASE", -1)]
