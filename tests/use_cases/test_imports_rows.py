"""Which rows are taken, which are told of, and in what words; each test brings its own files."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from models.customers import Customer
from models.inventory import StockItem
from models.orders import Order, OrderLine
from models.payments import Payment
from models.rules.access import OPEN, SYSTEM, Actor, ActorKind
from models.rules.catalog import TrackingPolicy
from models.rules.errors import ErrorCode, Forbidden
from models.rules.order_states import OrderStatus, PaymentStatus
from services.catalog.products import SaveProduct, save_product
from services.imports.files.records import Kind
from services.imports.files.report import Count, Problem
from services.imports.run import import_files
from tests.support.databases import Database
from tests.support.imported import CUSTOMERS, HEAD, LINES, ORDERS, PRODUCTS, Files, problems_of


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


async def test_sound_files_leave_nothing_to_tell(sqlite_database: Database, files: Files) -> None:
    report = await files.load()
    assert problems_of(report) == []
    order = await Order.get(number="A")
    assert (order.total_gross_minor, order.status) == (1975, OrderStatus.CONFIRMED)
    assert order.placed_at == datetime(2025, 1, 5, 9, tzinfo=UTC)
    lines = await OrderLine.filter(order_id=order.id).order_by("position")
    assert [(line.sku, line.quantity, line.net_minor) for line in lines] == [
        ("CUP", 2, 1700),
        ("JAR", 1, 275),
    ]


@pytest.mark.parametrize(
    ("table", "row", "column", "code", "reason"),
    [
        ("customers", "2,,x@a.example,,", "name", "REQUIRED", "a customer needs name"),
        ("customers", ",Bo,,,", "id", "REQUIRED", "a customer needs key"),
        (
            "customers",
            "1,Bo,,,",
            None,
            "DUPLICATE",
            "the key 1 stands in customers.csv:2 already",
        ),
        (
            "customers",
            "2,Bo,,Bonn,Germany",
            "city, country",
            "INVALID",
            "address: A country is an ISO 3166 code of two letters.",
        ),
        ("customers", "2,Bo,,", None, "INVALID", "has 4 cells where the header has 5"),
        (
            "customers",
            '2,"B"o,,,',
            None,
            "INVALID",
            "is no row of a CSV file: ',' expected after '\"'",
        ),
        (
            "customers",
            "2,B\x07o,,,",
            "name",
            "INVALID",
            "name: A text has no control characters. (it is 'B\\x07o')",
        ),
        (
            "customers",
            f"2,{'o' * 201},,,",
            "name",
            "INVALID",
            f"name: 201 characters; there is room for 200 (it is '{'o' * 40}'...)",
        ),
        ("products", "9,CUP,Mug,1", None, "DUPLICATE", "CUP is used in products.csv:2 already"),
        (
            "products",
            "9,MUG,Mug,1.0000005",
            "price",
            "INVALID",
            "price: EUR prices have at most 6 decimals (it is '1.0000005')",
        ),
        ("products", '9,MUG,Mug,"1,50"', "price", "INVALID", "price: '1,50' is no number"),
        (
            "products",
            "9,MUG,Mug,-1",
            "price",
            "INVALID",
            "price: Input should be greater than or equal to 0 (it is '-1')",
        ),
        (
            "orders",
            "B,1,5.1.2025,",
            "placed",
            "INVALID",
            "placed_at: '5.1.2025' is no time written as iso",
        ),
        (
            "orders",
            "B,1,0001-01-01,",
            "placed",
            "INVALID",
            "placed_at: '0001-01-01' is before the year 1900",
        ),
        ("orders", "B,2,2025-01-05,", "customer", "NOT_FOUND", "there is no customer 2"),
        ("orders", "B,1,2025-01-05,", None, "REQUIRED", "no row is a line of it"),
        ("lines", "B,7,1,1", "order", "NOT_FOUND", "there is no order B"),
    ],
)
async def test_a_row_is_rejected_by_itself(
    sqlite_database: Database,
    files: Files,
    table: str,
    row: str,
    column: str | None,
    code: str,
    reason: str,
) -> None:
    before = (files.folder / f"{table}.csv").read_text()
    files.write(**{table: f"{before}{row}\n"})
    report = await files.load()
    line = len(before.splitlines()) + 1
    assert report.rejected == [Problem(f"{table}.csv", line, column, ErrorCode(code), reason)]
    assert report.count(Kind(table.removesuffix("s"))).rejected == 1
    assert await Order.all().count() == 1


async def test_all_that_is_wrong_with_a_row_is_told(
    sqlite_database: Database, files: Files
) -> None:
    files.write(products=f"{PRODUCTS}9,,{'o' * 201},x\n")
    report = await files.load()
    assert problems_of(report) == [
        (
            "products.csv",
            4,
            "name",
            ErrorCode.INVALID,
            f"name: 201 characters; there is room for 200 (it is '{'o' * 40}'...)",
        ),
        ("products.csv", 4, "price", ErrorCode.INVALID, "price: 'x' is no number"),
    ]
    assert report.count(Kind.PRODUCT) == Count(read=3, new=2, rejected=1)


async def test_what_refers_to_a_rejected_row_is_rejected(
    sqlite_database: Database, files: Files
) -> None:
    files.write(
        customers=f"{CUSTOMERS}2,,,,\n",
        orders=f"{ORDERS}B,2,2025-01-06,\n",
        lines=f"{LINES}B,7,1,8.50\n",
    )
    report = await files.load()
    assert problems_of(report) == [
        ("customers.csv", 3, "name", ErrorCode.REQUIRED, "a customer needs name"),
        (
            "orders.csv",
            3,
            "customer",
            ErrorCode.NOT_FOUND,
            "customer 2 was rejected (customers.csv:3)",
        ),
        ("lines.csv", 4, "order", ErrorCode.NOT_FOUND, "order B was rejected (orders.csv:3)"),
    ]
    assert [order.number for order in await Order.all()] == ["A"]


async def test_an_order_comes_whole_or_not_at_all(sqlite_database: Database, files: Files) -> None:
    """Without the bad line the order's sum would be wrong, and nobody would see it."""
    files.write(orders=f"{ORDERS}B,1,2025-01-06,\n", lines=f"{LINES}B,7,1,8.50\nB,8,0,1\nB,8,1,1\n")
    report = await files.load()
    assert problems_of(report) == [
        ("orders.csv", 3, None, ErrorCode.INVALID, "its line was rejected (lines.csv:5)"),
        ("lines.csv", 4, None, ErrorCode.NOT_FOUND, "order B was rejected (orders.csv:3)"),
        (
            "lines.csv",
            5,
            "quantity",
            ErrorCode.INVALID,
            "quantity: Input should be greater than or equal to 1 (it is '0')",
        ),
        ("lines.csv", 6, None, ErrorCode.NOT_FOUND, "order B was rejected (orders.csv:3)"),
    ]
    assert report.count(Kind.LINE) == Count(read=5, new=2, rejected=3)
    assert (await Order.all().count(), await OrderLine.all().count()) == (1, 2)


