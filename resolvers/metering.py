"""How much one operation has read and made, and how much it may."""

from asyncio import Semaphore
from dataclasses import dataclass
from typing import Final

from models.rules.errors import BadRequest

POINT: Final = 10
"""Points are counted in tenths: an object is a point, a scalar a tenth of one."""
OBJECT: Final = POINT
SCALAR: Final = 1


AT_ONCE: Final = 4
"""Lists of one operation that are read at the same time: each may have as many rows as allowed."""


class Exhausted(BadRequest):
    """An operation came to more than it may while it ran."""

    code = "COST_EXCEEDED"

    def __init__(self, requested: int, allowed: int) -> None:
        self.requested = requested
        self.allowed = allowed
        super().__init__(
            f"This came to more than {allowed} points while it ran, and was stopped. "
            "Ask for less at once."
        )


@dataclass(frozen=True, slots=True)
class Reckoned:
    """What an operation was reckoned to cost before it ran, and the most that it may; in points.

    `brought` are the points of its input, which it costs in any case.
    """

    requested: int
    allowed: int
    brought: int = 0


class Meter:
    """Counts what one operation reads and makes; `allowed` are points, and rows of one list.

    A list without pages is as long as it is, whatever its operation was reckoned to cost. Rows are
    counted as they are read, objects before they are made, so that neither is ever far beyond.
    """

    __slots__ = (
        *("allowed", "bytes", "exhausted", "reading", "reckoned", "rows", "tenths", "written"),
    )

    def __init__(self, allowed: int, reckoned: Reckoned | None = None) -> None:
        self.allowed = allowed
        self.reckoned = reckoned
        self.exhausted = False
        self.reading = Semaphore(AT_ONCE)
        self.tenths = reckoned.brought * POINT if reckoned else 0
        self.rows = 0
        self.bytes: float | None = None
        """What the answer has at most, where its maker knows."""
        self.written = 0
        """Bytes of the answer's parts that were measured."""

    @property
    def points(self) -> int:
        """What the operation has come to, rounded up."""
        return -(-self.tenths // POINT)

    def renewed(self) -> "Meter":
        """The meter of the next event of the same operation."""
        return Meter(self.allowed, self.reckoned)

    def charge(self, tenths: int) -> None:
        """Count what is about to be made.

        Raises:
            Exhausted: it is more than is allowed, or something was before.
        """
        self.tenths += tenths
        if self.exhausted or self.tenths > self.allowed * POINT:
            self.stop()

    def read(self, rows: int) -> None:
        """Count rows of lists that were read.

        Raises:
            Exhausted: they are more than is allowed, or something was before.
        """
        self.rows += rows
        if self.exhausted or self.rows > self.allowed:
            self.stop()

    def stop(self) -> None:
        """From now on nothing more is read or made.

        Raises:
            Exhausted: always.
        """
        self.exhausted = True
        raise Exhausted(max(self.points, self.rows), self.allowed)
