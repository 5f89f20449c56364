"""Orders in other currencies count by the rate of their day."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from models.customers import Customer
from models.exchange import ExchangeRate
from models.orders import Order
from models.rules.access import SYSTEM
from models.rules.errors import Refused
from models.rules.money import converted
from services.aggregates import credit
from services.payments import rates
from services.payments.rates import Quote
from services.use_case import perform
from services.work import clock
from tests.support.api import ask, refusal
from tests.support.company import PLACE, Company, found_company
from tests.support.databases import Database

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)

REFUSED = """
mutation($input: OrderInput!) { orderPlace(input: $input) { userErrors { code
  ... on CreditExceeded { limit { amount currencyCode } requestedAmount { amount currencyCode } }
} } }"""


@pytest.mark.parametrize(
    ("minor", "currency", "rate", "into", "expected"),
    [
        (100, "USD", "0.5", "EUR", 50),
        (1, "USD", "0.5", "EUR", 0),
        (3, "USD", "0.5", "EUR", 2),
        (1_000, "JPY", "0.0061", "EUR", 610),
        (610, "EUR", "163.93442623", "JPY", 1_000),
        (12_345, "KWD", "2.98", "EUR", 3_679),
    ],
)
def test_amounts_are_converted_half_even(
    minor: int, currency: str, rate: str, into: str, expected: int
) -> None:
    assert converted(minor, currency, Decimal(rate), into) == expected


async def quoted(*quotes: tuple[int, str]) -> None:
    """US dollars are worth so much from these days of March on."""
    rows = [Quote(date(2026, 3, day), "USD", Decimal(rate)) for day, rate in quotes]
    await rates.save_rates(SYSTEM, rows)


async def sells_in_dollars() -> Company:
    company = await found_company()
    await company.product("MAP", stock=100, price="10.00", currencyCode="USD")
    return company


async def counted() -> tuple[int, int]:
    customer = await Customer.get()
    return customer.credit_used_minor, customer.lifetime_minor


async def test_the_rate_of_the_day_counts_and_stays(database: Database) -> None:
    company = await sells_in_dollars()
    await quoted((1, "0.9"), (2, "0.8"), (3, "0.7"))
    with clock.frozen(NOON):
        await company.order(("MAP", 1))
    assert await counted() == (800, 800)
    await quoted((2, "0.5"))
    assert await perform(SYSTEM, credit.recount) == 0
    assert (await Order.get()).company_rate == Decimal("0.8")


async def test_without_a_rate_nothing_is_counted(database: Database) -> None:
    company = await sells_in_dollars()
    await quoted((3, "0.7"))
    with clock.frozen(NOON):
        await company.order(("MAP", 1))
        assert await counted() == (0, 0)
        await company.limit("100.00")
        lines = [{"sku": "MAP", "quantity": 1}]
        (error,) = await refusal(PLACE, input={"customerId": company.customer, "lines": lines})
    assert (error["code"], error["path"]) == ("INVALID", ["input", "currencyCode"])


async def test_a_blocked_customer_reads_the_total_in_its_own_currency(database: Database) -> None:
    company = await sells_in_dollars()
    await quoted((1, "0.9"))
    await company.limit("100.00")
    await Customer.all().update(blocked=True)
    lines = [{"sku": "MAP", "quantity": 2}]
    with clock.frozen(NOON):
        placed = await ask(REFUSED, input={"customerId": company.customer, "lines": lines})
    (error,) = placed["orderPlace"]["userErrors"]
    assert error == {
        "code": "CREDIT_EXCEEDED",
        "limit": {"amount": "100.00", "currencyCode": "EUR"},
        "requestedAmount": {"amount": "20.00", "currencyCode": "USD"},
    }


async def test_rates_are_recounted_page_by_page(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = await sells_in_dollars()
    await quoted((1, "0.9"))
    with clock.frozen(NOON):
        for _ in range(5):
            await company.order(("MAP", 2))
    await Order.all().update(credit_minor=1)
    monkeypatch.setattr(credit, "PAGE", 2)
    assert await perform(SYSTEM, credit.recount) == 5
    assert await counted() == (9_000, 9_000)
    assert await perform(SYSTEM, credit.recount) == 0


async def test_saving_again_changes_what_is_other(database: Database) -> None:
    await quoted((1, "0.9"), (2, "0.8"))
    rows = [
        Quote(date(2026, 3, 2), "USD", Decimal("0.85")),
        Quote(date(2026, 3, 1), "USD", Decimal("0.9")),
    ]
    assert await rates.save_rates(SYSTEM, rows) == 1
    kept = {row.day.day: row.rate for row in await ExchangeRate.all()}
    assert kept == {1: Decimal("0.9"), 2: Decimal("0.85")}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("2026-03-01,AAA,1", "AAA is no currency"),
        ("2026-03-01,EUR,1", "EUR is the company's own currency"),
        ("2026-03-01,USD,x", "'x' is no number"),
        ("2026-03-01,USD,0", "a rate is above 0 and has at most 8 decimals"),
        ("2026-03-01,USD,1e9", "a rate is above 0 and has at most 8 decimals"),
        ("2026-03-01,USD,0.123456789", "a rate is above 0 and has at most 8 decimals"),
        ("1.3.2026,USD,1", "Invalid isoformat string: '1.3.2026'"),
    ],
)
def test_lines_that_cannot_be_read(line: str, told: str) -> None:
    with pytest.raises(Refused) as refused:
        rates.read(["day,currency,rate", "2026-03-01,USD,0.9", line], "EUR")
    assert [error.message for error in refused.value.errors] == [f"line 3: {told}"]


def test_a_file_is_read() -> None:
    lines = ["currency,rate,day", "usd, 0.9,2026-03-01", "JPY,0.0061,2026-03-02"]
    assert rates.read(lines, "EUR") == [
        Quote(date(2026, 3, 1), "USD", Decimal("0.9")),
        Quote(date(2026, 3, 2), "JPY", Decimal("0.0061")),
    ]
    with pytest.raises(Refused, match="The file has no column rate"):
        rates.read(["day,currency", "2026-03-01,USD"], "EUR")
