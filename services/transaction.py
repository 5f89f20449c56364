"""One use case is one transaction: retried where a database asks for it, all or nothing."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial, wraps
from typing import Concatenate, Final, ParamSpec, TypeVar
from uuid import UUID

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import ValidationError
from tortoise.models import Model
from tortoise.transactions import in_transaction

from models.events import Event
from models.inventory import StockMovement
from models.rules.access import Actor, Permission
from models.rules.errors import Overloaded, invalid
from services import clock, database, feed, idempotency, outages, statements

P = ParamSpec("P")
T = TypeVar("T")

ATTEMPTS: Final = 8
FIRST_PAUSE_SECONDS: Final = 0.01

POSTGRES_CONFLICTS: Final = frozenset({"40001", "40P01", "55P03"})
MARIADB_CONFLICTS: Final = frozenset({1020, 1205, 1213})
SQLITE_CONFLICTS: Final = ("database is locked", "database is busy")
POSTGRES_TAKEN: Final = "23505"
MARIADB_TAKEN: Final = 1062
SQLITE_TAKEN: Final = "UNIQUE constraint failed"

_listeners: list[Callable[[], None]] = []


def on_commit(listener: Callable[[], None]) -> Callable[[], None]:
    """Call `listener` whenever this process has committed events; what ends that.

    It is called from the event loop, must return at once and must not fail.
    """
    _listeners.append(listener)
    return lambda: _listeners.remove(listener)


@dataclass(slots=True)
class Commits:
    """What became of the commits of an operation, without those under a key, which are repeatable.

    `kept` were answered by the database; `unknown` were sent to it, and no answer has come.
    """

    kept: int = 0
    unknown: int = 0


_commits: ContextVar[Commits | None] = ContextVar("commits", default=None)


@contextmanager
def counted(commits: Commits) -> Iterator[None]:
    """Within the block the commits of the task's use cases are counted."""
    token = _commits.set(commits)
    try:
        yield
    finally:
        _commits.reset(token)


class Contended(Exception):
    """Another transaction took what this one had seen; running it again will tell."""


@dataclass(slots=True)
class Work:
    """A transaction under way: who does it, at what time, on which connection.

    `now` is one instant for the whole transaction. Events, and `movements` of the ledger, are
    collected and written just before the commit, and with them everything is there or nothing.
    `freed` are products of which more can be promised than before: before the commit, lines that
    wait for them are served. `relieved` are customers who owe less or may owe more than before:
    what waits for approval and no longer needs it is confirmed. `touched` are the orders that were
    changed so.
    """

    actor: Actor
    now: datetime
    connection: BaseDBAsyncClient
    events: list[Event] = field(default_factory=list)
    movements: list[StockMovement] = field(default_factory=list)
    freed: set[UUID] = field(default_factory=set)
    relieved: set[UUID] = field(default_factory=set)
    touched: set[UUID] = field(default_factory=set)

    @property
    def dialect(self) -> str:
        return self.connection.capabilities.dialect

    async def pause(self) -> None:
        """Let the loop serve others between two pieces of what is long to compute."""
        await asyncio.sleep(0)

    async def insert(self, *groups: Sequence[Model]) -> None:
        """Insert rows, each group of one table, with as few statements as the database takes."""
        await statements.insert(self.connection, *groups)


def is_conflict(error: BaseException) -> bool:
    """Whether the database gave up on a transaction that would succeed if it ran again."""
    if isinstance(error, Contended):
        return True
    if getattr(error, "sqlstate", None) in POSTGRES_CONFLICTS:
        return True
    first = error.args[0] if error.args else None
    if isinstance(first, BaseException):
        return is_conflict(first)
    if first in MARIADB_CONFLICTS:
        return True
    return isinstance(first, str) and any(text in first for text in SQLITE_CONFLICTS)


def is_taken(error: BaseException) -> bool:
    """Whether a unique value was already there: a check that runs again will see that it is."""
    if getattr(error, "sqlstate", None) == POSTGRES_TAKEN:
        return True
    first = error.args[0] if error.args else None
    if isinstance(first, BaseException):
        return is_taken(first)
    return first == MARIADB_TAKEN or (isinstance(first, str) and SQLITE_TAKEN in first)


async def run(actor: Actor, step: Callable[[Work], Awaitable[T]]) -> T:
    """What `step` returns, its writes committed together with the events that it recorded.

    A deadlock or serialization failure runs it again, at most `ATTEMPTS` times, with a pause that
    grows. So does a unique value that another transaction took meanwhile: the use case then finds
    it and can say so. Any exception leaves the database as it was.

    Raises:
        Overloaded: it met with conflicts every time.
    """
    conflict: Exception | None = None
    commits = (None if idempotency.is_claimed() else _commits.get()) or Commits()
    before = commits.unknown
    for attempt in range(1, ATTEMPTS + 1):
        try:
            async with in_transaction() as connection:
                work = Work(actor=actor, now=clock.now(), connection=connection)
                result = await step(work)
                if work.freed or work.relieved:
                    await _serve(work, result)
                await feed.enter(work.connection, work.events)
                await work.insert(work.movements, work.events)
                commits.unknown = before + 1
            commits.unknown = before
            commits.kept += 1
            if work.events:
                for listener in _listeners:
                    listener()
            return result
        except ValidationError as error:
            # What people type is measured by its use case; this is for what they look up by.
            raise invalid("A text is longer than what is kept there.") from error
        except Exception as error:
            if not outages.is_outage(error) or database.dialect() == "sqlite":
                commits.unknown = before  # the database has answered that nothing is kept
            if not (is_conflict(error) or (is_taken(error) and attempt < ATTEMPTS)):
                raise
            conflict = error
        pause = FIRST_PAUSE_SECONDS * 2**attempt
        await asyncio.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - spreads the retries
    raise Overloaded from conflict


async def _serve(work: Work, result: object) -> None:
    """Serve and confirm what waits. An order that is answered with may be among it: it has changed
    again.
    """
    # Here, because what serves them stands on this module.
    from services.approvals import confirm_waiting
    from services.waiting import serve

    await serve(work)
    await confirm_waiting(work)
    if isinstance(result, Model) and result.pk in work.touched:
        await result.refresh_from_db(using_db=work.connection)


UseCase = Callable[Concatenate[Actor, P], Awaitable[T]]


def use_case(
    permission: Permission,
) -> Callable[[Callable[Concatenate[Work, P], Awaitable[T]]], UseCase[P, T]]:
    """Make a function of a `Work` a use case: `await place_order(actor, command)`.

    The actor's permission is required before anything is read; then the function runs in a
    transaction of its own, and only once for the key that its request may have.
    """

    def decorate(function: Callable[Concatenate[Work, P], Awaitable[T]]) -> UseCase[P, T]:
        @wraps(function)
        async def run_as(actor: Actor, /, *args: P.args, **kwargs: P.kwargs) -> T:
            actor.require(permission)
            return await idempotency.once(
                partial(run, actor), lambda work: function(work, *args, **kwargs)
            )

        run_as.permission = permission  # type: ignore[attr-defined]
        return run_as

    return decorate
