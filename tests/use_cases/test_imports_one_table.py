"""One table that holds customers, products, orders and lines, as people have it."""

from pathlib import Path

import pytest

from models.catalog import Product
from models.orders import Order
from models.rules.access import SYSTEM
from services.imports.checks.problems import Problems
from services.imports.files.mapping import BadMapping
from services.imports.files.records import Kind
from services.imports.files.report import Count, Outcome, Problem, Report
from services.imports.run import import_files
from tests.support.databases import Database
from tests.support.imported import HEAD, Files, problems_of
from tests.support.one_table import KINDS, OneTable

MASTER = """
system: shop
currency: EUR
sources:
  - kind: product
    file: products.csv
    distinct: DISTINCT
    key: id
    fields: {sku: sku, name: name, price: price}
"""


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


@pytest.mark.parametrize("lines", [4_000, 20_000])
async def test_every_sound_order_comes_whole_and_every_fault_is_told(
    sqlite_database: Database, tmp_path: Path, lines: int
) -> None:
    table = OneTable(tmp_path, lines).write()
    assert set(table.kinds) == set(KINDS)
    assert 0.01 < len(table.faults) / lines < 0.03
    listed: list[Problem] = []

    def show_problems(_: Report, problems: Problems) -> None:
        listed.extend(problems.listed(Outcome.REJECTED))

    report = await import_files(SYSTEM, table.mapping, tmp_path, show_problems=show_problems)
    assert report.lost == []
    assert report.rejected == listed[:1_000]
    assert report.of(Outcome.REJECTED).problems == len(listed) > lines / 20
    reasons = {(each.line, each.reason) for each in listed}
    assert [item for item in table.faults.items() if item not in reasons] == []
    rows = await Order.all().values_list("number", "line_count", "total_gross_minor")
    assert {number: (count, total) for number, count, total in rows} == table.orders
    rejected = {each.line for each in listed} - set(table.faults)
    assert all("was rejected" in each.reason for each in listed if each.line in rejected)


@pytest.mark.parametrize(
    ("distinct", "name", "lines"),
    [("true", "Cup", [2, 4, 5]), ("first", "Cup", [2, 5]), ("last", "Mug", [2, 5])],
)
async def test_the_sound_rows_count_whatever_stands_before_them(
    sqlite_database: Database, files: Files, distinct: str, name: str, lines: list[int]
) -> None:
    files.write(
        mapping=MASTER.replace("DISTINCT", distinct),
        products="id,sku,name,price\n7,CUP,Cup,x\n7,CUP,Cup,1\n7,CUP,Mug,1\n7,CUP,,1\n7,CUP,Cup,1\n"
        if distinct != "last"
        else "id,sku,name,price\n7,CUP,Cup,x\n7,CUP,Cup,1\n7,CUP,Mug,1\n7,CUP,,1\n",
    )
    report = await files.load()
    assert [line for _, line, *_ in problems_of(report)] == lines
    assert [product.name for product in await Product.all()] == [name]
    assert report.count(Kind.PRODUCT) == Count(read=1 + len(lines), new=1, rejected=len(lines))


async def test_orders_must_agree(sqlite_database: Database, files: Files) -> None:
    files.write(mapping=HEAD.replace("file: orders.csv", "file: orders.csv\n    distinct: last"))
    with pytest.raises(BadMapping, match=r"sources\[3\]\.distinct: rows of kind order must agree"):
        await files.load()
