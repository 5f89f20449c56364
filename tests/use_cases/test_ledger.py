"""The ledger of a period: exact entries of a small story, and sums of any period of any company."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final
from uuid import UUID, uuid4

import pytest

from models.orders import Order
from models.payments import Invoice, Payment
from models.rules.access import EVERYTHING, SYSTEM, Actor, ActorKind, Permission
from models.rules.errors import Forbidden
from models.rules.ledger import Accounts
from models.rules.order_states import OrderAction
from models.rules.payment_states import PaymentKind
from models.rules.return_states import Disposition
from services.demo.fill import fill
from services.demo.size import Size
from services.fulfillment.ship import CreateShipment, create_shipment
from services.payments import ledger
from services.payments.ledger import Entry, Totals, export_ledger
from services.payments.record import RecordPayment, record_payment
from services.storage.database import connection
from services.work import clock, policy
from services.work.policy import Policy
from tests.support.databases import Database
from tests.support.statements import counted
from tests.support.trade import Trade, lines_of, open_trade, reasons, shipments_of

DAY: Final = date(2026, 3, 9)
END: Final = datetime(2026, 6, 30, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _usual_policy() -> Iterator[None]:
    usual = policy.current()
    yield
    policy.use(usual)


async def exported(first: date, last: date, actor: Actor = SYSTEM) -> list[Entry]:
    entries: list[Entry] = []
    await export_ledger(actor, first, last, entries.extend)
    return entries


def told(entries: Sequence[Entry]) -> list[tuple[str, str, str, int]]:
    return [(str(each.day), each.document.value, each.account, each.minor) for each in entries]


async def pay(
    order: Order, at: datetime, kind: PaymentKind, amount: str, method: str, reference: str | None
) -> None:
    payment = RecordPayment(order.id, kind, Decimal(amount), method, reference, at=at)
    with clock.frozen(at):
        await record_payment(SYSTEM, payment)


async def renamed(row: Payment | Invoice, key: UUID) -> None:
    """Give a row another id, which Tortoise does not."""
    table = row._meta.db_table
    await connection().execute_query(f"UPDATE {table} SET id = '{key}' WHERE id = '{row.id}'")


async def sold(trade: Trade) -> Order:
    """Three cups for 41.53 with tax and shipping; two left on the 9th of March, one on the 10th."""
    with clock.frozen(datetime(2026, 3, 9, 8, tzinfo=UTC)):
        await trade.product("CUP", near=3, tax_rate=Decimal("0.19"))
        order = await trade.place(("CUP", 3), shipping=Decimal("4.90"))
        (line,) = await lines_of(order)
        some = CreateShipment(order.id, order.version, trade.near_id, {line.id: 2})
        await create_shipment(SYSTEM, some)
        (shipment,) = await shipments_of(order)
        await trade.track(shipment, shipment.status.SHIPPED)
    with clock.frozen(datetime(2026, 3, 10, 8, tzinfo=UTC)):
        return await trade.act(await Order.get(), OrderAction.SHIP)


async def test_the_entries_of_a_small_story(database: Database) -> None:
    trade = await open_trade()
    order = await sold(trade)
    authorization, charge, refund = (
        PaymentKind.AUTHORIZATION,
        PaymentKind.CHARGE,
        PaymentKind.REFUND,
    )
    await pay(order, datetime(2026, 3, 8, 9, tzinfo=UTC), authorization, "41.53", "card", "au_1")
    await pay(order, datetime(2026, 3, 9, 9, tzinfo=UTC), charge, "29.63", "card", "ch_1")
    await pay(order, datetime(2026, 3, 11, 9, tzinfo=UTC), charge, "11.90", "transfer", None)
    await pay(order, datetime(2026, 3, 12, 9, tzinfo=UTC), refund, "11.90", "card", "re_1")
    entries = await exported(date(2026, 3, 1), date(2026, 3, 31))
    assert told(entries) == [
        ("2026-03-09", "INVOICE", "receivables", 2963),
        ("2026-03-09", "INVOICE", "revenue", -2000),
        ("2026-03-09", "INVOICE", "shipping", -490),
        ("2026-03-09", "INVOICE", "tax", -473),
        ("2026-03-09", "CHARGE", "cash:card", 2963),
        ("2026-03-09", "CHARGE", "receivables", -2963),
        ("2026-03-10", "INVOICE", "receivables", 1190),
        ("2026-03-10", "INVOICE", "revenue", -1000),
        ("2026-03-10", "INVOICE", "tax", -190),
        ("2026-03-11", "CHARGE", "cash:transfer", 1190),
        ("2026-03-11", "CHARGE", "receivables", -1190),
        ("2026-03-12", "REFUND", "receivables", 1190),
        ("2026-03-12", "REFUND", "cash:card", -1190),
    ]
    assert {(each.order, each.customer, each.currency) for each in entries} == {
        (order.number, "ADA", "EUR")
    }
    invoice = await Invoice.all().order_by("number").first()
    refunded = await Payment.get(kind=refund)
    assert invoice is not None
    assert (entries[0].number, entries[0].key, entries[0].text) == (
        *("INV-2026-000001", invoice.id, f"{order.number}-1"),
    )
    assert (entries[-1].number, entries[-1].key) == (None, refunded.id)
    assert (entries[9].text, entries[-1].text) == ("transfer", "card re_1")


async def test_shipping_is_billed_by_the_first_of_invoices_of_one_instant(
    database: Database,
) -> None:
    """The first by number, whatever their ids are."""
    trade = await open_trade()
    with clock.frozen(datetime(2026, 3, 9, 8, tzinfo=UTC)):
        await trade.product("CUP", near=1, far=2)
        order = await trade.place(("CUP", 3), shipping=Decimal("4.90"))
        await trade.act(order, OrderAction.SHIP)
    for ids in ((UUID(int=1), UUID(int=2)), (UUID(int=4), UUID(int=3))):
        for invoice, key in zip(await Invoice.all().order_by("number"), ids, strict=True):
            await renamed(invoice, key)
        entries = await exported(DAY, DAY)
        assert {each.number: each.minor for each in entries if each.account == "shipping"} == {
            "INV-2026-000001": -490
        }
        assert sum(each.minor for each in entries if each.account == "revenue") == -3000


async def test_a_return_books_nothing_and_its_refund_does(database: Database) -> None:
    trade = await open_trade()
    order = await sold(trade)
    (line,) = await lines_of(order)
    billed = await exported(date(2026, 1, 1), date(2026, 12, 31))
    with clock.frozen(datetime(2026, 4, 1, 8, tzinfo=UTC)):
        await trade.pay(order, "41.53")
        request = await trade.announce(order, (line, 1))
        await trade.receive(request, (line, 1, Disposition.RESTOCK))
    assert told((await exported(date(2026, 1, 1), date(2026, 12, 31)))[len(billed) :]) == [
        ("2026-04-01", "CHARGE", "cash:card", 4153),
        ("2026-04-01", "CHARGE", "receivables", -4153),
    ]
    with clock.frozen(datetime(2026, 4, 2, 8, tzinfo=UTC)):
        await trade.pay(order, "11.90", PaymentKind.REFUND)
    assert told(await exported(date(2026, 4, 2), date(2026, 12, 31))) == [
        ("2026-04-02", "REFUND", "receivables", 1190),
        ("2026-04-02", "REFUND", "cash:card", -1190),
    ]


async def test_each_currency_is_kept_apart(sqlite_database: Database) -> None:
    trade = await open_trade()
    await sold(trade)
    with clock.frozen(datetime(2026, 3, 9, 20, tzinfo=UTC)):
        await trade.product("FAN", near=1, price=Decimal(500), currency="JPY")
        fan = await trade.act(await trade.place(("FAN", 1)), OrderAction.SHIP)
        await trade.pay(fan, "500")
    entries: list[Entry] = []
    totals = await export_ledger(SYSTEM, DAY, DAY, entries.extend)
    assert [(each.account, each.minor) for each in entries if each.currency == "JPY"] == [
        ("receivables", 500),
        ("revenue", -500),
        ("cash:card", 500),
        ("receivables", -500),
    ]
    both = Counter({"EUR": 2963, "JPY": 1000})
    assert totals == Totals(documents=3, entries=8, debits=both, credits=both)


@pytest.mark.parametrize(
    ("zone", "days"),
    [
        ("UTC", {"2026-03-31": "1.00 2.00", "2026-04-01": "3.00"}),
        ("Europe/Berlin", {"2026-03-31": "1.00", "2026-04-01": "2.00 3.00"}),
        ("America/New_York", {"2026-03-31": "1.00 2.00 3.00"}),
        ("Pacific/Auckland", {"2026-04-01": "1.00 2.00 3.00"}),
    ],
)
async def test_the_business_s_time_zone_decides_the_day(
    database: Database, zone: str, days: dict[str, str]
) -> None:
    trade = await open_trade()
    order = await sold(trade)
    for hour, amount in ((12, "1.00"), (22, "2.00"), (26, "3.00")):
        at = datetime(2026, 3, 31, tzinfo=UTC) + timedelta(hours=hour)
        await pay(order, at, PaymentKind.CHARGE, amount, "card", None)
    policy.use(Policy(time_zone=zone))
    found: dict[str, str] = {}
    for day in (date(2026, 3, 30), date(2026, 3, 31), date(2026, 4, 1), date(2026, 4, 2)):
        entries = await exported(day, day)
        assert {each.day for each in entries} <= {day}
        amounts = [f"{each.minor / 100:.2f}" for each in entries if each.minor > 0]
        if amounts:
            found[str(day)] = " ".join(amounts)
    assert found == days


@pytest.mark.parametrize(
    ("zone", "day", "begins"),
    [
        ("UTC", date(2026, 3, 29), "2026-03-29T00:00"),
        ("Europe/Berlin", date(2026, 3, 29), "2026-03-28T23:00"),
        ("Europe/Berlin", date(2026, 3, 30), "2026-03-29T22:00"),  # a day of 23 hours before
        ("America/Santiago", date(2026, 9, 6), "2026-09-06T04:00"),  # its midnight is left out
        ("Asia/Kathmandu", date(2026, 1, 1), "2025-12-31T18:15"),
    ],
)
def test_when_a_day_begins(zone: str, day: date, begins: str) -> None:
    business = Policy(time_zone=zone)
    instant = business.beginning_of(day)
    assert instant == datetime.fromisoformat(begins).replace(tzinfo=UTC)
    assert business.local(instant).date() == day
    assert business.local(instant - timedelta(microseconds=1)).date() == day - timedelta(days=1)


async def test_accounts_are_the_operator_s(sqlite_database: Database) -> None:
    trade = await open_trade()
    order = await sold(trade)
    await pay(order, datetime(2026, 3, 9, 9, tzinfo=UTC), PaymentKind.CHARGE, "1.00", "card", None)
    accounts = Accounts.parse(["receivables=1400", "revenue=8400", "cash:card=1360"])
    policy.use(Policy(accounts=accounts))
    names = [each.account for each in await exported(DAY, DAY)]
    assert names == ["1400", "8400", "shipping", "tax", "1360", "1400"]


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2026, 3, 2), date(2026, 3, 1)),
        (date(1899, 12, 31), date(2026, 3, 1)),
        (date(2026, 3, 1), date(3000, 1, 1)),
    ],
)
async def test_what_is_no_period(sqlite_database: Database, first: date, last: date) -> None:
    assert await reasons(exported(first, last)) == [("INVALID", "from")]


@pytest.mark.parametrize(
    "needed", [Permission.PAYMENTS_READ, Permission.ORDERS_READ, Permission.CUSTOMERS_READ]
)
async def test_who_may_not(sqlite_database: Database, needed: Permission) -> None:
    stranger = Actor(ActorKind.STAFF, "stranger", None, EVERYTHING - {needed})
    with pytest.raises(Forbidden) as refusal:
        await exported(DAY, DAY, stranger)
    assert refusal.value.permission == needed


def sums(entries: Sequence[Entry], *by: str) -> dict[tuple[Any, ...], int]:
    found: dict[tuple[Any, ...], int] = defaultdict(int)
    for entry in entries:
        found[tuple(getattr(entry, name) for name in by)] += entry.minor
    return found


async def test_any_period_balances_and_adjoining_ones_are_the_whole(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a company of two years, in a time zone of its own, read by pages that cut days in two."""
    await fill(SYSTEM, Size(customers=30, products=40, orders=200), seed=5, now=END)
    policy.use(Policy(time_zone="America/New_York"))
    begin, end = date(2024, 6, 1), date(2026, 7, 1)
    whole = await exported(begin, end)
    documents = await Invoice.all().count()
    documents += await Payment.filter(kind__in=["CHARGE", "REFUND"]).count()
    assert len({each.key for each in whole}) == documents > 300
    assert {each.document.value for each in whole} == {"INVOICE", "CHARGE", "REFUND"}
    assert set(sums(whole, "key").values()) == set(sums(whole, "currency").values()) == {0}
    assert [each.day for each in whole] == sorted(each.day for each in whole)
    dice = random.Random(8)
    monkeypatch.setattr(ledger, "PAGE", 7)
    for _ in range(8):
        days = [begin + timedelta(days=dice.randrange((end - begin).days)) for _ in range(4)]
        cuts = sorted({begin, *days, end + timedelta(days=1)})
        parts = [await exported(a, b - timedelta(days=1)) for a, b in pairwise(cuts)]
        for part in parts:
            assert set(sums(part, "key").values()) <= {0}
            assert set(sums(part, "currency").values()) <= {0}
        assert [entry for part in parts for entry in part] == whole


