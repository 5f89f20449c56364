"""The time of day for use cases. Tests and imports set their own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_clock: ContextVar[Callable[[], datetime] | None] = ContextVar("clock", default=None)


def now() -> datetime:
    """The current instant, aware and in UTC."""
    clock = _clock.get()
    return clock() if clock else datetime.now(UTC)


@contextmanager
def set_to(clock: Callable[[], datetime]) -> Iterator[None]:
    """Within the block, in this task and those it starts, `now()` is what `clock()` says."""
    token = _clock.set(clock)
    try:
        yield
    finally:
        _clock.reset(token)


@contextmanager
def frozen(at: datetime) -> Iterator[None]:
    """Within the block it is `at`, an aware instant."""
    with set_to(lambda: at.astimezone(UTC)):
        yield
