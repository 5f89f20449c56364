"""Mutations under an idempotency key: done once, and answered again.

The key's row is written in the transaction of the mutation. So both are committed or neither, at
any crash; and a refusal, which changes nothing, leaves the key free.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar
from uuid import UUID

import orjson
from tortoise import Tortoise
from tortoise.models import Model

from models.columns import new_id
from models.idempotency import IdempotencyKey
from models.rules.errors import DomainError, ErrorCode
from services.storage.database import APP
from services.storage.rows import fresh, insert_new
from services.storage.statements import Statement

if TYPE_CHECKING:
    from services.work.work import Work


T = TypeVar("T")

KEPT_FOR: Final = timedelta(days=7)
WAIT_SECONDS: Final = 5.0
"""The longest wait for another request with the same key, before IN_PROGRESS."""

END: Final = Statement("UPDATE idempotency SET outcome = ? WHERE id = ?")


@dataclass(slots=True)
class Claim:
    """A request's claim of a key: its field and the fingerprint of its input, for a principal.

    `replayed` says afterwards that an earlier request made the change.
    """

    principal: str
    key: str
    field: str
    fingerprint: str
    taken: bool = False
    replayed: bool = False


_claims: ContextVar[Claim | None] = ContextVar("claims", default=None)
_running: dict[tuple[str, str], asyncio.Event] = {}


@contextmanager
def claimed(claim: Claim | None) -> Iterator[None]:
    """Runs the task's next use case in the block under the key, if there is one."""
    token = _claims.set(claim)
    try:
        yield
    finally:
        _claims.reset(token)


def is_claimed() -> bool:
    """Whether the task runs under a key, so that it may be repeated."""
    return _claims.get() is not None


async def once(run: Callable[[Callable[["Work"], Awaitable[T]]], Awaitable[T]], step: Any) -> T:
    """The result of `run` for a step, under the task's claim if there is one.

    Raises:
        DomainError: KEY_REUSED: the key was used for other input. IN_PROGRESS: another request with
            the key has not ended within 5 s.
    """
    claim = _claims.get()
    if claim is None or claim.taken:
        return await run(step)
    claim.taken = True
    name = (claim.principal, claim.key)
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while (other := _running.get(name)) is not None:
                await other.wait()
    except TimeoutError:
        raise _in_progress() from None
    ended = _running[name] = asyncio.Event()
    try:
        return await run(lambda work: _under(work, claim, step))
    finally:
        del _running[name]
        ended.set()


async def _under(work: "Work", claim: Claim, step: Callable[["Work"], Awaitable[Any]]) -> Any:
    claim.replayed = False
    key = new_id()
    try:
        # Another process that has inserted the key, and has not committed, blocks this insert.
        async with asyncio.timeout(WAIT_SECONDS):
            is_new = await _insert(work, claim, key)
    except TimeoutError:
        raise _in_progress() from None
    if not is_new:
        return await _replay(work, claim)
    done = await step(work)
    outcome = orjson.dumps(_outcome(done)).decode()
    await END.change(work.connection, outcome, key)
    return done


async def _insert(work: "Work", claim: Claim, key: UUID) -> bool:
    """Whether the key was free; then it is stored."""
    row = fresh(
        IdempotencyKey,
        id=key,
        principal=claim.principal,
        key=claim.key,
        field=claim.field,
        fingerprint=claim.fingerprint,
        created_at=work.now,
    )
    return await insert_new(work.connection, row)


async def _replay(work: "Work", claim: Claim) -> Any:
    """The objects that were changed under the key, as they are now."""
    rows = IdempotencyKey.filter(principal=claim.principal, key=claim.key)
    row = await rows.using_db(work.connection).get()
    if (row.field, row.fingerprint) != (claim.field, claim.fingerprint):
        message = f"The key was used for another {row.field}."
        raise DomainError(ErrorCode.KEY_REUSED, message)
    claim.replayed = True
    table: type[Model] = Tortoise.apps[APP][row.outcome["table"]]
    wanted = [UUID(hex=each) for each in row.outcome["ids"]]
    found = {each.pk: each for each in await work.rows(table).filter(id__in=wanted)}
    if row.outcome["one"]:
        return found.get(wanted[0])
    return [found[each] for each in wanted if each in found]


def _outcome(done: Any) -> dict[str, Any]:
    objects = done if isinstance(done, list) else [done]
    return {
        "table": type(objects[0]).__name__,
        "ids": [each.pk.hex for each in objects],
        "one": not isinstance(done, list),
    }


def _in_progress() -> DomainError:
    message = "An earlier request with this key has not ended. Send it again."
    return DomainError(ErrorCode.IN_PROGRESS, message)


async def forget(now: datetime, limit: int = 1_000) -> int:
    """Deletes keys older than a week, at most `limit`; returns their number."""
    old = IdempotencyKey.filter(created_at__lt=now - KEPT_FOR).order_by("created_at").limit(limit)
    keys = await old.values_list("id", flat=True)
    if keys:
        await IdempotencyKey.filter(id__in=keys).delete()
    return len(keys)