async def test_a_price_with_too_many_decimals_is_told_at_its_line(
    sqlite_database: Database, files: Files
) -> None:
    files.write(lines="order,product,quantity,price\nA,7,2,8.1234567\n")
    report = await files.load()
    assert problems_of(report) == [
        ("orders.csv", 2, None, ErrorCode.INVALID, "its line was rejected (lines.csv:2)"),
        (
            "lines.csv",
            2,
            "price",
            ErrorCode.INVALID,
            "unit_price: EUR prices have at most 6 decimals (it is '8.1234567')",
        ),
    ]


async def test_strict_writes_all_or_nothing(sqlite_database: Database, files: Files) -> None:
    files.write(customers=f"{CUSTOMERS}2,,,,\n")
    report = await files.load(strict=True)
    assert (report.written, len(report.rejected)) == (False, 1)
    assert await Customer.all().count() == 0


async def test_a_later_file_adds_to_what_is_there(database: Database, files: Files) -> None:
    await files.load()
    files.write(
        orders=f"{ORDERS}B,1,2025-02-01,PAID\n",
        lines=f"{LINES}B,7,1,8.50\n",
        customers="id,name,mail,city,country\n1,Renamed,,,\n",
    )
    report = await files.load()
    assert report.counts == {
        Kind.WAREHOUSE: Count(read=1, unchanged=1),
        Kind.CUSTOMER: Count(read=1, differs=1),
        Kind.PRODUCT: Count(read=2, unchanged=2),
        Kind.ORDER: Count(read=2, new=1, unchanged=1),
        Kind.LINE: Count(read=3, new=1, unchanged=2),
    }
    assert [customer.name for customer in await Customer.all()] == ["Ada"]
    order = await Order.get(number="B")
    payment = await Payment.get(order_id=order.id)
    assert (payment.method, payment.amount_minor, payment.at) == ("imported", 850, order.placed_at)
    assert order.payment_status is PaymentStatus.PAID


