"""SIGINT and SIGTERM for a command that writes in batches: it ends between two batches."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Interrupted(Exception):
    """The process was asked to end by a signal."""

    def __init__(self, number: signal.Signals) -> None:
        super().__init__(f"Interrupted by {number.name}.")
        self.exit_status = 128 + number
        """The exit status of shells for a process that ended by this signal."""


@contextmanager
def awaited() -> Iterator[Callable[[], None]]:
    """Yields a check that raises after the first signal; a second signal ends the process at once.

    Raises:
        Interrupted: by the check, after a signal.
    """
    came: list[signal.Signals] = []

    def wait(number: int, _: FrameType | None) -> None:
        came.append(signal.Signals(number))
        for each in SIGNALS:
            signal.signal(each, signal.SIG_DFL)

    def check() -> None:
        if came:
            raise Interrupted(came[0])

    before = {each: signal.signal(each, wait) for each in SIGNALS}
    try:
        yield check
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
