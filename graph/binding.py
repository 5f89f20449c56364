"""Binds root fields to their resolvers: permission, payload and errors, in one place."""

from collections.abc import Callable, Iterable
from contextlib import aclosing
from functools import wraps
from inspect import signature
from typing import Any, Final

import strawberry
from strawberry.types import get_object_definition
from strawberry.utils.str_converters import to_camel_case

from graph.errors import MAX_ERRORS, to_user_error
from graph.execution.failures import forget_frames
from graph.fields import PERMISSION, permitted_by
from graph.idempotent import claim_of
from models.rules.access import Permission
from models.rules.errors import ErrorCode, Path, Refused
from resolvers.context import Info
from services.work.commits import counted
from services.work.idempotency import claimed

OF_EVERY_MUTATION: Final = frozenset(
    {ErrorCode.FORBIDDEN, ErrorCode.INVALID, ErrorCode.KEY_REUSED, ErrorCode.IN_PROGRESS}
)
"""The permission is missing; the idempotency key is invalid, has other input, or is in use."""


def resolved_by(resolve: Callable[..., Any], permission: Permission, description: str) -> Any:
    """A root query field. A caller without the permission is answered FORBIDDEN."""

    @wraps(resolve)
    def permitted(*args: Any, info: Info, **kwargs: Any) -> Any:
        info.context.actor.require(permission)
        return resolve(*args, info=info, **kwargs)

    return strawberry.field(
        resolver=permitted,
        description=permitted_by(description, permission),
        metadata={PERMISSION: permission},
    )


def changed_by(
    change: Callable[..., Any],
    payload: type,
    permission: Permission,
    description: str,
    codes: Iterable[ErrorCode],
) -> Any:
    """A mutation field: the payload of the result of `change`, or of the errors of its refusal.

    Its description names the permission and the error codes: `codes` and those of every mutation.
    The payload's first field holds the object; after a refusal it is null, or an empty list. An
    error's path leads into `input`, unless it begins with another argument: use cases do not know
    the names of the schema.
    """
    arguments = {to_camel_case(name) for name in signature(change).parameters}
    made = get_object_definition(payload, strict=True).fields[0]
    nothing: Any = [] if made.python_name == "items" else None

    @wraps(change)
    async def refused_or_done(*args: Any, info: Info, **kwargs: Any) -> Any:
        claim = None
        try:
            info.context.actor.require(permission)
            claim = claim_of(info, kwargs)
            with claimed(claim), counted(info.context.commits):
                changed = await change(*args, info=info, **kwargs)
            # Loaders may hold rows that an earlier field of the document has read.
            info.context.forget()
        except Refused as refusal:
            currency = info.context.policy.currency
            errors = [
                to_user_error(error, _path(error.path, arguments), currency)
                for error in refusal.errors[:MAX_ERRORS]
            ]
            forget_frames(refusal)
            return payload(**{made.python_name: nothing, "user_errors": errors})
        replayed = claim is not None and claim.replayed
        return payload(**{made.python_name: changed, "user_errors": [], "replayed": replayed})

    answered = OF_EVERY_MUTATION.union(codes)
    listed = ", ".join(f"`{code}`" for code in ErrorCode if code in answered)
    return strawberry.mutation(
        resolver=refused_or_done,
        description=f"{permitted_by(description, permission)} Error codes: {listed}.",
        metadata={PERMISSION: permission},
    )


def _path(path: Path, arguments: set[str]) -> list[str]:
    inside = path and path[0] not in arguments and "input" in arguments
    return ["input", *path] if inside else list(path)


def streamed_by(stream: Callable[..., Any], permission: Permission, description: str) -> Any:
    """A subscription field. A caller without the permission is answered FORBIDDEN."""

    @wraps(stream)
    async def permitted(*args: Any, info: Info, **kwargs: Any) -> Any:
        info.context.actor.require(permission)
        # The generator is closed with the socket, so that no stream outlives it.
        async with aclosing(stream(*args, info=info, **kwargs)) as items:
            async for item in items:
                yield item

    return strawberry.subscription(
        resolver=permitted,
        description=permitted_by(description, permission),
        metadata={PERMISSION: permission},
    )