async def test_a_code_that_is_taken_is_no_reason_to_merge(
    sqlite_database: Database, files: Files
) -> None:
    """Another system's customer 1 is somebody else until the operator says otherwise."""
    await files.load()
    files.write(mapping=HEAD.replace("system: shop", "system: other"))
    report = await files.load()
    reasons = {reason for *_, reason in problems_of(report)}
    assert "there is a customer 1 already that has another key or none" in reasons
    assert await Customer.all().count() == 1


async def test_a_barcode_stands_on_one_product(sqlite_database: Database, files: Files) -> None:
    files.write(
        mapping=HEAD.replace("{sku: sku,", "{sku: sku, barcode: bars,"),
        products="id,sku,name,price,bars\n7,CUP,Cup,1,4006\n8,JAR,Jar,1,\n9,LID,Lid,1,4006\n",
    )
    taken = "another product has the barcode 4006"
    expected = ("products.csv", 4, None, ErrorCode.DUPLICATE, taken)
    assert problems_of(await files.load()) == [expected]
    files.write(products="id,sku,name,price,bars\n10,MUG,Mug,1,4006\n")
    assert ("products.csv", 2, *expected[2:]) in problems_of(await files.load())


async def test_objects_of_our_own_are_referred_to_by_their_codes(
    database: Database, files: Files
) -> None:
    await files.load()
    files.write(
        mapping="""
system: till
currency: EUR
sources:
  - kind: order
    file: orders.csv
    key: id
    fields:
      number: {template: "T-{id}"}
      customer: {column: customer, by: code}
      placed_at: placed
  - kind: line
    file: lines.csv
    fields:
      order: order
      product: {column: product, by: code}
      quantity: quantity
      unit_price: price
""",
        lines="order,product,quantity,price\nA,CUP,2,8.50\nA,VASE,1,2.75\n",
    )
    report = await files.load()
    assert problems_of(report)[-1] == (
        "lines.csv",
        3,
        "product",
        ErrorCode.NOT_FOUND,
        "there is no product VASE",
    )
    files.write(lines="order,product,quantity,price\nA,CUP,2,8.50\n")
    await files.load()
    order = await Order.get(number="T-A").select_related("customer")
    assert (order.customer.name, order.total_gross_minor) == ("Ada", 1700)


async def test_stock_whose_units_have_codes_is_no_matter_of_a_file(
    sqlite_database: Database, files: Files
) -> None:
    tea = SaveProduct(
        sku="TEA", name="Tea", price=Decimal(1), currency="EUR", tracking=TrackingPolicy.LOT
    )
    await save_product(OPEN, tea)
    await files.load()
    files.write(
        mapping="""
system: till
currency: EUR
sources:
  - kind: stock
    file: stock.csv
    fields:
      product: {column: sku, by: code}
      warehouse: {value: MAIN, by: code}
      on_hand: units
""",
        stock="sku,units\nTEA,4\nCUP,3\n",
    )
    reason = "product TEA has lots or serial numbers: receive it by stockAdjust"
    told_of_it = ("stock.csv", 2, "sku", ErrorCode.INVALID, reason)
    assert problems_of(await files.load())[-1] == told_of_it
    assert [item.on_hand for item in await StockItem.all()] == [3]


async def test_who_may_not_import_is_refused(sqlite_database: Database, files: Files) -> None:
    guest = Actor(ActorKind.STAFF, "1", None, OPEN.permissions - {"import:write"})
    with pytest.raises(Forbidden):
        await import_files(guest, files.folder / "mapping.yaml", files.folder)


async def test_progress_ends_where_the_work_does(sqlite_database: Database, files: Files) -> None:
    seen: dict[str, tuple[int, int]] = {}

    def progress(stage: str, done: int, everything: int) -> None:
        seen[stage] = (done, everything)

    await import_files(SYSTEM, files.folder / "mapping.yaml", files.folder, progress=progress)
    size = len(ORDERS.encode())
    assert seen["reading orders.csv"] == (size, size)
    assert seen["checking orders"] == (1, 1)
    assert seen["writing order"] == (1, 1)
