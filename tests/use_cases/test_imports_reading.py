"""What stands in files of many makers, and on which line a row begins."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest

from models.catalog import Category, Product
from models.customers import Customer, CustomerAddress
from models.orders import Order
from models.rules.errors import ErrorCode
from services.imports.files.records import Kind
from services.imports.files.report import Count
from services.imports.files.values import Formats, instant, number, rounded
from tests.support.databases import Database
from tests.support.imported import CUSTOMERS, HEAD, LINES, ORDERS, PRODUCTS, Files, problems_of


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


GERMAN: Final = Formats(decimal=",", thousands=".", time_zone="Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "formats", "value"),
    [
        ("1234.50", Formats(), "1234.50"),
        (" -3 ", Formats(), "-3"),
        ("1,234.5", Formats(thousands=","), "1234.5"),
        ("1.234,5", GERMAN, "1234.5"),
        ("1 234,5", Formats(decimal=",", thousands=" "), "1234.5"),
        ("-12.345.678", GERMAN, "-12345678"),
        ("4,20", GERMAN, "4.20"),
    ],
)
def test_numbers_are_exact(text: str, formats: Formats, value: str) -> None:
    assert number(text, formats) == Decimal(value)


@pytest.mark.parametrize("text", ["", "1e3", "NaN", "1,5", "0x1", "1.2.3", "٣", "--1", "5 EUR"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no number"):
        number(text)


@pytest.mark.parametrize("text", ["4.20", "1.23.456", "1234.567", ".123", "1.", "1,234.5", "1..2"])
def test_only_groups_of_three_are_thousands(text: str) -> None:
    """4.20 where 4,20 is meant must not become 420."""
    with pytest.raises(ValueError, match="is no number"):
        number(text, GERMAN)


def test_a_point_is_no_comma() -> None:
    """Without a thousands separator 1.5 is refused where 1,5 is meant: it must not become 15."""
    with pytest.raises(ValueError, match="is no number"):
        number("1.5", Formats(decimal=","))


@pytest.mark.parametrize(
    ("text", "formats", "value"),
    [
        ("2021-02-04 13:20:22.245676861", Formats(), (2021, 2, 4, 13, 20, 22, 245676)),
        ("2025-01-05T10:00:00+02:00", GERMAN, (2025, 1, 5, 8)),
        ("2025-07-05", GERMAN, (2025, 7, 4, 22)),
        ("05.01.2025", Formats(dates=("iso", "%d.%m.%Y")), (2025, 1, 5)),
        # Shown twice by the clock: the first.
        ("2025-10-26 02:30", GERMAN, (2025, 10, 26, 0, 30)),
    ],
)
def test_times_are_instants(text: str, formats: Formats, value: tuple[int, ...]) -> None:
    assert instant(text, formats) == datetime(*value, tzinfo=UTC)  # type: ignore[misc,arg-type]


def test_half_goes_to_the_even_neighbor() -> None:
    assert [str(rounded(Decimal(each), 2)) for each in ("14.3999996", "0.125", "0.135")] == [
        "14.40",
        "0.12",
        "0.14",
    ]


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("cp1252", "cp1252"),
        ("utf-16", "utf-16"),
    ],
)
async def test_encodings(sqlite_database: Database, files: Files, encoding: str, name: str) -> None:
    """A byte order mark, as spreadsheets write it, is no part of the first column's name."""
    files.write(
        mapping=HEAD.replace("file: customers.csv", f"file: customers.csv\n    encoding: {name}"),
        customers=CUSTOMERS.replace("Ada", "Zoë").encode(encoding),
    )
    assert problems_of(await files.load()) == []
    assert [customer.name for customer in await Customer.all()] == ["Zoë"]


async def test_a_byte_of_another_encoding_costs_its_row_only(
    sqlite_database: Database, files: Files
) -> None:
    files.write(customers=CUSTOMERS.encode() + "2,Zoë,,,\n3,Bo,,,\n".encode("cp1252"))
    report = await files.load()
    assert problems_of(report) == [
        ("customers.csv", 3, "name", ErrorCode.INVALID, "is not written in utf-8")
    ]
    assert sorted([each.name for each in await Customer.all()]) == ["Ada", "Bo"]


async def test_a_row_is_told_by_the_line_where_it_begins(
    sqlite_database: Database, files: Files
) -> None:
    files.write(customers=f'{CUSTOMERS}\n2,"Bo\nBo",,,\n3,,,,\n\n4,,,,\n')
    report = await files.load()
    assert [(line, reason) for _, line, _, _, reason in problems_of(report)] == [
        (6, "a customer needs name"),
        (8, "a customer needs name"),
    ]
    assert report.count(Kind.CUSTOMER) == Count(read=4, new=2, rejected=2)


async def test_a_quote_that_is_never_closed_is_told_where_it_opens(
    sqlite_database: Database, files: Files
) -> None:
    files.write(customers=f'{CUSTOMERS}2,"Bo,,,\n3,Cy,,,\n4,Di,,,\n')
    report = await files.load()
    assert problems_of(report) == [
        ("customers.csv", 3, None, ErrorCode.INVALID, "has a quote that is never closed")
    ]
    assert sorted(each.name for each in await Customer.all()) == ["Ada", "Cy", "Di"]


async def test_an_empty_file_with_a_header_is_no_mistake(
    sqlite_database: Database, files: Files
) -> None:
    files.write(orders=ORDERS.splitlines()[0], lines=LINES.splitlines()[0])
    report = await files.load()
    assert problems_of(report) == []
    assert report.count(Kind.ORDER) == Count()


