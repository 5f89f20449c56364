"""The current instant of use cases. Tests and imports set their own."""

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
    """Makes `now()` return `clock()` in the block, for this task and those it starts."""
    token = _clock.set(clock)
    try:
        yield
    finally:
        _clock.reset(token)


@contextmanager
def frozen(at: datetime) -> Iterator[None]:
    """Makes `now()` return `at`, an aware instant, in the block."""
    with set_to(lambda: at.astimezone(UTC)):
        yield
