"""Counts the cost of one operation while it runs, and stops it above the allowed cost."""

from asyncio import Semaphore
from dataclasses import dataclass
from typing import Final

from models.rules.errors import BadRequest

POINT: Final = 10
"""Cost is counted in tenths of a point: an object is a point, a scalar a tenth."""
OBJECT: Final = POINT
SCALAR: Final = 1


AT_ONCE: Final = 4
"""Lists of one operation that are read at once: each may have as many rows as allowed."""


class Exhausted(BadRequest):
    """A running operation has exceeded its cost."""

    code = "COST_EXCEEDED"

    def __init__(self, requested: int, allowed: int) -> None:
        self.requested = requested
        self.allowed = allowed
        super().__init__(
            f"This came to more than {allowed} points while it ran, and was stopped. "
            "Ask for less at once."
        )


@dataclass(frozen=True, slots=True)
class Estimate:
    """The estimated cost of an operation and the allowed cost, in points.

    `input_elements` are the points of its input, which it costs in any case.
    """

    requested: int
    allowed: int
    input_elements: int = 0


class Meter:
    """Counts an operation's objects in points, and the rows of its lists, up to `allowed` each.

    The length of a list without pages is not known to the estimate. Rows are counted as they are
    read and objects before they are made, so neither goes far beyond the limit.
    """

    __slots__ = (
        *("allowed", "bytes", "exhausted", "reading", "estimate", "rows", "tenths", "written"),
    )

    def __init__(self, allowed: int, estimate: Estimate | None = None) -> None:
        self.allowed = allowed
        self.estimate = estimate
        self.exhausted = False
        self.reading = Semaphore(AT_ONCE)
        self.tenths = estimate.input_elements * POINT if estimate else 0
        self.rows = 0
        self.bytes: float | None = None
        """The most bytes of the answer, if known."""
        self.written = 0
        """Bytes of the answer's measured parts."""

    @property
    def points(self) -> int:
        """The cost so far in points, rounded up."""
        return -(-self.tenths // POINT)

    def renewed(self) -> "Meter":
        """The meter of the operation's next event."""
        return Meter(self.allowed, self.estimate)

    def charge(self, tenths: int) -> None:
        """Counts objects and scalars before they are made, in tenths of a point.

        Raises:
            Exhausted: the operation exceeds its cost, or did so before.
        """
        self.tenths += tenths
        if self.exhausted or self.tenths > self.allowed * POINT:
            self.stop()

    def read(self, rows: int) -> None:
        """Counts rows of lists.

        Raises:
            Exhausted: there are more rows than allowed, or the operation exceeded its cost before.
        """
        self.rows += rows
        if self.exhausted or self.rows > self.allowed:
            self.stop()

    def stop(self) -> None:
        """Stops the operation: nothing more is read or made.

        Raises:
            Exhausted: always.
        """
        self.exhausted = True
        raise Exhausted(max(self.points, self.rows), self.allowed)
