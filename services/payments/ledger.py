"""The ledger of a period: invoices, charges and refunds as double entry."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple
from uuid import UUID

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from models.payments import Invoice, Payment
from models.rules.access import Actor, Permission
from models.rules.errors import invalid
from models.rules.ledger import (
    BilledRate,
    DocumentKind,
    Posting,
    charge_postings,
    invoice_postings,
    refund_postings,
)
from models.rules.payment_states import PaymentKind
from services.aggregates.amounts import restored
from services.work import policy
from services.work.policy import Policy
from services.work.visibility import visible

PAGE: Final = 500
"""Documents that one statement reads, and that are in memory at the same time."""

FIRST_DAY: Final = date(1900, 1, 1)
LAST_DAY: Final = date(2999, 12, 31)

OF_ORDER: Final = {"order": "order__number", "customer": "order__customer__code"}
KINDS: Final = {
    PaymentKind.CHARGE: (DocumentKind.CHARGE, charge_postings),
    PaymentKind.REFUND: (DocumentKind.REFUND, refund_postings),
}
"""The payments that are booked. Authorizations and voids are no money yet."""


class Entry(NamedTuple):
    """A debit or a credit of a document: an amount in minor units, below zero for a credit.

    `key` is the id of the document's row, `number` its number, if its kind has any.
    """

    day: date
    document: DocumentKind
    key: UUID
    number: str | None
    order: str
    customer: str
    account: str
    minor: int
    currency: str
    text: str


@dataclass
class Totals:
    """The counts of the export; debits and credits in minor units, by currency."""

    documents: int = 0
    entries: int = 0
    debits: Counter[str] = field(default_factory=Counter)
    credits: Counter[str] = field(default_factory=Counter)

    def count(self, entries: Sequence[Entry]) -> None:
        """Counts one more document."""
        self.documents += 1
        self.entries += len(entries)
        for entry in entries:
            side = self.debits if entry.minor > 0 else self.credits
            side[entry.currency] += abs(entry.minor)


class _Document(NamedTuple):
    """A document with its place among all: instant, kind and id."""

    at: datetime
    kind: int
    key: UUID
    entries: list[Entry]


def check_period(first: date, last: date) -> None:
    """Passes if the period can be exported.

    Raises:
        InputError: it ends before it begins, or is beyond the years 1900 to 2999.
    """
    if not FIRST_DAY <= first <= last <= LAST_DAY:
        raise invalid("A period is from a day to the same or a later one, 1900 to 2999.", "from")


async def export_ledger(
    actor: Actor, first: date, last: date, write: Callable[[Sequence[Entry]], None]
) -> Totals:
    """Passes the entries of a period to `write`, document by document; returns the totals.

    Both days are included, in the business's time zone. Documents come in the order of their
    instants, invoices before payments, and the entries of each add up to zero. At most two pages
    are in memory. Documents recorded during the export may be in it or not.

    Raises:
        Forbidden: the actor may not read payments, orders and customers.
        InputError: the period is not possible.
    """
    for needed in (Permission.PAYMENTS_READ, Permission.ORDERS_READ, Permission.CUSTOMERS_READ):
        actor.require(needed)
    check_period(first, last)
    company = policy.current()
    span = company.beginning_of(first), company.beginning_of(last + timedelta(days=1))
    totals = Totals()
    sources = _invoices(actor, company, *span), _payments(actor, company, *span)
    async for document in _merged(*sources):
        if document.entries:
            totals.count(document.entries)
            write(document.entries)
    return totals


async def _merged(*sources: AsyncIterator[_Document]) -> AsyncIterator[_Document]:
    """The documents of all sources in order; each source is in order."""
    heads = [await anext(source, None) for source in sources]
    while waiting := [head for head in heads if head]:
        least = min(waiting)
        index = heads.index(least)
        yield least
        heads[index] = await anext(sources[index], None)


async def _invoices(
    actor: Actor, company: Policy, begin: datetime, end: datetime
) -> AsyncIterator[_Document]:
    own = ("number", "currency", "net_minor", "tax_minor", "taxes", "order_id")
    others = {
        "shipping": "order__shipping_net_minor",
        "shipping_taxes": "order__shipping_taxes",
        "shipment": "shipment__number",
    }
    period = _Period(visible(Invoice, actor), "issued_at", begin, end)
    async for page in period.pages(*own, **others):
        firsts = await _first_invoices(actor, {row["order_id"] for row in page})
        for row in page:
            is_first = firsts[row["order_id"]] == row["id"]
            postings = invoice_postings(company.accounts, _billed(row, is_first=is_first))
            text = row["shipment"] or ""
            yield _document(company, row, DocumentKind.INVOICE, row["number"], postings, text)


def _billed(row: dict[str, Any], *, is_first: bool) -> list[BilledRate]:
    """An invoice's amounts by rate; the first one of an order bills its freight too."""
    shipping_minor = row["shipping"] if is_first else 0
    parts = restored(row["taxes"])
    if not parts:
        goods_minor = row["net_minor"] - shipping_minor
        return [BilledRate(None, goods_minor, shipping_minor, row["tax_minor"])]
    freight = {part.rate: part.net_minor for part in restored(row["shipping_taxes"])}
    if not freight:
        freight = {Decimal(0): shipping_minor}
    return [
        BilledRate(rate, net - shipping, shipping, tax)
        for rate, net, tax in parts
        for shipping in [freight.get(rate, 0) if is_first else 0]
    ]


