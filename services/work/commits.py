"""The outcomes of commits, for the answer, and the listeners to commits of this process."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

listeners: list[Callable[[], None]] = []


def on_commit(listener: Callable[[], None]) -> Callable[[], None]:
    """Calls `listener` after each commit of events by this process; returns the function to stop.

    It is called in the event loop, must return at once and must not fail.
    """
    listeners.append(listener)
    return lambda: listeners.remove(listener)


@dataclass(slots=True)
class Commits:
    """The outcomes of an operation's commits, without those under a key, which are repeatable.

    `kept` were confirmed by the database; `unknown` were sent and not answered.
    """

    kept: int = 0
    unknown: int = 0


current_commits: ContextVar[Commits | None] = ContextVar("commits", default=None)


@contextmanager
def counted(commits: Commits) -> Iterator[None]:
    """Counts the commits of the task's use cases in the block."""
    token = current_commits.set(commits)
    try:
        yield
    finally:
        current_commits.reset(token)
