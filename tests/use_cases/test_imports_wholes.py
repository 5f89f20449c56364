"""An order comes whole or not at all, whatever is wrong with one of its rows."""

from pathlib import Path

import pytest

from models.orders import Order, OrderLine
from models.rules.errors import ErrorCode
from models.rules.order_states import OrderStatus, PaymentStatus
from services.imports.files.records import Kind
from services.imports.files.report import Count, Outcome
from tests.support.databases import Database
from tests.support.imported import HEAD, LINES, ORDERS, Files, problems_of

TWO = f"{ORDERS}O20,1,2025-01-06,PAID\n"
SPLIT = HEAD.replace(
    "    file: lines.csv\n",
    "    file: lines.csv\n    split: {note: '(?P<code>[A-Z])-(?P<rest>.+)'}\n",
)
NOTED = "order,product,quantity,price,note\nA,7,2,8.50,X-1\nO20,7,1,3.00,X-1\n"


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


async def orders() -> dict[str, tuple[int, int]]:
    """Number of lines and total of every order."""
    return {
        each.number: (
            await OrderLine.filter(order_id=each.id).count(),
            each.total_gross_minor,
        )
        for each in await Order.all()
    }


BROKEN = {
    "too many cells": (b"O20,8,1,2,00", None, "has 5 cells where the header has 4"),
    "too few cells": (b"O20,8,1", None, "has 3 cells where the header has 4"),
    "the order's cell in two": (b"O2,0,8,1,2.00", None, "has 5 cells where the header has 4"),
    "another encoding": (b"O20,8,1,2\xff", "price", "is not written in utf-8"),
    "an unclosed quote": (b'O20,8,1,"2', None, "has a quote that is never closed"),
    "an unclosed quote and a comma": (b'O20,8,"1,2', None, "has a quote that is never closed"),
    "too many, and an unclosed quote": (b'O20,8,1,"2,00', None, "has a quote that is never closed"),
    "a quote in the order's cell": (b'"O20,8,1,2', None, "has a quote that is never closed"),
    "quotes before an unclosed one": (b'"O20","8",1,"2', None, "has a quote that is never closed"),
    "a quote within": (b'O20,8,1,"2"0', None, "is no row of a CSV file: ',' expected after '\"'"),
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("is_last", [True, False])
async def test_a_broken_line_keeps_its_order_out_until_it_is_mended(
    sqlite_database: Database, files: Files, name: str, *, is_last: bool
) -> None:
    row, column, reason = BROKEN[name]
    rest = b"" if is_last else b"A,8,1,2.75\n"
    sound = b"O20,7,1,1.00\n"
    files.write(orders=TWO, lines=LINES.encode() + sound + row + b"\n" + rest)
    report = await files.load()
    assert problems_of(report) == [
        ("orders.csv", 3, None, ErrorCode.INVALID, "its line was rejected (lines.csv:5)"),
        (
            "lines.csv",
            4,
            None,
            ErrorCode.NOT_FOUND,
            "order O20 was rejected (orders.csv:3)",
        ),
        ("lines.csv", 5, column, ErrorCode.INVALID, reason),
    ]
    assert report.lost == []
    assert await orders() == {"A": (2, 1975) if is_last else (3, 2250)}

    files.write(lines=LINES.encode() + sound + b"O20,8,1,2.00\n" + rest)
    report = await files.load()
    assert problems_of(report) == []
    assert report.count(Kind.ORDER) == Count(read=2, new=1, unchanged=1)
    assert (await orders())["O20"] == (2, 300)
    order = await Order.get(number="O20")
    assert (order.status, order.payment_status) == (OrderStatus.CONFIRMED, PaymentStatus.PAID)


async def test_a_cell_that_does_not_fit_its_pattern_keeps_its_order_out(
    sqlite_database: Database, files: Files
) -> None:
    files.write(mapping=SPLIT, orders=TWO, lines=f"{NOTED}O20,8,1,2.00,none\n")
    report = await files.load()
    assert problems_of(report)[-1] == (
        "lines.csv",
        4,
        "note",
        ErrorCode.INVALID,
        "'none' does not fit its pattern",
    )
    assert await orders() == {"A": (1, 1700)}
    files.write(lines=f"{NOTED}O20,8,1,2.00,X-2\n")
    assert problems_of(await files.load()) == []
    assert await orders() == {"A": (1, 1700), "O20": (2, 500)}


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(b"8,1,2.00", id="the order's cell is missing"),
        pytest.param(b",8,1,2.00", id="the order's cell is empty"),
        pytest.param(b"O2\xff,8,1,2.00", id="the order's cell is not readable"),
        pytest.param(b"O2", id="cut off within the order's cell"),
        pytest.param(b'"O20,8,"1",2.00', id="the order's cell opens a quote before another"),
    ],
)
async def test_a_line_of_no_order_that_can_be_told_refuses_the_run(
    sqlite_database: Database, files: Files, row: bytes
) -> None:
    files.write(orders=TWO, lines=LINES.encode() + b"O20,7,1,1.00\n" + row + b"\n")
    report = await files.load()
    assert [(each.file, each.line) for each in report.lost] == [("lines.csv", 5)]
    assert (report.is_refused, report.written, await Order.all().count()) == (True, False, 0)
    report = await files.load(allow_lost_rows=True)
    assert (report.is_refused, report.written) == (False, True)
    assert await orders() == {"A": (2, 1975), "O20": (1, 100)}
    # All orders are there now: none can come without a line.
    assert (await files.load()).is_refused is False


