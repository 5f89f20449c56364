"""When orders come: more from year to year, before the holidays, and from Monday to Thursday."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from services.demo.dice import Dice

DAYS: Final = 730
MONTHS: Final = (0.9, 0.85, 0.95, 1.0, 1.05, 0.95, 0.8, 0.75, 1.0, 1.1, 1.6, 1.9)
WEEKDAYS: Final = (1.25, 1.2, 1.15, 1.15, 1.0, 0.6, 0.45)
GROWTH: Final = 0.6
"""By so much more is ordered on the last day than on the first, all else equal."""


def arrivals(dice: Dice, count: int, until: datetime) -> Iterator[datetime]:
    """The instants of `count` orders over the two years before `until`, in their order."""
    start = beginning(until)
    days = [start + timedelta(days=number) for number in range(DAYS)]
    for day, orders in zip(
        days, _shares(count, [_weight(day, start) for day in days]), strict=True
    ):
        # Two draws make a day with a middle: most order around two in the afternoon.
        minutes = sorted(dice.between(0, 7 * 60) + dice.between(0, 7 * 60) for _ in range(orders))
        for minute in minutes:
            yield day + timedelta(hours=7, minutes=minute, seconds=dice.between(0, 59))


def beginning(until: datetime) -> datetime:
    """The midnight with which the two years begin."""
    return (until - timedelta(days=DAYS)).replace(hour=0, minute=0, second=0, microsecond=0)


def _weight(day: datetime, start: datetime) -> float:
    grown = 1 + GROWTH * (day - start).days / DAYS
    return MONTHS[day.month - 1] * WEEKDAYS[day.weekday()] * grown


def _shares(count: int, weights: list[float]) -> list[int]:
    """`count` divided by the weights in whole numbers, which sum up to it exactly."""
    total = sum(weights)
    shares = []
    reached = 0.0
    given = 0
    for weight in weights:
        reached += weight
        due = round(count * reached / total)
        shares.append(due - given)
        given = due
    return shares