async def _first_invoices(actor: Actor, orders: set[UUID]) -> dict[UUID, UUID]:
    """Each order's first invoice, which bills its shipping.

    Numbers of one instant have the same beginning, so the shorter one is the lesser.
    """
    rows = visible(Invoice, actor).filter(order_id__in=list(orders))
    found = await rows.values("id", "order_id", "issued_at", "number")
    found.sort(key=lambda row: (row["issued_at"], len(row["number"]), row["number"]), reverse=True)
    return {row["order_id"]: row["id"] for row in found}


async def _payments(
    actor: Actor, company: Policy, begin: datetime, end: datetime
) -> AsyncIterator[_Document]:
    rows = visible(Payment, actor).filter(kind__in=list(KINDS))
    period = _Period(rows, "at", begin, end)
    async for page in period.pages("kind", "currency", "amount_minor", "method", "reference"):
        for row in page:
            kind, postings_of = KINDS[PaymentKind(row["kind"])]
            postings = postings_of(company.accounts, row["method"], row["amount_minor"])
            text = " ".join(filter(None, (row["method"], row["reference"])))
            yield _document(company, row, kind, None, postings, text)


@dataclass(frozen=True)
class _Period:
    """Rows in a period by their time, in the order of time and id."""

    rows: QuerySet[Any]
    time: str
    begin: datetime
    end: datetime

    async def pages(self, *own: str, **others: str) -> AsyncIterator[list[dict[str, Any]]]:
        """The rows in pages: id, time, order and customer, and these columns."""
        after = self._when(gte=self.begin)
        while True:
            wanted = self.rows.filter(after, self._when(lt=self.end)).order_by(self.time, "id")
            named = {"time": self.time, **OF_ORDER, **others}
            page: list[dict[str, Any]] = await wanted.limit(PAGE).values("id", *own, **named)
            if page:
                yield page
            if len(page) < PAGE:
                return
            last = page[-1]
            later = Q(self._when(gt=last["time"]), Q(id__gt=last["id"]), join_type=Q.OR)
            # The first condition alone gives an index its range.
            after = self._when(gte=last["time"]) & later

    def _when(self, **conditions: Any) -> Q:
        return Q(**{f"{self.time}__{name}": value for name, value in conditions.items()})


def _document(
    company: Policy,
    row: dict[str, Any],
    kind: DocumentKind,
    number: str | None,
    postings: Sequence[Posting],
    text: str,
) -> _Document:
    day = company.local(row["time"]).date()
    entries = [
        Entry(
            day=day,
            document=kind,
            key=row["id"],
            number=number,
            order=row["order"],
            customer=row["customer"],
            account=account,
            minor=minor,
            currency=row["currency"],
            text=text,
        )
        for account, minor in postings
    ]
    return _Document(row["time"], list(DocumentKind).index(kind), row["id"], entries)
