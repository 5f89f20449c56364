"""Audits orders' balances and customers' counters, and repairs them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from tortoise.backends.base.client import BaseDBAsyncClient

from models.customers import Customer
from models.orders import Order
from models.rules.access import Actor, Permission
from models.rules.credit import Share
from models.rules.events import EventKind
from services.aggregates.amounts import balance_of, strike_balance
from services.aggregates.credit import book, share_of
from services.operations.audits.report import Report
from services.operations.pages import pages
from services.storage.database import connection
from services.storage.statements import Query
from services.use_case import perform
from services.work import policy
from services.work.events import record
from services.work.work import Work

PARTS: Final = (
    *("balance_minor", "sort_balance", "sort_total", "payment_status"),
    *("credit_minor", "lifetime_minor"),
)
"""The columns of an order's payments and total."""


class Counter(StrEnum):
    """The audited numbers. Of an order: its balance, and its part in its customer's counters."""

    BALANCE = "balance"
    CREDIT = "credit used"
    LIFETIME = "lifetime value"


@dataclass(frozen=True, slots=True)
class Drift:
    """A wrong counter, in minor units of its currency.

    With an order it is the order's balance, in the order's own currency, or its part and the value
    computed from the order; otherwise the customer's counter and the sum of the parts. Without a
    currency it is the company's.
    """

    customer: str
    counter: Counter
    stored_minor: int
    computed_minor: int
    order: str | None = None
    repaired: bool = False
    currency: str | None = None


class _Counted(NamedTuple):
    """A customer's counters, and the sums of their orders' parts."""

    id: UUID
    code: str
    credit_minor: int
    lifetime_minor: int
    credit_sum: int
    lifetime_sum: int

    @property
    def computed(self) -> Share:
        return Share(self.credit_sum, self.lifetime_sum)

    def drifts(self, *, repaired: bool = False) -> list[Drift]:
        stored = Share(self.credit_minor, self.lifetime_minor)
        return _differences(self.code, stored, self.computed, None, repaired=repaired)


async def verify_credit(actor: Actor, *, repair: bool = False) -> Report[Drift]:
    """Compares each order's balance and part, then each customer with the sum of the parts.

    With `repair` balances, parts and counters are set by the orders, 200 orders or one customer in
    a transaction, with an event for the customer. At most 1,000 drifts are listed; all are counted.

    Raises:
        Forbidden: the actor may not read credit, or for a repair not write it.
    """
    actor.require(Permission.CREDIT_WRITE if repair else Permission.CREDIT_READ)
    report = Report[Drift]()
    async for orders in pages(Order.all()):  # unscoped: an audit looks at all orders
        report.add(await _drifted_parts(actor, orders, repair=repair))
    # unscoped: an audit looks at all customers
    async for page in pages(Customer.all().only("id")):
        for customer in await _compare(connection(), page[0].id, page[-1].id):
            drifts = customer.drifts()
            report.add(await _repair(actor, customer) if repair and drifts else drifts)
        report.compared += len(page)
    return report


async def _drifted_parts(actor: Actor, orders: Sequence[Order], *, repair: bool) -> list[Drift]:
    """The orders' wrong parts; `repair` corrects them."""
    company = policy.current().currency
    wrong = [order for order in orders if _drifts_of(order, "", company, repaired=False)]
    if not wrong:
        return []
    # unscoped: the customers of those orders
    rows = Customer.filter(id__in={order.customer_id for order in wrong})
    codes: dict[UUID, str] = dict(await rows.values_list("id", "code"))
    if repair:
        return await perform(actor, lambda work: _set_parts(work, wrong, codes))
    listed = (
        _drifts_of(order, codes[order.customer_id], company, repaired=False) for order in wrong
    )
    return [drift for drifts in listed for drift in drifts]


async def _set_parts(work: Work, wrong: Sequence[Order], codes: dict[UUID, str]) -> list[Drift]:
    """Corrects the parts of the orders that are still wrong under their lock; returns the drifts.

    Each customer's counters change by the difference, as with any change of an order.
    """
    # unscoped: orders that the audit has found
    rows = Order.filter(id__in=[order.id for order in wrong]).using_db(work.connection)
    found = []
    for order in await rows.select_for_update().order_by("id"):
        drifts = _drifts_of(order, codes[order.customer_id], work.policy.currency, repaired=True)
        if drifts:
            strike_balance(order)
            await book(work, order)
            await order.save(update_fields=PARTS, using_db=work.connection)
        found += drifts
    return found


def _drifts_of(order: Order, code: str, company: str, *, repaired: bool) -> list[Drift]:
    balance = balance_of(order)
    drifts = []
    if balance != order.balance_minor:
        pair = (order.balance_minor, balance)
        drifts.append(
            Drift(code, Counter.BALANCE, *pair, order.number, repaired, currency=order.currency)
        )
    due = share_of(order, company, balance)
    return drifts + _differences(code, _part(order), due, order.number, repaired=repaired)


def _part(order: Order) -> Share:
    return Share(order.credit_minor, order.lifetime_minor)


async def _repair(actor: Actor, customer: _Counted) -> list[Drift]:
    """Corrects a customer's counters that are still wrong under the lock; returns the drifts."""
    return await perform(actor, lambda work: _set_counters(work, customer.id))


async def _set_counters(work: Work, customer_id: UUID) -> list[Drift]:
    # unscoped: a customer that the audit has found
    rows = Customer.filter(id=customer_id).using_db(work.connection).select_for_update()
    customer = await rows.get()
    (counted,) = await _compare(work.connection, customer.id, customer.id)
    drifts = counted.drifts(repaired=True)
    if drifts:
        customer.credit_used_minor = counted.credit_sum
        customer.lifetime_minor = counted.lifetime_sum
        repaired = sorted(drift.counter for drift in drifts)
        data = {"fields": ["credit"], "repaired": repaired}
        record(work, customer, EventKind.CUSTOMER_UPDATED, data=data)
        fields = ["credit_used_minor", "lifetime_minor", "event_seq"]
        await customer.save(update_fields=fields, using_db=work.connection)
    return drifts


def _differences(
    customer: str, stored: Share, computed: Share, order: str | None, *, repaired: bool
) -> list[Drift]:
    pairs = (
        (Counter.CREDIT, stored.credit_minor, computed.credit_minor),
        (Counter.LIFETIME, stored.lifetime_minor, computed.lifetime_minor),
    )
    return [
        Drift(customer, counter, before, after, order, repaired)
        for counter, before, after in pairs
        if before != after
    ]


# One statement, so that all its numbers are of one instant on each database.
_COMPARE: Final = Query(  # unscoped: an audit looks at all customers and their orders
    _Counted,
    """
SELECT customer.id, customer.code, customer.credit_used_minor, customer.lifetime_minor,
    COALESCE(parts.credit_sum, 0), COALESCE(parts.lifetime_sum, 0)
FROM customer
LEFT JOIN (
    SELECT customer_id, SUM(credit_minor) AS credit_sum, SUM(lifetime_minor) AS lifetime_sum
    FROM customer_order WHERE customer_id BETWEEN ? AND ?
    GROUP BY customer_id
) parts ON parts.customer_id = customer.id
WHERE customer.id BETWEEN ? AND ?
ORDER BY customer.id
""",
)


async def _compare(client: BaseDBAsyncClient, first: UUID, last: UUID) -> list[_Counted]:
    """The customers whose ids are in the range, both ends included."""
    return await _COMPARE.rows(client, *(first, last) * 2)
