"""The feed: assigns positions to events, and reads events by position.

A position is a place in one gapless sequence. On SQLite, where one transaction writes at a time,
the transaction itself assigns it. Elsewhere transactions commit in another order than they began,
so a reader of "greater than the last id" would lose events: there the holder of a lease numbers
committed events.
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
    """Gives the events of a transaction their positions just before its commit, on SQLite.

    It does not save them.
    """
    if events and connection.capabilities.dialect == "sqlite":
        last = await advance(connection, len(events))
        for position, event in enumerate(events, start=last - len(events) + 1):
            event.position = position


async def advance(connection: BaseDBAsyncClient, count: int) -> int:
    """Takes the next `count` positions for the caller's transaction; returns the last of them.

    The feed's row stays locked until the transaction ends, so positions are committed in order.
    """
    await ADVANCE.change(connection, count, FEED_ID)
    return await last_position(connection)


async def last_position(connection: BaseDBAsyncClient | None = None) -> int:
    """The greatest assigned position, 0 for an empty feed."""
    (position,) = await LAST.rows(connection or database.connection(), FEED_ID)
    return position


async def after(position: int, limit: int) -> list[Event]:
    """The events after a position, in order, at most `limit`."""
    # unscoped: the feed is read once for all subscribers, and checked for each of them
    return await Event.filter(position__gt=position).order_by("position").limit(limit)


async def acquire(holder: str, now: datetime, seconds: float) -> int | None:
    """Takes or extends the lease until `seconds` from now; its fence, or None if another holds it.

    A new holder gets a new fence, so that `number` refuses a former holder that has lost the lease
    without noticing.
    """
    until = now + timedelta(seconds=seconds)
    kept = await Feed.filter(id=FEED_ID, holder=holder, held_until__gt=now).update(held_until=until)
    if not kept:
        free = Feed.filter(Q(holder__isnull=True) | Q(held_until__lte=now), id=FEED_ID)
        await free.update(holder=holder, held_until=until, fence=F("fence") + 1)
    # A second call at the same instant changes nothing, which MariaDB reports as no row.
    row = await Feed.get(id=FEED_ID)
    return row.fence if row.holder == holder and row.held_until >= until else None


async def release(holder: str) -> None:
    """Releases the lease, so that the next holder need not wait for its end."""
    await Feed.filter(id=FEED_ID, holder=holder).update(holder=None, held_until=None)


async def number(fence: int) -> int:
    """Gives the next positions to committed events without one; returns their number.

    Returns 0 if there are none, or if the fence is not the lease's any more.
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
    """Committed events without a position, roughly by time, each subject's events in their order.

    Ids follow the clocks of several hosts; only a subject's own sequence is exact. A limited batch
    is extended to all events of its subjects, so that no event overtakes an earlier one.
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
