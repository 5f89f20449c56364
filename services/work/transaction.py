"""One use case is one transaction: retried after conflicts, all or nothing."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final, ParamSpec, TypeVar

from tortoise.exceptions import ValidationError
from tortoise.transactions import in_transaction

from models.rules.access import Actor
from models.rules.errors import Overloaded, invalid
from services.storage import database, outages
from services.work import clock, feed, idempotency, policy
from services.work.commits import Commits, current_commits, listeners
from services.work.work import Contended, Work

P = ParamSpec("P")
T = TypeVar("T")

ATTEMPTS: Final = 8
FIRST_PAUSE_SECONDS: Final = 0.01

POSTGRES_CONFLICTS: Final = frozenset({"40001", "40P01", "55P03"})
MYSQL_CONFLICTS: Final = frozenset({1020, 1205, 1213, 3101})  # and of MariaDB
SQLITE_CONFLICTS: Final = ("database is locked", "database is busy")
POSTGRES_TAKEN: Final = "23505"
MYSQL_TAKEN: Final = 1062
SQLITE_TAKEN: Final = "UNIQUE constraint failed"


def is_conflict(error: BaseException) -> bool:
    """Whether the database ended a transaction that would succeed if it ran again."""
    if isinstance(error, Contended):
        return True
    if getattr(error, "sqlstate", None) in POSTGRES_CONFLICTS:
        return True
    first = error.args[0] if error.args else None
    if isinstance(first, BaseException):
        return is_conflict(first)
    if first in MYSQL_CONFLICTS:
        return True
    return isinstance(first, str) and any(text in first for text in SQLITE_CONFLICTS)


def is_taken(error: BaseException) -> bool:
    """Whether a unique value was taken meanwhile: a second run will find it and refuse."""
    if getattr(error, "sqlstate", None) == POSTGRES_TAKEN:
        return True
    first = error.args[0] if error.args else None
    if isinstance(first, BaseException):
        return is_taken(first)
    return first == MYSQL_TAKEN or (isinstance(first, str) and SQLITE_TAKEN in first)


async def run(actor: Actor, step: Callable[[Work], Awaitable[T]]) -> T:
    """The result of `step`, its writes committed together with its events.

    A deadlock or serialization failure repeats it, at most `ATTEMPTS` times, with growing pauses.
    So does a unique value that another transaction took meanwhile: the use case then finds it. Any
    exception leaves the database as it was.

    Raises:
        Overloaded: all attempts met conflicts.
    """
    conflict: Exception | None = None
    commits = (None if idempotency.is_claimed() else current_commits.get()) or Commits()
    before = commits.unknown
    for attempt in range(1, ATTEMPTS + 1):
        try:
            async with in_transaction() as connection:
                work = Work(actor, clock.now(), connection, policy.current())
                result = await step(work)
                await feed.enter(work.connection, work.events)
                await work.insert(work.movements, work.events)
                commits.unknown = before + 1
            commits.unknown = before
            commits.kept += 1
            if work.events:
                for listener in listeners:
                    listener()
            return result
        except ValidationError as error:
            # Use cases check the length of stored texts; this is for texts to look up by.
            raise invalid("A text is longer than what is kept there.") from error
        except Exception as error:
            if not outages.is_outage(error) or database.dialect() == "sqlite":
                commits.unknown = before  # the database has answered that nothing is committed
            if not (is_conflict(error) or (is_taken(error) and attempt < ATTEMPTS)):
                raise
            conflict = error
        pause = FIRST_PAUSE_SECONDS * 2**attempt
        await asyncio.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - spreads the retries
    raise Overloaded from conflict