async def test_receivables_are_what_orders_still_owe(database: Database) -> None:
    """Billed less paid: for an order whose goods all left, its total less what was paid."""
    await fill(SYSTEM, Size(customers=30, products=40, orders=200), seed=6, now=END)
    whole = await exported(date(2024, 1, 1), date(2026, 12, 31))
    owed = sums(whole, "order", "account")
    checked = 0
    for order in await Order.filter(fulfillment_status__in=["SHIPPED", "DELIVERED"]):
        balance = order.total_gross_minor - order.charged_minor + order.refunded_minor
        assert owed.get((order.number, "receivables"), 0) == balance
        assert owed.get((order.number, "shipping"), 0) == -order.shipping_net_minor
        assert owed.get((order.number, "tax"), 0) == -order.total_tax_minor
        checked += 1
    assert checked > 50


async def test_no_more_than_a_page_is_read_at_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is lost where many documents are of one instant, and pages end among them."""
    trade = await open_trade()
    order = await sold(trade)
    for number in range(9):
        at = datetime(2026, 3, 20, 9, tzinfo=UTC)
        await pay(order, at, PaymentKind.CHARGE, f"1.{number:02}", "card", None)
    for payment in await Payment.all():
        await renamed(payment, uuid4())  # in no order
    whole = await exported(DAY, date(2026, 3, 31))
    assert len(whole) == 7 + 9 * 2
    for size in (1, 2, 3, 10):
        monkeypatch.setattr(ledger, "PAGE", size)
        with counted() as statements:
            assert await exported(DAY, date(2026, 3, 31)) == whole
        pages = [each.partition("ORDER BY")[2] for each in statements if "ORDER BY" in each]
        assert len(pages) == (2 // size + 1) + (9 // size + 1)
        assert all("id" in each and "LIMIT" in each for each in pages)
