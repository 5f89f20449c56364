"""Which orders a filter means."""

from collections.abc import Iterable
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from typing import TypeVar

from tortoise.expressions import Q, Subquery

from models.fulfillment import Shipment
from models.inventory import Reservation
from models.orders import OrderLine
from models.rules.errors import BadRequest
from models.rules.events import SubjectKind
from models.rules.money import CODES_BY_EXPONENT
from models.rules.order_filter import AmountMatch, OrderFilter, Reference, TextMatch, TimeRange
from models.rules.text import clean
from resolvers.filters.text import (
    MAX_CONDITIONS,
    NOTHING,
    any_of,
    begins,
    equals,
    none_of,
    reference_query,
    word_query,
)
from resolvers.filters.times import time_query
from resolvers.identifiers import key_of
from resolvers.inputs.filtering import StringOp
from resolvers.inputs.orders import OrderWhere

T = TypeVar("T")


def to_filter(where: OrderWhere) -> OrderFilter:
    """What a client sent, as the rules know it.

    Raises:
        BadRequest: more than 100 parts, or an id of another type.
    """
    return _to_filter(where, [MAX_CONDITIONS])


def _to_filter(where: OrderWhere, budget: list[int]) -> OrderFilter:
    budget[0] -= 1
    if budget[0] < 0:
        raise BadRequest(f"A filter has at most {MAX_CONDITIONS} parts.")
    reference = where.external_ref
    return OrderFilter(
        all_of=tuple(_to_filter(part, budget) for part in where.and_ or ()),
        any_of=None if where.or_ is None else tuple(_to_filter(part, budget) for part in where.or_),
        none_of=_to_filter(where.not_, budget) if where.not_ else None,
        number=_text(where.number),
        status=_tuple(where.status),
        fulfillment=_tuple(where.fulfillment),
        payment=_tuple(where.payment),
        customer_id=key_of("Customer", where.customer_id) if where.customer_id else None,
        channel=_tuple(where.channel),
        placed_at=TimeRange(where.placed_at.gte, where.placed_at.lt) if where.placed_at else None,
        total=AmountMatch(where.total.eq, where.total.gte, where.total.lt) if where.total else None,
        is_delayed=where.is_delayed,
        sku=_text(where.sku),
        country=_tuple(where.country),
        warehouse_id=key_of("Warehouse", where.warehouse_id) if where.warehouse_id else None,
        external_ref=Reference(reference.system, reference.key) if reference else None,
    )


def _tuple(values: list[T] | None) -> tuple[T, ...] | None:
    return None if values is None else tuple(values)


def _text(op: StringOp | None) -> TextMatch | None:
    if op is None:
        return None
    return TextMatch(
        eq=None if op.eq is None else clean(op.eq),
        in_=None if op.in_ is None else tuple(clean(text) for text in op.in_),
        starts_with=None if op.starts_with is None else clean(op.starts_with),
        words=None if op.words is None else clean(op.words),
    )


def to_query(wanted: OrderFilter, now: datetime) -> Q:
    """The filter as a condition on the order table."""
    query = Q(*_conditions(wanted, now))
    for part in wanted.all_of:
        query &= to_query(part, now)
    if wanted.any_of is not None:
        query &= any_of([to_query(part, now) for part in wanted.any_of])
    if wanted.none_of is not None:
        query &= none_of(to_query(wanted.none_of, now))
    return query


def _conditions(wanted: OrderFilter, now: datetime) -> Iterable[Q]:
    yield from _own_columns(wanted)
    yield from _text_query(wanted.number, "number")
    yield from time_query(wanted.placed_at, "placed_at")
    if wanted.total is not None:
        yield _amount_query(wanted.total)
    if wanted.is_delayed is not None:
        delayed = Q(stage_due_at__isnull=False, stage_due_at__lte=now)
        yield delayed if wanted.is_delayed else none_of(delayed)
    if wanted.sku is not None:
        yield _sku_query(wanted.sku)
    if wanted.warehouse_id is not None:
        shipped = Shipment.filter(warehouse_id=wanted.warehouse_id).values("order_id")
        promised = Reservation.filter(stock_item__warehouse_id=wanted.warehouse_id)
        yield Q(id__in=Subquery(shipped)) | Q(
            id__in=Subquery(promised.values("order_line__order_id"))
        )
    if wanted.external_ref is not None:
        reference = wanted.external_ref
        yield reference_query(reference.system, reference.key, SubjectKind.ORDER)


def _own_columns(wanted: OrderFilter) -> Iterable[Q]:
    """The conditions that a column answers by one of a list of values."""
    for column, values in (
        ("status", wanted.status),
        ("fulfillment_status", wanted.fulfillment),
        ("payment_status", wanted.payment),
        ("channel", wanted.channel),
        ("shipping_country", wanted.country),
    ):
        if values is not None:
            # A missing country is no country: without the second term its negation would be null.
            yield Q(**equals(f"{column}__in", list(values)), **equals(f"{column}__isnull", False))
    if wanted.customer_id is not None:
        yield Q(customer_id=wanted.customer_id)


def _text_query(match: TextMatch | None, column: str) -> Iterable[Q]:
    if match is None:
        return
    if match.eq is not None:
        yield Q(**equals(column, match.eq))
    if match.in_ is not None:
        yield Q(**equals(f"{column}__in", list(match.in_)))
    if match.starts_with is not None:
        yield begins(column, match.starts_with)
    if match.words is not None:
        yield word_query(match.words, SubjectKind.ORDER, column)


def _sku_query(match: TextMatch) -> Q:
    """Orders of which a line has such a SKU; words are those that the product is found by."""
    lines = OrderLine.all()
    if match.eq is not None:
        lines = lines.filter(sku=match.eq)
    if match.in_ is not None:
        lines = lines.filter(sku__in=list(match.in_))
    if match.starts_with is not None:
        lines = lines.filter(begins("sku", match.starts_with))
    query = Q(id__in=Subquery(lines.values("order_id")))
    if match.words is not None:
        raise BadRequest("A SKU is found by eq, in and startsWith.")
    return query


def _amount_query(wanted: AmountMatch) -> Q:
    """The amount in minor units, which depend on the order's currency."""
    query = NOTHING
    for exponent, codes in CODES_BY_EXPONENT.items():
        scale = Decimal(10) ** exponent
        part = Q(currency__in=codes)
        if wanted.eq is not None:
            scaled = wanted.eq * scale
            whole = scaled == scaled.to_integral_value()
            part &= Q(total_gross_minor=int(scaled)) if whole else NOTHING
        if wanted.gte is not None:
            part &= Q(total_gross_minor__gte=_up(wanted.gte * scale))
        if wanted.lt is not None:
            part &= Q(total_gross_minor__lt=_up(wanted.lt * scale))
        query |= part
    return query


def _up(value: Decimal) -> int:
    """The least whole number that is not below the value."""
    return int(value.to_integral_value(rounding=ROUND_CEILING))
