"""Credit that drifts from the orders is found by customer and order, and set right from them."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

import pytest

from models.customers import Customer
from models.events import Event
from models.orders import Order
from models.rules.access import SYSTEM, Actor, ActorKind, Permission
from models.rules.errors import Forbidden
from models.rules.events import EventKind
from models.rules.order_states import OrderAction
from services.demo.fill import fill
from services.demo.size import Size
from services.operations.audits.credit import Counter, Drift, verify_credit
from services.operations.audits.report import Report
from services.operations.pages import PAGE
from services.payments import rates
from services.payments.rates import Quote
from services.work import clock
from tests.support.audit.auditor import audit
from tests.support.databases import Database
from tests.support.trade import NOON, Trade, open_trade

CREDIT, LIFETIME = Counter.CREDIT, Counter.LIFETIME
CLEAN: Final[Report[Drift]] = Report(1)


async def business() -> tuple[Trade, Order]:
    """ADA owes 25.00 of an order of 30.00, and 20.00 more; she bought for 50.00. That order."""
    trade = await open_trade()
    await trade.product("CUP", near=20)
    order = await trade.pay(await trade.place(("CUP", 3)), "5.00")
    await trade.place(("CUP", 2))
    await trade.act(await trade.place(("CUP", 9)), OrderAction.CANCEL)
    customer = await Customer.get()
    assert (customer.credit_used_minor, customer.lifetime_minor) == (4_500, 5_000)
    return trade, order


def drifted(*drifts: Drift, repaired: bool) -> Report[Drift]:
    return Report(1, len(drifts), len(drifts) if repaired else 0, [*drifts])


async def test_counters_that_agree_are_clean(database: Database) -> None:
    await business()
    assert await verify_credit(SYSTEM) == CLEAN
    assert await verify_credit(SYSTEM, repair=True) == CLEAN


async def test_a_drifted_balance_is_found_and_repaired_with_what_follows_from_it(
    database: Database,
) -> None:
    _, order = await business()
    await Order.filter(id=order.id).update(balance_minor=0, payment_status="PAID")
    drift = Drift("ADA", Counter.BALANCE, 0, 2_500, order.number, currency="EUR")
    assert await verify_credit(SYSTEM) == drifted(drift, repaired=False)
    repaired = replace(drift, repaired=True)
    assert await verify_credit(SYSTEM, repair=True) == drifted(repaired, repaired=True)
    after = await Order.get(id=order.id)
    assert (after.balance_minor, after.payment_status) == (2_500, "PARTLY_PAID")
    assert await verify_credit(SYSTEM) == CLEAN


@pytest.mark.parametrize(
    ("column", "wrong", "found"),
    [
        ("credit_used_minor", 9_999, (CREDIT, 9_999, 4_500)),
        ("lifetime_minor", 0, (LIFETIME, 0, 5_000)),
    ],
)
async def test_a_drifted_customer_is_found_and_repaired(
    database: Database, column: str, wrong: int, found: tuple[Counter, int, int]
) -> None:
    await business()
    before = await Customer.get()
    await Customer.all().update(**{column: wrong})
    assert await verify_credit(SYSTEM) == drifted(Drift("ADA", *found), repaired=False)
    assert getattr(await Customer.get(), column) == wrong

    report = await verify_credit(SYSTEM, repair=True)
    assert report == drifted(Drift("ADA", *found, repaired=True), repaired=True)
    assert report.is_clean
    after = await Customer.get()
    assert (after.credit_used_minor, after.lifetime_minor) == (4_500, 5_000)
    assert (after.version, after.event_seq) == (before.version, before.event_seq + 1)
    told = await Event.get(subject_id=after.id, subject_seq=after.event_seq)
    assert told.kind is EventKind.CUSTOMER_UPDATED
    assert told.data == {"fields": ["credit"], "repaired": [found[0].value]}
    assert await verify_credit(SYSTEM) == CLEAN
    assert await audit() == []


async def test_an_order_s_drifted_part_is_found_and_repaired(database: Database) -> None:
    """Its customer agrees with it, and would drift for good when the order changes next."""
    trade, order = await business()
    await Order.filter(id=order.id).update(credit_minor=2_600, lifetime_minor=1)
    await Customer.all().update(credit_used_minor=4_600, lifetime_minor=2_001)
    found = [("ADA", CREDIT, 2_600, 2_500), ("ADA", LIFETIME, 1, 3_000)]
    drifts = [Drift(*each, order=order.number) for each in found]
    assert await verify_credit(SYSTEM) == drifted(*drifts, repaired=False)
    drifts = [Drift(*each, order=order.number, repaired=True) for each in found]
    assert await verify_credit(SYSTEM, repair=True) == drifted(*drifts, repaired=True)
    customer = await Customer.get()
    assert (customer.credit_used_minor, customer.lifetime_minor) == (4_500, 5_000)
    assert await verify_credit(SYSTEM) == CLEAN
    await trade.pay(order, "25.00")
    assert (await Customer.get()).credit_used_minor == 2_000
    assert await audit() == []


async def test_orders_in_another_currency_count_by_their_rate(database: Database) -> None:
    trade = await open_trade()
    await trade.product("MAP", near=5, currency="USD")
    await rates.save_rates(SYSTEM, [Quote(date(2026, 3, 9), "USD", Decimal("0.9"))])
    with clock.frozen(NOON):
        order = await trade.place(("MAP", 1))
    assert await verify_credit(SYSTEM) == CLEAN
    await Order.all().update(credit_minor=1_000)
    await Customer.all().update(credit_used_minor=1_000)
    drift = Drift("ADA", CREDIT, 1_000, 900, order=order.number, repaired=True)
    assert await verify_credit(SYSTEM, repair=True) == drifted(drift, repaired=True)
    assert (await Customer.get()).credit_used_minor == 900


async def test_every_customer_and_order_is_compared(sqlite_database: Database) -> None:
    end = datetime(2026, 3, 2, 9, tzinfo=UTC)
    size = Size(customers=PAGE + 50, products=20, orders=PAGE + 50)
    made = await fill(SYSTEM, size, seed=1, now=end)
    assert (await verify_credit(SYSTEM)).found == 0
    customer = await Customer.all().order_by("-id").first()
    order = await Order.all().order_by("-id").first()
    assert customer is not None
    assert order is not None
    await Customer.filter(id=customer.id).update(lifetime_minor=customer.lifetime_minor + 1)
    await Order.filter(id=order.id).update(credit_minor=order.credit_minor + 1)
    # An order's part that its customer's counter does not have is wrong at both.
    for repair in (False, True):
        report = await verify_credit(SYSTEM, repair=repair)
        assert (report.compared, report.found, report.is_clean) == (made.customers, 3, repair)
    assert (await verify_credit(SYSTEM)).found == 0


async def test_reading_does_not_permit_repairing(sqlite_database: Database) -> None:
    reader = Actor(ActorKind.STAFF, "reader", None, frozenset({Permission.CREDIT_READ}))
    stranger = Actor(ActorKind.STAFF, "stranger", None, frozenset())
    assert (await verify_credit(reader)).is_clean
    with pytest.raises(Forbidden):
        await verify_credit(reader, repair=True)
    with pytest.raises(Forbidden):
        await verify_credit(stranger)
