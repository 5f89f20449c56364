"""Use cases: permission, once for each key, one transaction, backorders served before it ends."""

from collections.abc import Awaitable, Callable
from functools import partial, wraps
from typing import Concatenate

from tortoise.models import Model

from models.rules.access import Actor, Permission
from services.aggregates.approvals import confirm_waiting
from services.aggregates.backorders import serve
from services.work import idempotency
from services.work.transaction import P, T, run
from services.work.work import Work

UseCase = Callable[Concatenate[Actor, P], Awaitable[T]]


async def perform(actor: Actor, step: Callable[[Work], Awaitable[T]]) -> T:
    """What `step` returns, committed together with all that its changes let others have.

    Before the commit, units that became free serve the backorders that wait for them, and orders
    that waited for approval and no longer need it are confirmed. Everything above this module
    writes through it: `transaction.run` alone would leave those waiting.

    Raises:
        Overloaded: it met with conflicts every time.
    """

    async def served(work: Work) -> T:
        result = await step(work)
        if work.freed or work.relieved:
            await _serve(work, result)
        return result

    return await run(actor, served)


async def _serve(work: Work, result: object) -> None:
    """Serve and confirm. An order that is answered with may be among them: it has changed again."""
    await serve(work)
    await confirm_waiting(work)
    if isinstance(result, Model) and result.pk in work.touched:
        # unscoped: the object in hand
        await result.refresh_from_db(using_db=work.connection)


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
                partial(perform, actor), lambda work: function(work, *args, **kwargs)
            )

        run_as.permission = permission  # type: ignore[attr-defined]
        return run_as

    return decorate
