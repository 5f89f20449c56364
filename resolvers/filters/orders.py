"""Compiles filters of orders."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from itertools import product
from typing import TypeVar

from tortoise.expressions import Q, Subquery

from models.fulfillment import Shipment
from models.inventory import Reservation
from models.orders import OrderLine
from models.rules.access import Actor
from models.rules.errors import BadRequest
from models.rules.events import SubjectKind
from models.rules.order_filter import AmountMatch, OrderFilter, Reference, TextMatch, TimeRange
from models.rules.order_states import FulfillmentStatus, Milestone, OrderStatus, milestone
from models.rules.text import clean, forms, key
from resolvers.filters.amounts import amount_query
from resolvers.filters.text import (
    all_of,
    any_of,
    begins,
    equals,
    none_of,
    reference_query,
    word_query,
)
from resolvers.filters.times import sortable_query, time_query
from resolvers.identifiers import key_of
from resolvers.inputs.filtering import DateTimeOp, DecimalOp, StringOp
from resolvers.inputs.orders import OrderWhere
from services.work.visibility import visible

T = TypeVar("T")


def to_filter(where: OrderWhere) -> OrderFilter:
    """The rules' form of a client's filter.

    Raises:
        BadRequest: an id of another type.
    """
    reference = where.external_ref
    return OrderFilter(
        all_of=tuple(to_filter(part) for part in where.and_ or ()),
        any_of=None if where.or_ is None else tuple(to_filter(part) for part in where.or_),
        none_of=to_filter(where.not_) if where.not_ else None,
        number=_text(where.number),
        status=_tuple(where.status),
        fulfillment=_tuple(where.fulfillment),
        payment=_tuple(where.payment),
        return_status=_tuple(where.return_status),
        milestone=_tuple(where.milestone),
        customer_id=key_of("Customer", where.customer_id) if where.customer_id else None,
        channel=_texts(where.channel),
        placed_at=_range(where.placed_at),
        updated_at=_range(where.updated_at),
        promised_at=_range(where.promised_at),
        stage_due_at=_range(where.stage_due_at),
        total=_amounts(where.total),
        balance=_amounts(where.balance),
        is_delayed=where.is_delayed,
        sku=_text(where.sku),
        country=_texts(where.country),
        warehouse_id=key_of("Warehouse", where.warehouse_id) if where.warehouse_id else None,
        external_ref=Reference(reference.system, reference.key) if reference else None,
    )


def _tuple(values: list[T] | None) -> tuple[T, ...] | None:
    return None if values is None else tuple(values)


def _texts(values: list[str] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(map(clean, values))


def _range(op: DateTimeOp | None) -> TimeRange | None:
    return TimeRange(op.gte, op.lt) if op else None


def _amounts(op: DecimalOp | None) -> AmountMatch | None:
    return AmountMatch(op.eq, op.gte, op.lt) if op else None


def _text(op: StringOp | None) -> TextMatch | None:
    if op is None:
        return None
    eq = None if op.eq is None else key(op.eq)
    among = None if op.in_ is None else tuple(form for text in op.in_ for form in forms(text))
    if op.eq is not None and among is None and len(forms(op.eq)) > 1:
        eq, among = None, forms(op.eq)
    return TextMatch(
        eq=eq,
        in_=among,
        starts_with=None if op.starts_with is None else key(op.starts_with),
        words=None if op.words is None else clean(op.words),
    )


def to_query(actor: Actor, wanted: OrderFilter, now: datetime) -> Q:
    """The filter as a condition on the order table."""
    parts = [
        *_conditions(actor, wanted, now),
        *(to_query(actor, part, now) for part in wanted.all_of),
    ]
    if wanted.any_of is not None:
        parts.append(any_of([to_query(actor, part, now) for part in wanted.any_of]))
    if wanted.none_of is not None:
        parts.append(none_of(to_query(actor, wanted.none_of, now)))
    return all_of(parts)


def _conditions(actor: Actor, wanted: OrderFilter, now: datetime) -> Iterable[Q]:
    yield from _own_columns(wanted)
    yield from _text_query(wanted.number, "number")
    yield from time_query(wanted.placed_at, "placed_at")
    yield from time_query(wanted.updated_at, "updated_at")
    yield from sortable_query(wanted.promised_at, "sort_promised")
    yield from sortable_query(wanted.stage_due_at, "sort_due")
    yield from amount_query(wanted.total, "sort_total")
    yield from amount_query(wanted.balance, "sort_balance")
    if wanted.milestone is not None:
        yield _milestone_query(frozenset(wanted.milestone))
    if wanted.is_delayed is not None:
        delayed = Q(stage_due_at__isnull=False, stage_due_at__lte=now)
        yield delayed if wanted.is_delayed else none_of(delayed)
    if wanted.sku is not None:
        yield _sku_query(actor, wanted.sku)
    if wanted.warehouse_id is not None:
        key = wanted.warehouse_id
        shipped = visible(Shipment, actor).filter(warehouse_id=key)
        promised = visible(Reservation, actor).filter(stock_item__warehouse_id=key)
        yield Q(id__in=Subquery(shipped.values("order_id"))) | Q(
            id__in=Subquery(promised.values("order_line__order_id"))
        )
    if wanted.external_ref is not None:
        reference = wanted.external_ref
        yield reference_query(actor, reference.system, reference.key, SubjectKind.ORDER)


def _own_columns(wanted: OrderFilter) -> Iterable[Q]:
    """The conditions that are met by one of a list of values of a column."""
    for column, values in (
        ("status", wanted.status),
        ("fulfillment_status", wanted.fulfillment),
        ("payment_status", wanted.payment),
        ("return_status", wanted.return_status),
        ("channel", wanted.channel),
        ("shipping_country", wanted.country),
    ):
        if values is not None:
            # A null country matches no list: without the second term its negation would be null.
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


def _sku_query(actor: Actor, match: TextMatch) -> Q:
    """Orders with a line whose SKU matches."""
    lines = visible(OrderLine, actor)
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


@lru_cache(maxsize=1_000)
def _milestone_query(wanted: frozenset[Milestone]) -> Q:
    """Orders at one of the milestones, by the columns that the rule derives them from."""
    means: dict[tuple[bool, frozenset[FulfillmentStatus]], list[OrderStatus]] = defaultdict(list)
    for has_shipment, status in product((False, True), OrderStatus):
        goods = (g for g in FulfillmentStatus if milestone(status, g, has_shipment) in wanted)
        means[has_shipment, frozenset(goods)].append(status)
    return any_of(
        [
            Q(has_shipment=has_shipment, status__in=statuses, fulfillment_status__in=sorted(fit))
            for (has_shipment, fit), statuses in means.items()
            if fit
        ]
    )