SPLIT: Final = HEAD.replace(
    "fields: {name: name, email: mail, address.city: city, address.country: country}",
    """split: {city: '(?P<zip>[0-9]{5}) (?P<town>[^,]+)(?:, (?P<state>.+))?'}
    fields:
      name: name
      address.postal_code: zip
      address.city: town
      address.region: state
      address.country: country""",
)


async def test_a_pattern_splits_one_column_into_several(
    sqlite_database: Database, files: Files
) -> None:
    files.write(
        mapping=SPLIT,
        customers="id,name,city,country\n1,Ada,53111 Bonn,DE\n2,Bo,,\n3,Cy,Bonn,DE\n",
    )
    report = await files.load()
    assert problems_of(report) == [
        ("customers.csv", 4, "city", ErrorCode.INVALID, "'Bonn' does not fit its pattern")
    ]
    address = await CustomerAddress.get(customer__code="1")
    assert (address.postal_code, address.city, address.region) == ("53111", "Bonn", None)
    assert await CustomerAddress.filter(customer__code="2").count() == 0


async def test_a_column_may_hold_json(sqlite_database: Database, files: Files) -> None:
    mapping = HEAD.replace(
        "fields: {sku: sku, name: name, price: price}",
        "json: [more]\n    fields: {name: name, price: price, attributes.sizes: more.sizes,"
        " attributes.color: more.color}",
    )
    files.write(
        mapping=mapping,
        products="id,name,price,more\n"
        '7,Cup,8.50,"{""sizes"": [1, ""L""], ""color"": ""red"", ""x"": 1}"\n'
        '8,Jar,3,\n9,Lid,1,"{"\n10,Mug,1,[]\n',
    )
    report = await files.load()
    assert [(line, column) for _, line, column, _, _ in problems_of(report)] == [
        (4, "more"),
        (5, "more"),
    ]
    cup = await Product.get(sku="7")
    assert cup.attributes == {"sizes": "1, L", "color": "red"}


async def test_a_row_may_be_taken_for_what_its_json_holds(
    sqlite_database: Database, files: Files
) -> None:
    files.write(
        mapping=HEAD.replace(
            "    key: id\n    fields: {sku: sku",
            "    json: [more]\n    only_if: more.sold\n    key: more.id\n    fields: {sku: sku",
        ),
        products='sku,name,price,more\nCUP,Cup,8.50,"{""id"": 7, ""sold"": true}"\n'
        'JAR,Jar,3,"{""id"": 8}"\n',
        lines="order,product,quantity,price\nA,7,2,8.50\n",
    )
    report = await files.load()
    assert (problems_of(report), report.count(Kind.PRODUCT)) == ([], Count(read=1, new=1))


async def test_a_file_that_ends_within_a_letter_is_told(
    sqlite_database: Database, files: Files
) -> None:
    files.write(
        mapping=HEAD.replace("file: customers.csv", "file: customers.csv\n    encoding: utf-16"),
        customers=CUSTOMERS.encode("utf-16") + b"2",
    )
    report = await files.load()
    assert problems_of(report) == [
        (
            "customers.csv",
            3,
            None,
            ErrorCode.INVALID,
            "is not written in utf-16, and so cannot be read on from here",
        )
    ]


TABLED: Final = HEAD.replace(
    "address.country: country",
    "address.country: {column: country, table: {Germany: DE, '': '', X: '', '*': '*'}}",
)


async def test_a_value_table_translates_and_may_let_through(
    sqlite_database: Database, files: Files
) -> None:
    files.write(
        mapping=TABLED,
        customers="id,name,mail,city,country\n1,A,,Bonn,Germany\n2,B,,Wien,AT\n3,C,,Oz,X\n",
    )
    report = await files.load()
    assert [line for _, line, *_ in problems_of(report)] == [4]
    codes = {row.country_code for row in await CustomerAddress.all()}
    assert codes == {"DE", "AT"}


async def test_a_value_that_the_table_does_not_list_is_rejected(
    sqlite_database: Database, files: Files
) -> None:
    files.write(
        mapping=TABLED.replace(", '*': '*'", ""),
        customers="id,name,mail,city,country\n1,A,,Bonn,Germania\n",
    )
    assert problems_of(await files.load())[0] == (
        "customers.csv",
        2,
        "country",
        ErrorCode.INVALID,
        "'Germania' is not in its value table",
    )


async def test_rows_that_repeat_themselves_are_taken_once(
    sqlite_database: Database, files: Files
) -> None:
    """Unless they contradict each other: then somebody has to look."""
    files.write(
        mapping=HEAD
        + "  - kind: category\n    file: products.csv\n    key: group\n    distinct: true\n"
        "    fields: {name: title}\n",
        products="id,sku,name,price,group,title\n7,CUP,Cup,1,t,Table\n8,JAR,Jar,1,t,Table\n"
        "9,LID,Lid,1,t,Tables\n",
    )
    report = await files.load()
    assert problems_of(report) == [
        (
            "products.csv",
            4,
            None,
            ErrorCode.DUPLICATE,
            "says of t something else than products.csv:2",
        )
    ]
    assert report.count(Kind.CATEGORY) == Count(read=2, new=1, rejected=1)
    assert [each.name for each in await Category.all()] == ["Table"]


async def test_cells_that_mean_nothing_and_prices_with_damage(
    sqlite_database: Database, files: Files
) -> None:
    files.write(
        mapping=HEAD.replace("system: shop", "system: shop\nempty: ['NULL']").replace(
            "price: price}", "price: {column: price, round: 2}}", 1
        ),
        customers=CUSTOMERS.replace("ada@a.example", "NULL"),
        products=PRODUCTS.replace("8.50", "8.4999996"),
    )
    assert problems_of(await files.load()) == []
    assert (await Customer.get(code="1")).email is None
    assert (await Product.get(sku="CUP")).price_minor == 850
    assert await Order.all().count() == 1
