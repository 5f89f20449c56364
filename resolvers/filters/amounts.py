"""Filters on amounts of money, without regard to currency."""

from collections.abc import Iterable

from tortoise.expressions import Q

from models.rules.money import comparable_bound, comparable_exact
from models.rules.order_filter import AmountMatch
from resolvers.filters.text import NOTHING, equals
from resolvers.inputs.filtering import DecimalOp


def amount_query(wanted: DecimalOp | AmountMatch | None, column: str) -> Iterable[Q]:
    """The conditions of an operation on a column with comparable amounts."""
    if wanted is None:
        return
    if wanted.eq is not None:
        exact = comparable_exact(wanted.eq)
        yield NOTHING if exact is None else Q(**equals(column, exact))
    if wanted.gte is not None:
        yield Q(**equals(f"{column}__gte", comparable_bound(wanted.gte)))
    if wanted.lt is not None:
        yield Q(**equals(f"{column}__lt", comparable_bound(wanted.lt)))
