"""Numbers for people: unique, and gapless if the law requires it."""

import asyncio
import operator
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Final
from weakref import WeakKeyDictionary

from tortoise.backends.base.client import BaseDBAsyncClient

from models.numbering import NumberCounter
from models.orders import Order
from models.rules.access import SYSTEM
from models.rules.numbering import NumberKind, Pattern, Reset
from services.storage.database import connection
from services.storage.statements import Query, Statement
from services.work.transaction import run
from services.work.work import Work

BLOCK: Final = 20
DEFAULT_CHANNEL: Final = "default"

ADVANCE: Final = Statement("UPDATE number_counter SET value = value + ? WHERE scope = ?")
REACHED: Final = Query(int, "SELECT value FROM number_counter WHERE scope = ?")


class Block:
    """Counts of a scope that this process has reserved; it takes more when none is left."""

    def __init__(self) -> None:
        self._counts: Iterator[int] = iter(())
        self._taking: Final = asyncio.Lock()

    async def next(self, scope: str) -> int:
        """A count that is given once."""
        while (count := next(self._counts, None)) is None:
            async with self._taking:
                await self._take(scope)
        return count

    async def _take(self, scope: str) -> None:
        if operator.length_hint(self._counts):
            return  # a task before this one has taken a block
        # On a new month's first orders MariaDB ends all but one of the inserts with a deadlock.
        last = await run(SYSTEM, lambda work: _advance(work.connection, scope, BLOCK))
        self._counts = iter(range(last - BLOCK + 1, last + 1))


_blocks: WeakKeyDictionary[BaseDBAsyncClient, dict[str, Block]] = WeakKeyDictionary()


async def reserve(kind: str, pattern: str, day: date, channel: str = "") -> str:
    """A unique number of a kind, from a block that this process has reserved.

    Blocks are taken in a transaction of their own, so that orders do not wait for each other;
    numbers that a process does not use are gaps. Call it outside a transaction.
    """
    parsed = Pattern.parse(pattern)
    scope = f"{kind}:{parsed.scope(day, channel)}"
    blocks = _blocks.setdefault(connection(), defaultdict(Block))
    return parsed.format(await blocks[scope].next(scope), day, channel)


async def gapless(
    client: BaseDBAsyncClient, kind: str, pattern: str, day: date, channel: str = ""
) -> str:
    """The next number of a kind, taken in the caller's transaction: a rollback returns it.

    The counter's row stays locked until the commit, so take it late.
    """
    parsed = Pattern.parse(pattern)
    number = await _advance(client, f"{kind}:{parsed.scope(day, channel)}", 1)
    return parsed.format(number, day, channel)


async def of_order(work: Work, kind: NumberKind, order: Order, earlier: int) -> str:
    """The number of a new shipment or return of a locked order that has `earlier` ones.

    It is counted within the order without waiting, if its pattern says so; otherwise as `gapless`.
    """
    pattern = work.policy.number_pattern(kind)
    if pattern.resets is not Reset.EACH_ORDER:
        return await gapless(work.connection, kind, pattern.text, work.today, order.channel)
    return pattern.format(earlier + 1, work.today, order.channel, order.number)


async def _advance(client: BaseDBAsyncClient, scope: str, count: int) -> int:
    """The counter after adding `count`; its row is locked until the transaction ends."""
    if not await ADVANCE.change(client, count, scope):
        await begin(client, scope)
        await ADVANCE.change(client, count, scope)
    (value,) = await REACHED.rows(client, scope)
    return value


async def begin(client: BaseDBAsyncClient, scope: str) -> None:
    """Makes a missing counter; another process may make the same one."""
    row = NumberCounter(scope=scope, value=0)
    await NumberCounter.bulk_create([row], ignore_conflicts=True, using_db=client)


CUSTOMER_PATTERN: Final = "C-{seq:6}"
