"""Filters on instants."""

from collections.abc import Iterable

from tortoise.expressions import Q

from models.rules.delays import NEVER, sortable
from models.rules.order_filter import TimeRange
from resolvers.filters.text import equals
from resolvers.inputs.filtering import DateTimeOp


def time_query(wanted: DateTimeOp | TimeRange | None, column: str) -> Iterable[Q]:
    """The conditions of an operation on one column; an empty column does not match."""
    if wanted is None:
        return
    yield Q(**equals(f"{column}__isnull", False))
    if wanted.gte is not None:
        yield Q(**equals(f"{column}__gte", wanted.gte))
    if wanted.lt is not None:
        yield Q(**equals(f"{column}__lt", wanted.lt))


def sortable_query(wanted: TimeRange | None, column: str) -> Iterable[Q]:
    """As `time_query`, for a column with instants in the form of `sortable`."""
    if wanted is None:
        return
    end = NEVER if wanted.lt is None else sortable(wanted.lt)
    yield Q(**equals(f"{column}__lt", end))
    if wanted.gte is not None:
        yield Q(**equals(f"{column}__gte", sortable(wanted.gte)))
