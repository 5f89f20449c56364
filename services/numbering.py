"""Numbers for people: unique always, and gapless where the law asks for it."""

import asyncio
import operator
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from weakref import WeakKeyDictionary

from tortoise.backends.base.client import BaseDBAsyncClient

from models.numbering import NumberCounter
from models.orders import Order
from models.rules.access import SYSTEM, Actor, Permission
from models.rules.errors import invalid
from models.rules.numbering import MAX_DIGITS, NumberKind, Pattern, Reset
from services import clock, policy
from services.database import connection
from services.order_entry import clean_channel
from services.statements import Statement
from services.transaction import Work, run, use_case

BLOCK: Final = 20
DEFAULT_CHANNEL: Final = "default"

ADVANCE: Final = Statement("UPDATE number_counter SET value = value + ? WHERE scope = ?")
REACHED: Final = Statement("SELECT value FROM number_counter WHERE scope = ?")


class Block:
    """Counts of a scope that this process holds. Who finds none left waits for the next ones."""

    def __init__(self) -> None:
        self._counts: Iterator[int] = iter(())
        self._taking: Final = asyncio.Lock()

    async def next(self, scope: str) -> int:
        """A count that nobody else gets."""
        while (count := next(self._counts, None)) is None:
            async with self._taking:
                await self._take(scope)
        return count

    async def _take(self, scope: str) -> None:
        if operator.length_hint(self._counts):
            return  # somebody who came before has taken some
        # On a new month's first orders MariaDB lets all but one that make the counter deadlock.
        last = await run(SYSTEM, lambda work: _advance(work.connection, scope, BLOCK))
        self._counts = iter(range(last - BLOCK + 1, last + 1))


_blocks: WeakKeyDictionary[BaseDBAsyncClient, dict[str, Block]] = WeakKeyDictionary()


async def reserve(kind: str, pattern: str, at: datetime, channel: str = "") -> str:
    """A unique number of a kind, from a block that this process holds.

    Blocks are taken in a transaction of their own, so that nobody queues behind an order that is
    being placed; what a process does not use up is lost, and so numbers have gaps. Call it outside
    a transaction.
    """
    parsed = Pattern.parse(pattern)
    date = policy.current().local(at).date()
    scope = f"{kind}:{parsed.scope(date, channel)}"
    blocks = _blocks.setdefault(connection(), defaultdict(Block))
    return parsed.format(await blocks[scope].next(scope), date, channel)


async def gapless(
    client: BaseDBAsyncClient, kind: str, pattern: str, at: datetime, channel: str = ""
) -> str:
    """The next number of a kind, taken in the caller's transaction: if that fails, so does this.

    The counter's row stays locked until the commit, so take it late.
    """
    parsed = Pattern.parse(pattern)
    date = policy.current().local(at).date()
    number = await _advance(client, f"{kind}:{parsed.scope(date, channel)}", 1)
    return parsed.format(number, date, channel)


async def of_order(work: Work, kind: NumberKind, order: Order, earlier: int) -> str:
    """The number of a new shipment or return of an order that is locked and has `earlier` ones.

    It is counted in the order where its pattern says so, and nobody waits for anybody; else as
    `gapless`.
    """
    pattern = policy.current().number_pattern(kind)
    if pattern.resets is not Reset.EACH_ORDER:
        return await gapless(work.connection, kind, pattern.text, work.now, order.channel)
    day = policy.current().local(work.now).date()
    return pattern.format(earlier + 1, day, order.channel, order.number)


async def _advance(client: BaseDBAsyncClient, scope: str, count: int) -> int:
    """The counter after it went up by `count`; its row is locked until the transaction ends."""
    if not await ADVANCE.change(client, count, scope):
        await _begin(client, scope)
        await ADVANCE.change(client, count, scope)
    ((value,),) = await REACHED.rows(client, scope)
    return int(value)


async def _begin(client: BaseDBAsyncClient, scope: str) -> None:
    """The counter's row is there; another process may be making the same one."""
    row = NumberCounter(scope=scope, value=0)
    await NumberCounter.bulk_create([row], ignore_conflicts=True, using_db=client)


@dataclass(frozen=True, slots=True)
class Numbering:
    """How a kind is numbered, its next number today, and what each scope has come to."""

    kind: NumberKind
    pattern: Pattern
    example: str
    counters: tuple[tuple[str, int], ...]


async def list_numbering(actor: Actor) -> list[Numbering]:
    """How each kind is numbered; the example is of the channel `default`, where it has one."""
    actor.require(Permission.ORDERS_READ)
    day = policy.current().local(clock.now()).date()
    counters = {row.scope: row.value for row in await NumberCounter.all().order_by("scope")}
    found: list[Numbering] = []
    order = ""
    for kind in NumberKind:
        pattern = policy.current().number_pattern(kind)
        prefix = f"{kind}:"
        count = counters.get(prefix + pattern.scope(day, DEFAULT_CHANNEL), 0) + 1
        example = pattern.format(count, day, DEFAULT_CHANNEL, order)
        order = example if kind is NumberKind.ORDER else order
        own = tuple(
            (scope.removeprefix(prefix), value)
            for scope, value in counters.items()
            if scope.startswith(prefix)
        )
        found.append(Numbering(kind, pattern, example, own))
    return found


@dataclass(frozen=True, slots=True)
class NextNumber:
    """The next number of a scope, and how many numbers before it nobody will get."""

    scope: str
    number: str
    left_out: int


@use_case(Permission.NUMBERS_WRITE)
async def set_next_number(
    work: Work,
    kind: NumberKind,
    count: int,
    day: date | None = None,
    channel: str | None = None,
) -> NextNumber:
    """Count on from `count` in the scope of a channel, else of `default`, and of a day, else today.

    A process that holds a block of order numbers uses it up first.

    Raises:
        InputError: numbers that were given would come twice; the kind is counted in each order; a
            day or channel that its pattern does not ask for, or a count or channel that cannot be.
    """
    pattern = policy.current().number_pattern(kind)
    _check_scope(pattern, day, channel)
    if not 1 <= count < 10**MAX_DIGITS:
        raise invalid(f"A count is 1 to {10**MAX_DIGITS - 1}.", "number")
    channel = clean_channel(channel or DEFAULT_CHANNEL)
    day = day or policy.current().local(work.now).date()
    scope = f"{kind}:{pattern.scope(day, channel)}"
    rows = NumberCounter.filter(scope=scope).using_db(work.connection).select_for_update()
    counter = await rows.get_or_none()
    if counter is None:
        await _begin(work.connection, scope)
        counter = await rows.get()
    if count <= counter.value:
        last = pattern.format(counter.value, day, channel)
        raise invalid(f"Numbers up to {last} were given: they would come twice.", "number")
    left_out = count - 1 - counter.value
    counter.value = count - 1
    await counter.save(update_fields=["value"], using_db=work.connection)
    number = pattern.format(count, day, channel)
    return NextNumber(pattern.scope(day, channel), number, left_out)


def _check_scope(pattern: Pattern, day: date | None, channel: str | None) -> None:
    if pattern.resets is Reset.EACH_ORDER:
        raise invalid(f"{pattern.text} is counted in each order: there is no counter.", "kind")
    if channel is not None and "channel" not in pattern.fields:
        raise invalid(f"{pattern.text} is counted for all channels together.", "channel")
    if day is not None and pattern.resets is Reset.NEVER:
        raise invalid(f"{pattern.text} never counts anew.", "at")
