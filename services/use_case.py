"""Use cases: permission, once for each key, one transaction, backorders served before its end."""

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
    """The result of `step`, committed together with its effects on backorders and approvals.

    Before the commit, freed units serve the backorders of their products, and orders that no longer
    need approval are confirmed. Each use case writes through it: `transaction.run` alone would
    leave those waiting.

    Raises:
        Overloaded: all attempts met conflicts.
    """

    async def served(work: Work) -> T:
        result = await step(work)
        if work.freed or work.relieved:
            await _serve(work, result)
        return result

    return await run(actor, served)


async def _serve(work: Work, result: object) -> None:
    """Serves backorders and confirms orders; reads the result again if it is among them."""
    await serve(work)
    await confirm_waiting(work)
    if isinstance(result, Model) and result.pk in work.touched:
        # unscoped: the object in hand
        await result.refresh_from_db(using_db=work.connection)


def use_case(
    permission: Permission,
) -> Callable[[Callable[Concatenate[Work, P], Awaitable[T]]], UseCase[P, T]]:
    """Makes a function of a `Work` a use case: `await place_order(actor, command)`.

    The actor's permission is required before anything is read; then the function runs in a
    transaction of its own, and only once for the key of its request, if there is one.
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
