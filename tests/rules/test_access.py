"""Whatever is not granted is refused."""

import pytest

from models.rules.access import EVERYTHING, OPEN, SYSTEM, Actor, ActorKind, Permission
from models.rules.errors import ErrorCode, Forbidden


@pytest.mark.parametrize("permission", Permission)
def test_one_permission_gives_no_other(permission: Permission) -> None:
    actor = Actor(ActorKind.STAFF, "ada", "Ada", frozenset({permission}))
    actor.require(permission)
    for other in set(Permission) - {permission}:
        assert not actor.may(other)
        with pytest.raises(Forbidden) as refused:
            actor.require(other)
        assert (refused.value.code, refused.value.permission) == (ErrorCode.FORBIDDEN, other)
        assert str(other) not in refused.value.message


def test_who_may_do_everything() -> None:
    assert frozenset(Permission) == EVERYTHING
    assert SYSTEM.permissions == OPEN.permissions == EVERYTHING
