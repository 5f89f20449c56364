"""Which payments a filter means."""

from collections.abc import Iterable

from tortoise.expressions import Q

from models.rules.errors import BadRequest
from models.rules.text import clean
from resolvers.filters.text import begins, compile_where
from resolvers.filters.times import time_query
from resolvers.inputs.filtering import StringOp
from resolvers.inputs.fulfillment import PaymentWhere


def payment_query(where: PaymentWhere | None) -> Q:
    """The filter as a condition on the payment table."""
    return compile_where(where, _conditions) if where else Q()


def _conditions(where: PaymentWhere) -> Iterable[Q]:
    if where.kind is not None:
        yield Q(kind__in=where.kind)
    yield from time_query(where.at, "at")
    if where.method is not None:
        yield Q(method__in=[clean(text) for text in where.method])
    if where.reference is not None:
        yield from _reference_query(where.reference)


def _reference_query(op: StringOp) -> Iterable[Q]:
    """The conditions on the reference. A payment without one meets none of them.

    Raises:
        BadRequest: words, which are not kept of references.
    """
    yield Q(reference__isnull=False)
    if op.eq is not None:
        yield Q(reference=clean(op.eq))
    if op.in_ is not None:
        yield Q(reference__in=[clean(text) for text in op.in_])
    if op.starts_with is not None:
        yield begins("reference", clean(op.starts_with))
    if op.words is not None:
        raise BadRequest("A reference is found by eq, in and startsWith.")
