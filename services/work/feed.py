"""The feed: events get their positions here, and are read from here.

A position is a place in one gapless sequence. On SQLite, where only one transaction writes at a
time, it is given in the transaction itself. Elsewhere transactions commit in another order than
they began, so a reader that asks for "greater than the last I saw" would lose some: there the
holder of a lease numbers what is committed.
"""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.expressions import F, Q
from tortoise.transactions import in_transaction

from models.events import Event, Feed
from services.storage import database
from services.storage.statements import Query, Statement

FEED_ID: Final = 1
BATCH: Final = 1000
ADVANCE: Final = Statement("UPDATE feed SET last_position = last_position + ? WHERE id = ?")
LAST: Final = Query(int, "SELECT last_position FROM feed WHERE id = ?")


async def enter(connection: BaseDBAsyncClient, events: list[Event]) -> None:
    """Give their positions to events of a transaction that is about to commit, on SQLite.

    They are not saved here.
    """
    if events and connection.capabilities.dialect == "sqlite":
        last = await advance(connection, len(events))
        for position, event in enumerate(events, start=last - len(events) + 1):
            event.position = position


async def advance(connection: BaseDBAsyncClient, count: int) -> int:
    """Take the next `count` positions for the caller's transaction; the last of them.

    The feed's row stays locked until that transaction ends, so that positions are committed in
    their order.
    """
    await ADVANCE.change(connection, count, FEED_ID)
    return await last_position(connection)


async def last_position(connection: BaseDBAsyncClient | None = None) -> int:
    """The greatest position that was given out, 0 for an empty feed."""
    (position,) = await LAST.rows(connection or database.connection(), FEED_ID)
    return position


async def after(position: int, limit: int) -> list[Event]:
    """The events that follow a position, in order, at most `limit`."""
    # unscoped: the feed is read once for all subscribers, and checked for each of them
    return await Event.filter(position__gt=position).order_by("position").limit(limit)


async def acquire(holder: str, now: datetime, seconds: float) -> int | None:
    """Take or keep the lease until `seconds` from now; its fence, or None where another holds it.

    A new holder gets a new fence, so that a holder which lost the lease without noticing is
    refused by `number`.
    """
    until = now + timedelta(seconds=seconds)
    kept = await Feed.filter(id=FEED_ID, holder=holder, held_until__gt=now).update(held_until=until)
    if not kept:
        free = Feed.filter(Q(holder__isnull=True) | Q(held_until__lte=now), id=FEED_ID)
        await free.update(holder=holder, held_until=until, fence=F("fence") + 1)
    # Who asks twice at one instant changes nothing, which MariaDB tells as no row.
    row = await Feed.get(id=FEED_ID)
    return row.fence if row.holder == holder and row.held_until >= until else None


async def release(holder: str) -> None:
    """Give the lease back, so that the next holder need not wait for its end."""
    await Feed.filter(id=FEED_ID, holder=holder).update(holder=None, held_until=None)


async def number(fence: int) -> int:
    """Give the next positions to committed events that have none; how many got one.

    Returns 0 where there are none, or where the fence is no longer the lease's.
    """
    async with in_transaction() as connection:
        waiting = await _unnumbered(connection)
        if not waiting:
            return 0
        owned = Feed.filter(id=FEED_ID, fence=fence).using_db(connection)
        if not await owned.update(last_position=F("last_position") + len(waiting)):
            return 0
        last = await last_position(connection)
        for position, event in enumerate(waiting, start=last - len(waiting) + 1):
            event.position = position
        await Event.bulk_update(waiting, ["position"], batch_size=200, using_db=connection)
    return len(waiting)


async def _unnumbered(connection: BaseDBAsyncClient) -> list[Event]:
    """Committed events without a position, about in order of time, each subject's in their order.

    Ids follow the clocks of several hosts; only a subject's own sequence is exact. A batch that
    was cut takes in all that its subjects have, so that no event overtakes an earlier one.
    """
    # unscoped: the relay numbers all events
    waiting = Event.filter(position__isnull=True).using_db(connection)
    batch = await waiting.order_by("id").limit(BATCH).only("id", "subject_id", "subject_seq")
    if len(batch) == BATCH:
        subjects = list({event.subject_id for event in batch})
        batch = (
            await waiting.filter(subject_id__in=subjects)
            .order_by("id")
            .only("id", "subject_id", "subject_seq")
        )
    queues: dict[UUID, list[Event]] = defaultdict(list)
    for event in sorted(batch, key=lambda event: event.subject_seq, reverse=True):
        queues[event.subject_id].append(event)
    return [queues[event.subject_id].pop() for event in batch]
