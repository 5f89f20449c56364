"""Filters on instants."""

from collections.abc import Iterable

from tortoise.expressions import Q

from models.rules.order_filter import TimeRange
from resolvers.filters.text import equals
from resolvers.inputs.filtering import DateTimeOp


def time_query(wanted: DateTimeOp | TimeRange | None, column: str) -> Iterable[Q]:
    """The conditions of an operation on one column; where that is empty, it is at no time."""
    if wanted is None:
        return
    yield Q(**equals(f"{column}__isnull", False))
    if wanted.gte is not None:
        yield Q(**equals(f"{column}__gte", wanted.gte))
    if wanted.lt is not None:
        yield Q(**equals(f"{column}__lt", wanted.lt))
