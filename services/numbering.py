"""Numbers for people: unique always, and gapless where the law asks for it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final
from weakref import WeakKeyDictionary

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.expressions import F

from models.numbering import NumberCounter
from models.rules.access import SYSTEM
from models.rules.numbering import Pattern
from services import policy
from services.database import connection
from services.transaction import run

BLOCK: Final = 20

_blocks: WeakKeyDictionary[BaseDBAsyncClient, dict[str, Iterator[int]]] = WeakKeyDictionary()


async def reserve(kind: str, pattern: str, at: datetime, channel: str = "") -> str:
    """A unique number of a kind, from a block that this process holds.

    Blocks are taken in a transaction of their own, so that nobody queues behind an order that is
    being placed; what a process does not use up is lost, and so numbers have gaps. Call it outside
    a transaction.
    """
    parsed = Pattern.parse(pattern)
    date = policy.current().local(at).date()
    scope = f"{kind}:{parsed.scope(date, channel)}"
    blocks = _blocks.setdefault(connection(), {})
    number = next(blocks.get(scope, iter(())), None)
    if number is None:
        # On a new month's first orders MariaDB lets all but one that make the counter deadlock.
        last = await run(SYSTEM, lambda work: _advance(work.connection, scope, BLOCK))
        blocks[scope] = iter(range(last - BLOCK + 1, last + 1))
        number = next(blocks[scope])
    return parsed.format(number, date, channel)


async def gapless(client: BaseDBAsyncClient, kind: str, pattern: str, at: datetime) -> str:
    """The next number of a kind, taken in the caller's transaction: if that fails, so does this.

    The counter's row stays locked until the commit, so take it late.
    """
    parsed = Pattern.parse(pattern)
    date = policy.current().local(at).date()
    number = await _advance(client, f"{kind}:{parsed.scope(date, '')}", 1)
    return parsed.format(number, date, "")


async def _advance(client: BaseDBAsyncClient, scope: str, count: int) -> int:
    """The counter after it went up by `count`; its row is locked until the transaction ends."""
    counter = NumberCounter.filter(scope=scope).using_db(client)
    if not await counter.update(value=F("value") + count):
        await NumberCounter.bulk_create(
            [NumberCounter(scope=scope, value=0)], ignore_conflicts=True, using_db=client
        )
        await counter.update(value=F("value") + count)
    value: int = (await counter.get()).value
    return value
