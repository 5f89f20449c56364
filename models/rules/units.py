"""The trade in units: what each step does to the counts of an order's line, and to stock.

A step takes counts and a number of units, and gives the new counts with the movements of the stock
item that the units come from or go to. Services, imports and the demo apply these results; none of
them counts by itself.
"""

from collections.abc import Callable
from typing import NamedTuple

from models.rules.inventory import Movement, MovementKind
from models.rules.return_states import MOVEMENTS, Disposition


class LineCounts(NamedTuple):
    """Where a line's units are. `preparing` is part of `reserved`, `delivered` of `shipped`."""

    quantity: int
    reserved: int = 0
    backordered: int = 0
    preparing: int = 0
    shipped: int = 0
    delivered: int = 0
    returned: int = 0
    cancelled: int = 0

    @property
    def wanted(self) -> int:
        """Units that were not cancelled."""
        return self.quantity - self.cancelled

    @property
    def inside(self) -> int:
        """Wanted units that have not left."""
        return self.wanted - self.shipped

    @property
    def open(self) -> int:
        """Units that are neither promised, nor waiting, nor gone; below zero where the line has
        more of them than it wants by now.
        """
        return self.inside - self.reserved - self.backordered

    @property
    def loose(self) -> int:
        """Promised units that lie in no shipment."""
        return self.reserved - self.preparing

    @property
    def surplus(self) -> int:
        """Promised units that the line does not want any more, and that are to be released."""
        return max(0, -self.open)

    @property
    def fewest(self) -> int:
        """The least quantity that the line can have: what has shipped, is packed or cancelled."""
        return self.shipped + self.preparing + self.cancelled


class Step(NamedTuple):
    """A line after a step, and how the counters of the stock item of its units change."""

    line: LineCounts
    movements: tuple[Movement, ...] = ()


class ImpossibleStep(ValueError):
    """A step for no units, or for more than there are for it: `most`."""

    def __init__(self, units: int, most: int) -> None:
        super().__init__(f"{units} units, where 1 to {most} are possible")
        self.most = most


Rule = Callable[[LineCounts, int], Step]
"""A step of so many units of a line.

Raises:
    ImpossibleStep: the line has not that many for it, or they are none.
"""


def promise(line: LineCounts, units: int) -> Step:
    """Open units are reserved."""
    _check(units, line.open)
    return Step(line._replace(reserved=line.reserved + units), _moved(MovementKind.RESERVE, units))


def wait(line: LineCounts, units: int) -> Step:
    """Open units wait for stock."""
    _check(units, line.open)
    return Step(line._replace(backordered=line.backordered + units))


def stop_waiting(line: LineCounts, units: int) -> Step:
    """Units that wait for stock are open again."""
    _check(units, line.backordered)
    return Step(line._replace(backordered=line.backordered - units))


def release(line: LineCounts, units: int) -> Step:
    """Promised units that lie in no shipment are given back, and open again."""
    _check(units, line.loose)
    return Step(line._replace(reserved=line.reserved - units), _moved(MovementKind.RELEASE, -units))


def pack(line: LineCounts, units: int) -> Step:
    """Promised units are put into a shipment."""
    _check(units, line.loose)
    return Step(line._replace(preparing=line.preparing + units))


def unpack(line: LineCounts, units: int) -> Step:
    """Units of a shipment that is cancelled are only promised."""
    _check(units, line.preparing)
    return Step(line._replace(preparing=line.preparing - units))


def ship(line: LineCounts, units: int) -> Step:
    """Packed units leave, and their promise with them."""
    _check(units, line.preparing)
    gone = line._replace(
        preparing=line.preparing - units,
        reserved=line.reserved - units,
        shipped=line.shipped + units,
    )
    return Step(gone, _moved(MovementKind.SHIP, -units))


def deliver(line: LineCounts, units: int) -> Step:
    """Shipped units arrive."""
    _check(units, line.shipped - line.delivered)
    return Step(line._replace(delivered=line.delivered + units))


def miss(line: LineCounts, units: int) -> Step:
    """Units have not arrived after all: the carrier met with an exception."""
    _check(units, line.delivered)
    return Step(line._replace(delivered=line.delivered - units))


def take_back(line: LineCounts, units: int, disposition: Disposition) -> Step:
    """Units that had left are back, and become what the disposition says."""
    _check(units, line.shipped - line.returned)
    back = line._replace(returned=line.returned + units)
    return Step(back, tuple(Movement(kind, units) for kind in MOVEMENTS[disposition]))


def cancel(line: LineCounts, units: int) -> Step:
    """Units that have not left are wanted no more: open ones first, then those that wait.

    What is promised then beyond what is wanted is the line's `surplus`.
    """
    _check(units, line.inside)
    return Step(settle_for(line._replace(cancelled=line.cancelled + units)))


def settle_for(line: LineCounts) -> LineCounts:
    """A line that wants fewer units than it has: as far as it can, fewer wait for stock."""
    return line._replace(backordered=line.backordered - min(line.surplus, line.backordered))


def _check(units: int, most: int) -> None:
    if not 0 < units <= most:
        raise ImpossibleStep(units, max(0, most))


def _moved(kind: MovementKind, quantity: int) -> tuple[Movement, ...]:
    return (Movement(kind, quantity),)
