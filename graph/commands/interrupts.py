"""SIGINT and SIGTERM for a command that writes in pieces: it ends between two of them."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Interrupted(Exception):
    """The process was asked to end."""

    def __init__(self, number: signal.Signals) -> None:
        super().__init__(f"Interrupted by {number.name}.")
        self.exit_status = 128 + number
        """The exit status that shells give to a process which that signal ended."""


@contextmanager
def awaited() -> Iterator[Callable[[], None]]:
    """Within the block the first signal waits for the next call of what is given, which raises.

    The second one ends the process at once.

    Raises:
        Interrupted: by a call, once a signal has come.
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