async def test_a_quote_costs_its_own_row_only(sqlite_database: Database, files: Files) -> None:
    """Rows behind it are read, those with quotes of their own among them."""
    rows = "".join(f"N{at},1,2025-01-06,\n" for at in range(9))
    lines = "".join(f'"N{at}",7,1,"1.00"\n' for at in range(9))
    files.write(
        orders=f"{TWO}{rows}",
        lines=f'{LINES}O20,7,"1,1.00\n{lines}O20,"8,1,2.00\n{lines.replace(",7,", ",8,")}',
    )
    report = await files.load()
    assert [each.line for each in report.rejected if "quote" in each.reason] == [4, 14]
    assert await orders() == {"A": (2, 1975)} | {f"N{at}": (2, 200) for at in range(9)}


async def test_a_cell_of_several_lines_is_none_that_is_unclosed(
    sqlite_database: Database, files: Files
) -> None:
    files.write(
        orders=TWO,
        lines=f'{NOTED}"O20",8,1,2.00,"X-one, and\ntwo, three, four\n\nfive"\n"O20\n",8,1,2.00,\n',
    )
    report = await files.load()
    assert problems_of(report) == []
    assert await orders() == {"A": (1, 1700), "O20": (3, 700)}


SHIPPED = (
    HEAD
    + """
  - kind: shipment
    file: shipments.csv
    key: id
    fields: {order: order, warehouse: {value: MAIN}, status: status, shipped_at: at}
"""
)


async def test_a_broken_shipment_keeps_its_order_out(
    sqlite_database: Database, files: Files
) -> None:
    head = "id,order,status,at\nS1,A,SHIPPED,2025-01-07\n"
    files.write(mapping=SHIPPED, orders=TWO, lines=f"{LINES}O20,7,1,1.00\n")
    files.write(shipments=f"{head}S2,O20,SHIPPED,2025-01-07,\n")
    report = await files.load()
    assert problems_of(report)[0] == (
        "orders.csv",
        3,
        None,
        ErrorCode.INVALID,
        "its shipment was rejected (shipments.csv:3)",
    )
    assert await orders() == {"A": (2, 1975)}
    files.write(shipments=f"{head}S2,O20,SHIPPED,2025-01-07\n")
    assert problems_of(await files.load()) == []
    assert (await orders())["O20"] == (1, 100)


async def test_an_order_with_too_many_lines_is_left_out_with_all_of_them(
    sqlite_database: Database, files: Files
) -> None:
    files.write(
        orders=f"{ORDERS}B,1,2025-01-06T10:00:00+01:00,\n",
        lines="order,product,quantity,price\n" + "A,7,1,1\n" * 2_001 + "B,7,1,1\n" * 2_000,
    )
    report = await files.load()
    assert problems_of(report)[:2] == [
        ("orders.csv", 2, None, ErrorCode.LIMIT_EXCEEDED, "it has 2001 lines; 2000 are possible"),
        ("lines.csv", 2, None, ErrorCode.NOT_FOUND, "order A was rejected (orders.csv:2)"),
    ]
    assert report.of(Outcome.REJECTED).rows == 1 + 2_001
    assert await orders() == {"B": (2_000, 200_000)}
