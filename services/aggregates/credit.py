"""Credit: the limits of customers, and the counters of their credit used and lifetime value.

The counters on a customer's row are sums over their orders, stored. They change in the transaction
that changes an order, by the change of the order's own part.
"""

from typing import Final
from uuid import UUID

from models.customers import Customer
from models.orders import Order
from models.rules.credit import PLACED, Share, share
from models.rules.errors import CreditExceeded
from models.rules.money import converted
from models.rules.order_states import OrderGuard, OrderStatus
from services.aggregates.selling import Debtor
from services.storage.statements import Statement
from services.work.work import Work

PAGE: Final = 500
"""Foreign orders in memory at a time during a recount."""
# unscoped: an order counts for its own customer
OWED: Final = """
UPDATE customer SET credit_used_minor = credit_used_minor + ?, lifetime_minor = lifetime_minor + ?
WHERE id = ?"""
WITHIN: Final = """
NOT blocked AND (credit_limit_minor IS NULL OR credit_limit_minor >= credit_used_minor + ?)"""
OWE: Final = Statement(OWED)
OWE_WITHIN: Final = Statement(f"{OWED} AND {WITHIN}")
# unscoped: all orders are counted anew
COUNTED: Final = """
UPDATE customer_order SET credit_minor = {credit}, lifetime_minor = {lifetime}
WHERE (credit_minor <> {credit} OR lifetime_minor <> {lifetime}) AND {plain}
"""
# unscoped: all customers are counted anew
SUMMED: Final = """
UPDATE customer SET credit_used_minor = {credit}, lifetime_minor = {lifetime}
WHERE credit_used_minor <> {credit} OR lifetime_minor <> {lifetime}
"""


def share_of(
    order: Order,
    company: str,
    balance_minor: int | None = None,
    status: OrderStatus | None = None,
) -> Share:
    """The order's part in its customer's counters, in the company's currency.

    It is zero for a foreign order without a rate. Balance and status are the order's own unless
    given.
    """
    balance_minor = order.balance_minor if balance_minor is None else balance_minor
    part = share(status or order.status, order.total_gross_minor, balance_minor)
    if order.currency == company:
        return part
    if order.company_rate is None:
        return Share()
    return Share(
        converted(part.credit_minor, order.currency, order.company_rate, company),
        converted(part.lifetime_minor, order.currency, order.company_rate, company),
    )


async def take(work: Work, order: Order) -> tuple[OrderGuard, ...]:
    """Adds a submitted draft to the credit used; returns the guard if it exceeds the limit.

    The customer's row is locked until the transaction ends, so take it late. The order is not saved
    here.
    """
    part = share_of(order, work.policy.currency, status=OrderStatus.CONFIRMED)
    change = _change(order, part)
    is_within = await _add_within(work, order, change)
    if not is_within:
        await _add(work, order.customer_id, change)
    order.credit_minor, order.lifetime_minor = part.credit_minor, part.lifetime_minor
    return () if is_within else (OrderGuard.OVER_LIMIT,)


def foresee(order: Order, customer: Debtor, company: str) -> tuple[OrderGuard, ...]:
    """The result of `take` for a customer that was read and is not blocked."""
    more = _change(order, share_of(order, company, status=OrderStatus.CONFIRMED)).credit_minor
    limit_minor = customer.credit_limit_minor
    if more <= 0 or limit_minor is None or customer.credit_used_minor + more <= limit_minor:
        return ()
    return (OrderGuard.OVER_LIMIT,)


async def take_more(work: Work, order: Order) -> None:
    """Adds the change of a placed order to the credit used. The order is not saved here.

    Raises:
        CreditExceeded: it grew above its customer's limit, or the customer is blocked.
    """
    part = share_of(order, work.policy.currency)
    change = _change(order, part)
    if not await _add_within(work, order, change):
        # unscoped: the order's own customer decides on its credit
        customer = await Customer.get(id=order.customer_id, using_db=work.connection)
        raise CreditExceeded(
            customer.credit_limit_minor, customer.credit_used_minor, part.credit_minor
        )
    order.credit_minor, order.lifetime_minor = part.credit_minor, part.lifetime_minor


