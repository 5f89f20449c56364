"""What a later file says otherwise is counted and listed, and changes nothing."""

from pathlib import Path

import pytest

from models.orders import Order
from models.references import ExternalRef
from services.imports.files.records import Kind
from services.imports.files.report import Count
from tests.support.databases import Database
from tests.support.imported import CUSTOMERS, LINES, Files, problems_of

OTHER = "says something else than when it was imported; what is there stays as it is"


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


async def test_a_changed_line_is_told_by_its_place(database: Database, files: Files) -> None:
    await files.load()
    files.write(lines=f"\n{LINES.replace('A,8,1,', 'A,8,3,')}".lstrip("\n"))
    report = await files.load()
    assert problems_of(report) == []
    assert report.count(Kind.ORDER) == Count(read=1, unchanged=1)
    assert report.count(Kind.LINE) == Count(read=2, unchanged=1, differs=1)
    assert [(each.file, each.line, each.reason) for each in report.differing] == [
        ("lines.csv", 3, OTHER)
    ]
    assert (await Order.get()).total_gross_minor == 1975


async def test_a_line_that_has_only_moved_does_not_differ(
    sqlite_database: Database, files: Files
) -> None:
    await files.load()
    head, *rows = LINES.splitlines()
    files.write(lines="\n".join([head, "", *reversed(rows), ""]))
    report = await files.load()
    assert report.differing == []
    assert report.count(Kind.LINE) == Count(read=2, unchanged=2)


async def test_rows_that_are_gone_or_come_with_the_order_are_told(
    sqlite_database: Database, files: Files
) -> None:
    await files.load()
    files.write(lines="".join(LINES.splitlines(keepends=True)[:2]))
    report = await files.load()
    assert [(each.file, each.line, each.reason) for each in report.differing] == [
        ("orders.csv", 2, "has fewer rows than when it was imported; it stays as it is")
    ]
    files.write(lines=f"{LINES}A,8,1,2.75\n")
    report = await files.load()
    assert [(each.file, each.line) for each in report.differing] == [("lines.csv", 4)]


async def test_a_changed_customer_differs_and_one_of_before_is_not_known_to(
    sqlite_database: Database, files: Files
) -> None:
    await files.load()
    files.write(customers=CUSTOMERS.replace("Bonn", "Kiel"))
    report = await files.load()
    assert report.count(Kind.CUSTOMER) == Count(read=1, differs=1)
    await ExternalRef.all().update(digest=None)
    assert (await files.load()).count(Kind.CUSTOMER) == Count(read=1, unchanged=1)
