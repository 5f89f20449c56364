"""Reproducible random draws: all follow from the seed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Final, TypeVar
from uuid import UUID

T = TypeVar("T")

OPENS: Final = 7
CLOSES: Final = 17
_VERSION_7: Final = 7 << 76
_VARIANT: Final = 0b10 << 62


class Dice:
    """Random draws of one seed, in the order of the calls."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311 - invents a company, guards nothing
        self._ids = Random(f"ids {seed}")  # noqa: S311 - apart, so that a new row changes no draw
        self._instant: datetime | None = None
        self._stamp = 0

    def id_at(self, at: datetime) -> UUID:
        """A UUIDv7 of that millisecond; its other 74 bits are drawn."""
        if at is not self._instant:
            stamp = int(at.timestamp() * 1000) << 80 | _VERSION_7 | _VARIANT
            self._instant, self._stamp = at, stamp
        drawn = self._ids.getrandbits(74)
        return UUID(int=self._stamp | drawn >> 62 << 64 | drawn & (1 << 62) - 1)

    def one(self, choices: Sequence[T]) -> T:
        """One of the choices, all equally likely."""
        return choices[int(self.random.random() * len(choices))]

    def weighted(self, choices: Sequence[tuple[T, int]]) -> T:
        """One of the choices, each as likely as its weight."""
        drawn = self.random.random() * sum(weight for _, weight in choices)
        for choice, weight in choices:
            drawn -= weight
            if drawn < 0:
                return choice
        return choices[-1][0]

    def between(self, low: int, high: int) -> int:
        """An integer from `low` to `high`, both included."""
        return low + int(self.random.random() * (high - low + 1))

    def happens(self, probability: float) -> bool:
        """True with this probability."""
        return self.random.random() < probability

    def hours(self, low: float, high: float) -> timedelta:
        """A duration between two numbers of hours, in whole seconds."""
        return timedelta(seconds=int(3600 * (low + self.random.random() * (high - low))))

    def office_time(self, at: datetime) -> datetime:
        """The instant itself in working hours, otherwise some time after the next opening."""
        if at.weekday() < 5 and OPENS <= at.hour < CLOSES:
            return at
        day = at.replace(hour=OPENS, minute=0, second=0)
        if at.hour >= OPENS:
            day += timedelta(days=1)
        while day.weekday() >= 5:
            day += timedelta(days=1)
        return day + timedelta(seconds=self.between(0, 7200))