def check_more(order: Order, customer: Debtor, company: str) -> None:
    """Passes if `take_more` would, by the customer that was read; nothing is counted.

    Raises:
        CreditExceeded: as `take_more`.
    """
    part = share_of(order, company)
    more = _change(order, part).credit_minor
    limit_minor, used_minor = customer.credit_limit_minor, customer.credit_used_minor
    is_within = limit_minor is None or limit_minor >= used_minor + more
    if more > 0 and (customer.blocked or not is_within):
        raise CreditExceeded(limit_minor, used_minor, part.credit_minor)


async def book(work: Work, order: Order) -> None:
    """Adds the change of the order's part to the customer's counters, without a limit.

    The order is not saved here.
    """
    part = share_of(order, work.policy.currency)
    change = _change(order, part)
    if change != Share():
        await _add(work, order.customer_id, change)
        order.credit_minor, order.lifetime_minor = part.credit_minor, part.lifetime_minor


def count_in(order: Order, customer: Customer, company: str) -> Share:
    """As `book`, for a customer in memory, whose counters change with the order's part.

    Neither is saved here.
    """
    part = share_of(order, company)
    change = _change(order, part)
    if change != Share():
        customer.credit_used_minor += change.credit_minor
        customer.lifetime_minor += change.lifetime_minor
        order.credit_minor, order.lifetime_minor = part.credit_minor, part.lifetime_minor
    return change


def may_owe(order: Order, customer: Debtor) -> bool:
    """Whether an order that waits for approval needs it no longer: its customer is not blocked,
    and owes no more than the limit or nothing for this order.
    """
    limit_minor = customer.credit_limit_minor
    is_within = limit_minor is None or customer.credit_used_minor <= limit_minor
    return not customer.blocked and (is_within or order.credit_minor <= 0)


async def _add_within(work: Work, order: Order, change: Share) -> bool:
    """Adds the change if the customer's limit allows it; whether it does."""
    if change.credit_minor <= 0:  # MariaDB does not count an unchanged row
        await _add(work, order.customer_id, change)
        return True
    values = (change.credit_minor, change.lifetime_minor, order.customer_id, change.credit_minor)
    return bool(await OWE_WITHIN.change(work.connection, *values))


async def _add(work: Work, customer_id: UUID, change: Share) -> None:
    if change.credit_minor < 0:
        work.relieved.add(customer_id)
    values = (change.credit_minor, change.lifetime_minor, customer_id)
    await OWE.change(work.connection, *values)


def _change(order: Order, part: Share) -> Share:
    return Share(part.credit_minor - order.credit_minor, part.lifetime_minor - order.lifetime_minor)


async def _recount_foreign(work: Work, currency: str) -> int:
    changed, last = 0, UUID(int=0)
    # unscoped: all orders are counted anew
    rows = Order.filter(company_rate__isnull=False).exclude(currency=currency).order_by("id")
    while page := await rows.filter(id__gt=last).limit(PAGE).using_db(work.connection):
        for order in page:
            part = share_of(order, work.policy.currency)
            if part != Share(order.credit_minor, order.lifetime_minor):
                order.credit_minor, order.lifetime_minor = part.credit_minor, part.lifetime_minor
                fields = ["credit_minor", "lifetime_minor"]
                await order.save(update_fields=fields, using_db=work.connection)
                changed += 1
        last = page[-1].id
    return changed


async def recount(work: Work) -> int:
    """Sets all counters by the orders; returns the number of rows that differed."""
    currency = work.policy.currency
    statuses = ", ".join(f"'{status.value}'" for status in PLACED)
    counts = f"status IN ({statuses}) AND currency = '{currency}'"
    orders = COUNTED.format(
        credit=f"(CASE WHEN {counts} AND balance_minor > 0 THEN balance_minor ELSE 0 END)",
        lifetime=f"(CASE WHEN {counts} THEN total_gross_minor ELSE 0 END)",
        plain=f"(currency = '{currency}' OR company_rate IS NULL)",
    )
    # unscoped: the sums over all orders of a customer
    sums = "(SELECT COALESCE(SUM({}), 0) FROM customer_order WHERE customer_id = customer.id)"
    customers = SUMMED.format(
        credit=sums.format("credit_minor"), lifetime=sums.format("customer_order.lifetime_minor")
    )
    changed = await _recount_foreign(work, currency)
    for text in (orders, customers):
        count, _ = await work.connection.execute_query(text)
        changed += count
    return changed
