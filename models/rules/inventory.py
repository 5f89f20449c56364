"""The counters of stock, and the effect of each kind of movement on them."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

MAX_QUANTITY = 2_147_483_647
"""The most that a counter holds: the maximum of GraphQL's Int."""


class MovementKind(StrEnum):
    RECEIPT = "RECEIPT"
    RESERVE = "RESERVE"
    RELEASE = "RELEASE"
    SHIP = "SHIP"
    RETURN = "RETURN"
    ADJUST = "ADJUST"
    DAMAGE = "DAMAGE"
    TRANSFER_OUT = "TRANSFER_OUT"
    TRANSFER_IN = "TRANSFER_IN"
    COUNT = "COUNT"
    SCRAP = "SCRAP"


class StockChangeKind(StrEnum):
    ADJUST = "ADJUST"
    COUNT = "COUNT"
    DAMAGE = "DAMAGE"
    SCRAP = "SCRAP"


@dataclass(frozen=True, slots=True)
class Effect:
    """The counters that a movement's signed quantity is added to."""

    on_hand: bool = False
    reserved: bool = False
    damaged: bool = False


EFFECTS: dict[MovementKind, Effect] = {
    MovementKind.RECEIPT: Effect(on_hand=True),
    MovementKind.RESERVE: Effect(reserved=True),
    MovementKind.RELEASE: Effect(reserved=True),
    MovementKind.SHIP: Effect(on_hand=True, reserved=True),
    MovementKind.RETURN: Effect(on_hand=True),
    MovementKind.ADJUST: Effect(on_hand=True),
    MovementKind.DAMAGE: Effect(damaged=True),
    MovementKind.TRANSFER_OUT: Effect(on_hand=True),
    MovementKind.TRANSFER_IN: Effect(on_hand=True),
    MovementKind.COUNT: Effect(on_hand=True),
    MovementKind.SCRAP: Effect(on_hand=True, damaged=True),
}


class Movement(NamedTuple):
    """A signed quantity that one stock item gains or loses, and for what."""

    kind: MovementKind
    quantity: int
    reason: str | None = None
    order_id: UUID | None = None
    order_line_id: UUID | None = None


class Uncovered(ValueError):
    """Movements that counters do not allow: there is less than they take or promise."""


class Balance(NamedTuple):
    """The counters of one product in one warehouse, in its stock unit."""

    on_hand: int
    reserved: int
    damaged: int
    safety_stock: int = 0

    @property
    def available(self) -> int:
        """The units that can still be promised. Negative if they are below the safety stock."""
        return self.on_hand - self.reserved - self.damaged - self.safety_stock

    def after(self, kind: MovementKind, quantity: int) -> "Balance":
        """The counters after one movement of a signed quantity."""
        effect = EFFECTS[kind]
        return Balance(
            on_hand=self.on_hand + quantity * effect.on_hand,
            reserved=self.reserved + quantity * effect.reserved,
            damaged=self.damaged + quantity * effect.damaged,
            safety_stock=self.safety_stock,
        )

    def moved(self, movements: Iterable[Movement], *, promise: bool = False) -> "Balance":
        """The counters after movements that happen together.

        With `promise` safety stock is held back as well: what is reserved must have been available.

        Raises:
            Uncovered: a counter would be below zero or too large, or more promised than there is.
        """
        after = self
        for movement in movements:
            after = after.after(movement.kind, movement.quantity)
        least = after.reserved + after.damaged + (self.safety_stock if promise else 0)
        is_counted = min(after.on_hand, after.reserved, after.damaged) >= 0
        if not is_counted or not least <= after.on_hand <= MAX_QUANTITY:
            raise Uncovered(f"{self} does not cover it")
        return after


def is_low(available: int, incoming: int, reorder_point: int | None) -> bool:
    """Whether available and incoming units are down to the reorder point."""
    return reorder_point is not None and available + incoming <= reorder_point
