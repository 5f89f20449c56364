"""Filters of orders: one description for databases and streams alike."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from models.rules.delays import is_delayed
from models.rules.money import comparable, comparable_bound, comparable_exact
from models.rules.order_states import (
    FulfillmentStatus,
    Milestone,
    OrderStatus,
    PaymentStatus,
    ReturnStatus,
)
from models.rules.search_words import matches_words, query_words
from models.rules.text import forms


@dataclass(frozen=True, slots=True)
class TextMatch:
    """Conditions on a text; all given ones must hold."""

    eq: str | None = None
    in_: tuple[str, ...] | None = None
    starts_with: str | None = None
    words: str | None = None


@dataclass(frozen=True, slots=True)
class TimeRange:
    """From `gte` on, before `lt`."""

    gte: datetime | None = None
    lt: datetime | None = None


@dataclass(frozen=True, slots=True)
class AmountMatch:
    """Conditions on an amount, a decimal in the order's own currency."""

    eq: Decimal | None = None
    gte: Decimal | None = None
    lt: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """A key in another system."""

    system: str
    key: str


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Conditions on an order; all given ones must hold. An empty list matches none."""

    all_of: tuple["OrderFilter", ...] = ()
    any_of: tuple["OrderFilter", ...] | None = None
    none_of: "OrderFilter | None" = None
    number: TextMatch | None = None
    status: tuple[OrderStatus, ...] | None = None
    fulfillment: tuple[FulfillmentStatus, ...] | None = None
    payment: tuple[PaymentStatus, ...] | None = None
    return_status: tuple[ReturnStatus, ...] | None = None
    milestone: tuple[Milestone, ...] | None = None
    customer_id: UUID | None = None
    channel: tuple[str, ...] | None = None
    placed_at: TimeRange | None = None
    updated_at: TimeRange | None = None
    promised_at: TimeRange | None = None
    stage_due_at: TimeRange | None = None
    total: AmountMatch | None = None
    balance: AmountMatch | None = None
    is_delayed: bool | None = None
    sku: TextMatch | None = None
    country: tuple[str, ...] | None = None
    warehouse_id: UUID | None = None
    external_ref: Reference | None = None


Facts = Mapping[str, Any]
"""The facts of an order that filters test, as events store them: `services.aggregates.orders`."""


def needed_facts(wanted: OrderFilter) -> frozenset[str]:
    """The names of the facts that the filter tests."""
    own = {
        name
        for name, condition in (
            ("number", wanted.number),
            ("status", wanted.status),
            ("fulfillment", wanted.fulfillment),
            ("payment", wanted.payment),
            ("return", wanted.return_status),
            ("milestone", wanted.milestone),
            ("customerId", wanted.customer_id),
            ("channel", wanted.channel),
            ("placedAt", wanted.placed_at),
            ("updatedAt", wanted.updated_at),
            ("promisedAt", wanted.promised_at),
            ("stageDueAt", wanted.stage_due_at),
            ("totalMinor", wanted.total),
            ("currency", wanted.total),
            ("balanceMinor", wanted.balance),
            ("currency", wanted.balance),
            ("stageDueAt", wanted.is_delayed),
            ("skus", wanted.sku),
            ("country", wanted.country),
            ("warehouses", wanted.warehouse_id),
            ("references", wanted.external_ref),
        )
        if condition is not None
    }
    parts = [*wanted.all_of, *(wanted.any_of or ())]
    parts += [wanted.none_of] if wanted.none_of else []
    return frozenset(own.union(*(needed_facts(part) for part in parts)))


def matches(wanted: OrderFilter, facts: Facts, at: datetime) -> bool:
    """Whether an order with these facts at an instant matches the filter.

    It matches the same orders as the filter's query. `facts` has all that `needed_facts` names.
    """
    return (
        all(_conditions(wanted, facts, at))
        and all(matches(part, facts, at) for part in wanted.all_of)
        and (wanted.any_of is None or any(matches(part, facts, at) for part in wanted.any_of))
        and (wanted.none_of is None or not matches(wanted.none_of, facts, at))
    )


def _conditions(wanted: OrderFilter, facts: Facts, at: datetime) -> Iterator[bool]:
    yield from _own_facts(wanted, facts)
    if wanted.number is not None:
        yield _is_text(wanted.number, facts["number"])
    for name, range_ in (
        ("placedAt", wanted.placed_at),
        ("updatedAt", wanted.updated_at),
        ("promisedAt", wanted.promised_at),
        ("stageDueAt", wanted.stage_due_at),
    ):
        if range_ is not None:
            yield _is_time(range_, _instant(facts[name]))
    for name, amounts in (("totalMinor", wanted.total), ("balanceMinor", wanted.balance)):
        if amounts is not None:
            yield _is_amount(amounts, comparable(facts[name], facts["currency"]))
    if wanted.is_delayed is not None:
        yield is_delayed(_instant(facts["stageDueAt"]), at) is wanted.is_delayed
    if wanted.sku is not None:
        yield any(_is_text(wanted.sku, sku) for sku in facts["skus"])
    if wanted.warehouse_id is not None:
        yield wanted.warehouse_id.hex in facts["warehouses"]
    if wanted.external_ref is not None:
        systems, keys = forms(wanted.external_ref.system), forms(wanted.external_ref.key)
        yield any(system in systems and key in keys for system, key in facts["references"])


def _own_facts(wanted: OrderFilter, facts: Facts) -> Iterator[bool]:
    """The conditions that are met by one of a list of values of a fact."""
    for name, values in (
        ("status", wanted.status),
        ("fulfillment", wanted.fulfillment),
        ("payment", wanted.payment),
        ("return", wanted.return_status),
        ("milestone", wanted.milestone),
        ("channel", wanted.channel),
        ("country", wanted.country),
    ):
        if values is not None:
            yield facts[name] in values
    if wanted.customer_id is not None:
        yield facts["customerId"] == wanted.customer_id.hex


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _is_text(wanted: TextMatch, text: str) -> bool:
    return (
        (wanted.eq is None or text == wanted.eq)
        and (wanted.in_ is None or text in wanted.in_)
        and (wanted.starts_with is None or text.startswith(wanted.starts_with))
        and (wanted.words is None or _has_words(wanted.words, text))
    )


def _has_words(query: str, text: str) -> bool:
    """Whether the text has all words of the query; a query without words matches nothing."""
    return bool(query_words(query)) and matches_words(text, query)


def _is_time(wanted: TimeRange, instant: datetime | None) -> bool:
    if instant is None:
        return False
    return (wanted.gte is None or instant >= wanted.gte) and (
        wanted.lt is None or instant < wanted.lt
    )


def _is_amount(wanted: AmountMatch, amount: int) -> bool:
    """Whether a comparable amount meets the conditions."""
    return (
        (wanted.eq is None or amount == comparable_exact(wanted.eq))
        and (wanted.gte is None or amount >= comparable_bound(wanted.gte))
        and (wanted.lt is None or amount < comparable_bound(wanted.lt))
    )
