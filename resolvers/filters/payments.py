"""Compiles filters of payments and invoices."""

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Final

from tortoise.expressions import Q, RawSQL, Subquery

from models.orders import Order
from models.rules.access import Actor
from models.rules.text import clean
from resolvers.filters.text import code_query, compile_where, none_of
from resolvers.filters.times import time_query
from resolvers.identifiers import key_of
from resolvers.inputs.fulfillment import InvoiceWhere, PaymentWhere
from services.work.visibility import visible


def payment_query(actor: Actor, where: PaymentWhere | None) -> Q:
    """The filter as a condition on the payment table."""
    return compile_where(where, partial(_conditions, actor)) if where else Q()


def _conditions(actor: Actor, where: PaymentWhere) -> Iterable[Q]:
    if where.customer_id is not None:
        yield _orders_of(actor, where.customer_id)
    if where.order_id is not None:
        yield Q(order_id=key_of("Order", where.order_id))
    if where.kind is not None:
        yield Q(kind__in=where.kind)
    yield from time_query(where.at, "at")
    if where.method is not None:
        yield Q(method__in=[clean(text) for text in where.method])
    yield from code_query(where.reference, "reference", "A reference")


# unscoped: an invoice is settled after all earlier ones of its order
LEFT_OPEN: Final = """(
    SELECT owed.total_gross_minor - owed.balance_minor - invoice.tax_minor - COALESCE((
        SELECT SUM(earlier.net_minor + earlier.tax_minor) FROM invoice earlier
        WHERE earlier.order_id = owed.id AND (earlier.issued_at < invoice.issued_at
            OR (earlier.issued_at = invoice.issued_at AND earlier.id < invoice.id))), 0)
    FROM customer_order owed WHERE owed.id = invoice.order_id)"""
"""The settled part of an invoice's net, after earlier invoices of its order: see `balance`."""


def invoice_query(actor: Actor, where: InvoiceWhere | None, now: datetime) -> Q:
    """The filter as a condition on the invoice table."""
    return compile_where(where, partial(_of_invoice, actor, now)) if where else Q()


def _of_invoice(actor: Actor, now: datetime, where: InvoiceWhere) -> Iterable[Q]:
    yield from code_query(where.number, "number", "An invoice")
    if where.customer_id is not None:
        yield _orders_of(actor, where.customer_id)
    if where.open is not None:
        yield is_open(actor) if where.open else none_of(is_open(actor))
    if where.overdue is not None:
        overdue = is_open(actor) & Q(due_at__isnull=False) & Q(due_at__lt=now)
        yield overdue if where.overdue else none_of(overdue)
    yield from time_query(where.issued_at, "issued_at")
    yield from time_query(where.due_at, "due_at")


def is_open(actor: Actor) -> Q:
    """Invoices with a positive balance. A first condition excludes those of settled orders."""
    owing = visible(Order, actor).filter(sort_balance__gt=0).values("id")
    return Q(order_id__in=Subquery(owing)) & Q(net_minor__gt=RawSQL(LEFT_OPEN))


def _orders_of(actor: Actor, customer_id: str) -> Q:
    orders = visible(Order, actor).filter(customer_id=key_of("Customer", customer_id))
    return Q(order_id__in=Subquery(orders.values("id")))
