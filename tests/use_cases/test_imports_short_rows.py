"""Rows that end too early, are empty, or end with separators: what they cost, exactly."""

from pathlib import Path

import pytest

from models.orders import Order
from services.imports.files.mapping import BadMapping
from tests.support.databases import Database
from tests.support.imported import LINES, PRODUCTS, Files

ORDERS = (
    "id,customer,placed,payment\nA,1,2025-01-05T10:00:00+01:00,\nB,1,2025-01-06T10:00:00+01:00,\n"
)
SOUND = f"{LINES}B,7,1,8.50\n"
FOUR = "where the header has 4"
OF_A = [
    ("orders.csv", 2, "its line was rejected (lines.csv:5)"),
    ("lines.csv", 2, "order A was rejected (orders.csv:2)"),
    ("lines.csv", 3, "order A was rejected (orders.csv:2)"),
]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    files = Files(tmp_path)
    files.write(orders=ORDERS)
    return files


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("A,7,2", f"has 3 cells {FOUR}"),  # a cell is missing
        ("A,7", f"has 2 cells {FOUR}"),
        ("A,7,2,8.50,", f"has 5 cells {FOUR}"),  # a separator behind it
        ("A,7,2,8.50,,", f"has 6 cells {FOUR}"),
        ("A,7,2,8,50", f"has 5 cells {FOUR}"),  # a comma within a number
    ],
)
async def test_a_row_of_another_width_costs_its_order(
    sqlite_database: Database, files: Files, row: str, reason: str
) -> None:
    files.write(lines=f"{SOUND}{row}\n")
    report = await files.load()
    assert [(each.file, each.line, each.reason) for each in report.rejected] == [
        *OF_A,
        ("lines.csv", 5, reason),
    ]
    assert (report.lost, report.written) == ([], True)
    assert [order.number for order in await Order.all()] == ["B"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("A", f"has 1 cells {FOUR}"),  # its only cell may be the beginning of another order's key
        ("7,2,8.50", f"has 3 cells {FOUR}"),  # the order's cell is missing
        (",7,2,8.50", "a line needs order"),
        (",,,8.50", "a line needs order"),
    ],
)
async def test_a_row_without_a_whole_order_cell_refuses_the_run(
    sqlite_database: Database, files: Files, row: str, reason: str
) -> None:
    files.write(lines=f"{SOUND}{row}\n")
    report = await files.load()
    assert reason in [each.reason for each in report.rejected]
    assert {(each.file, each.line) for each in report.rejected} == {("lines.csv", 5)}
    assert [(each.file, each.line, each.reason) for each in report.lost] == [
        ("lines.csv", 5, "nobody can tell which order this line is of")
    ]
    assert (report.is_refused, report.written, await Order.all().count()) == (True, False, 0)
    report = await files.load(allow_lost_rows=True)
    assert (report.written, await Order.all().count()) == (True, 2)


@pytest.mark.parametrize("row", ["", "   ", ",,,", ", ,\t,", ",", ",,,,,,", '"","",,'])
async def test_a_row_without_anything_in_it_is_none(
    sqlite_database: Database, files: Files, row: str
) -> None:
    files.write(lines=f"{row}\n{SOUND}{row}\n{row}\n", products=f"{PRODUCTS}{row}\n{row}")
    report = await files.load()
    assert (report.rejected, report.lost, report.written) == ([], [], True)
    assert await Order.all().count() == 2


async def test_columns_without_a_name_are_no_columns(
    sqlite_database: Database, files: Files
) -> None:
    rows = [f"{line},," for line in SOUND.splitlines()]
    files.write(lines="\n".join(rows))
    report = await files.load()
    assert (report.rejected, await Order.all().count()) == ([], 2)
    files.write(lines=f"{rows[0]}price\n")
    with pytest.raises(BadMapping, match=r"lines\.csv has two columns named price"):
        await files.load()
