"""Commits: what became of them, for the answer, and the listeners of this process."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

listeners: list[Callable[[], None]] = []


def on_commit(listener: Callable[[], None]) -> Callable[[], None]:
    """Call `listener` whenever this process has committed events; what ends that.

    It is called from the event loop, must return at once and must not fail.
    """
    listeners.append(listener)
    return lambda: listeners.remove(listener)


@dataclass(slots=True)
class Commits:
    """What became of the commits of an operation, without those under a key, which are repeatable.

    `kept` were answered by the database; `unknown` were sent to it, and no answer has come.
    """

    kept: int = 0
    unknown: int = 0


current_commits: ContextVar[Commits | None] = ContextVar("commits", default=None)


@contextmanager
def counted(commits: Commits) -> Iterator[None]:
    """Within the block the commits of the task's use cases are counted."""
    token = current_commits.set(commits)
    try:
        yield
    finally:
        current_commits.reset(token)
