"""Prices as fine as files have them, and what foreign orders are worth."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from models.catalog import Product
from models.customers import Customer
from models.orders import Order, OrderLine
from models.rules.access import SYSTEM
from models.rules.errors import ErrorCode
from services.imports.checks.problems import Problems
from services.imports.files.report import Report
from services.imports.run import import_files
from services.payments import rates
from services.payments.rates import Quote
from tests.support.databases import Database
from tests.support.imported import HEAD, ORDERS, PRODUCTS, Files, problems_of

SOLD = "name: name, price: price"
FOREIGN = HEAD.replace("currency: EUR", "currency: USD")


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


async def test_a_price_with_four_decimals_comes_as_it_is(database: Database, files: Files) -> None:
    files.write(
        mapping=HEAD.replace(
            "name: name, price: price}", "name: name, price: price, cost: cost, unit: unit}"
        ),
        products=(
            "id,sku,name,price,cost,unit\n7,CUP,Cup,4.1999,2.5,gram\n8,JAR,Jar,3,0.00125,piece\n"
        ),
        lines="order,product,quantity,price\nA,7,1000,4.1999\nA,8,1,2.75\n",
    )
    report = await files.load()
    assert problems_of(report) == []
    lines = await OrderLine.all().order_by("position")
    assert [
        (line.unit_price_minor, line.price_quantity, line.unit, line.net_minor) for line in lines
    ] == [(41999, 100, "gram", 419990), (275, 1, "piece", 275)]
    products = await Product.all().order_by("sku")
    assert [(each.price_minor, each.cost_minor, each.price_quantity) for each in products] == [
        (41999, 25000, 100),
        (300000, 125, 1000),
    ]


@pytest.mark.parametrize(("price", "per"), [("0.000001", "1000000"), ("1.001", "200000")])
async def test_a_price_that_no_quantity_makes_whole_is_told(
    sqlite_database: Database, files: Files, price: str, per: str
) -> None:
    files.write(
        mapping=HEAD.replace(
            "name: name, price: price}", "name: name, price: price, price_quantity: per}"
        ),
        products=f"{PRODUCTS.replace('price', 'price,per')}9,LID,Lid,{price},{per}\n".replace(
            "8.50\n", "8.50,1\n"
        ).replace("Jar,3\n", "Jar,3,1\n"),
    )
    report = await files.load()
    assert problems_of(report) == [
        (
            "products.csv",
            4,
            "price",
            ErrorCode.INVALID,
            f"price: A price stands for at most 1,000,000 units (it is '{price}')",
        )
    ]


async def test_foreign_orders_take_the_rates_of_their_days(
    database: Database, files: Files
) -> None:
    quotes = [("2025-01-01", "0.9"), ("2025-01-06", "0.8"), ("2025-01-08", "0.7")]
    await rates.save_rates(
        SYSTEM, [Quote(date.fromisoformat(day), "USD", Decimal(rate)) for day, rate in quotes]
    )
    files.write(
        mapping=FOREIGN,
        orders=f"{ORDERS}B,1,2025-01-07,\nC,1,2025-01-09,PAID\n",
        lines="order,product,quantity,price\nA,7,1,1\nB,7,1,1\nC,7,1,1\n",
    )
    report = await files.load()
    assert (problems_of(report), report.warnings) == ([], [])
    orders = await Order.all().order_by("number")
    assert [order.company_rate for order in orders] == [
        Decimal("0.9"),
        Decimal("0.8"),
        Decimal("0.7"),
    ]
    customer = await Customer.get()
    assert (customer.credit_used_minor, customer.lifetime_minor) == (170, 240)


async def test_a_currency_without_rates_is_told_before_anything_is_written(
    sqlite_database: Database, files: Files
) -> None:
    files.write(mapping=FOREIGN)
    seen: list[tuple[str, int, str]] = []

    def show_problems(report: Report, _: Problems) -> None:
        assert not report.written
        seen.extend((each.file, each.line, each.reason) for each in report.warnings)

    await import_files(
        SYSTEM, files.folder / "mapping.yaml", files.folder, show_problems=show_problems
    )
    assert seen == [
        (
            "products.csv",
            2,
            (
                "2 product rows from here on are in USD, of which no rate to EUR is known:"
                " orders of them will not count for credit. Load rates before, by ordergraph rates."
            ),
        ),
        (
            "orders.csv",
            2,
            (
                "1 order rows from here on are in USD, of which no rate to EUR is known:"
                " they count neither for credit nor for lifetime value."
                " Load rates before, by ordergraph rates."
            ),
        ),
    ]
    assert (await Order.get()).company_rate is None


async def test_a_run_finishes_what_an_earlier_one_left(database: Database, files: Files) -> None:
    await files.load()
    # As a run leaves it that was killed behind its last order.
    await Customer.all().update(credit_used_minor=0, lifetime_minor=0)
    await files.load()
    customer = await Customer.get()
    assert (customer.credit_used_minor, customer.lifetime_minor) == (1975, 1975)
