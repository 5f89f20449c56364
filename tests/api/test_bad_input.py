"""What clients get wrong: each a clear error with a stable code, and nothing written."""

from typing import Any
from uuid import UUID

import pytest

from models.customers import Customer
from models.events import Event
from models.inventory import StockItem, StockMovement, Warehouse
from models.orders import Order
from models.payments import Payment
from resolvers.identifiers import to_global
from tests.support.api import ask, failure, refusal
from tests.support.company import ACT, PAY, PLACE, STOCK, Company, found_company
from tests.support.databases import Database

UNKNOWN = UUID("01890000-0000-7000-8000-000000000000")


async def rows() -> dict[str, list[dict[str, Any]]]:
    """Every row that a mutation could have touched."""
    tables = (Order, Customer, StockItem, StockMovement, Warehouse, Payment, Event)
    return {table.__name__: await table.all().order_by("id").values() for table in tables}


def unknown(type_name: str) -> str:
    return to_global(type_name, UNKNOWN)


def line(sku: str = "TEA", quantity: Any = 1, **more: Any) -> dict[str, Any]:
    return {"sku": sku, "quantity": quantity} | more


@pytest.fixture
async def company(database: Database) -> Company:
    founded = await found_company()
    await founded.product("TEA", stock=5)
    return founded


CASES: dict[str, tuple[dict[str, Any], str, list[str]]] = {
    "unknown SKU": ({"lines": [line("NONE")]}, "NOT_FOUND", ["lines", "0", "sku"]),
    "SKU in another case": ({"lines": [line("tea")]}, "NOT_FOUND", ["lines", "0", "sku"]),
    "quantity 0": ({"lines": [line(quantity=0)]}, "INVALID", ["lines", "0", "quantity"]),
    "quantity -1": ({"lines": [line(quantity=-1)]}, "INVALID", ["lines", "0", "quantity"]),
    "more than anybody has": (
        {"lines": [line(quantity=2**31 - 1)]},
        "INSUFFICIENT_STOCK",
        ["lines", "0", "quantity"],
    ),
    "no line": ({"lines": []}, "INVALID", ["lines"]),
    "discount above 1": (
        {"lines": [line(discountRate="1.1")]},
        "INVALID",
        ["lines", "0", "discountRate"],
    ),
    "price below 0": (
        {"lines": [line(unitPrice="-0.01")]},
        "INVALID",
        ["lines", "0", "unitPrice"],
    ),
    "half a cent": (
        {"lines": [line(unitPrice="0.005")]},
        "INVALID",
        ["lines", "0", "unitPrice"],
    ),
    "no currency": ({"lines": [line()], "currencyCode": "XXQ"}, "INVALID", ["currencyCode"]),
    "another currency": ({"lines": [line()], "currencyCode": "USD"}, "INVALID", ["currencyCode"]),
    "no country": (
        {
            "lines": [line()],
            "shippingAddress": {"name": "A", "lines": [], "city": "B", "countryCode": "UK"},
        },
        "INVALID",
        ["shippingAddress", "countryCode"],
    ),
    "attributes that are a list": (
        {"lines": [line()], "attributes": []},
        "INVALID",
        ["attributes"],
    ),
    "a channel with a blank": ({"lines": [line()], "channel": "a b"}, "INVALID", ["channel"]),
    "shipping below 0": ({"lines": [line()], "shipping": "-1.00"}, "INVALID", ["shipping"]),
}


@pytest.mark.parametrize("case", CASES)
async def test_an_order_that_cannot_be(company: Company, case: str) -> None:
    values, code, path = CASES[case]
    before = await rows()
    (error,) = await refusal(PLACE, input={"customerId": company.customer} | values)
    assert (error["code"], error["path"]) == (code, ["input", *path])
    assert error["message"]
    assert await rows() == before


async def test_every_bad_line_is_told(company: Company) -> None:
    lines = [line("NONE"), line(quantity=0), line(), line("NONE", -1)]
    errors = await refusal(PLACE, input={"customerId": company.customer, "lines": lines})
    assert [(error["code"], error["path"][2:]) for error in errors] == [
        ("NOT_FOUND", ["0", "sku"]),
        ("INVALID", ["1", "quantity"]),
        ("INVALID", ["3", "quantity"]),
        ("NOT_FOUND", ["3", "sku"]),
    ]


@pytest.mark.parametrize(
    "customer",
    [unknown("Customer"), unknown("Order"), "x", "", "Q3VzdG9tZXI6", "é", "Customer:1"],
)
async def test_an_order_for_nobody(company: Company, customer: str) -> None:
    before = await rows()
    (error,) = await refusal(PLACE, input={"customerId": customer, "lines": [line()]})
    assert (error["code"], error["path"]) == ("NOT_FOUND", ["input", "customerId"])
    assert await rows() == before


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"quantity": 2**31}, "Int cannot represent non 32-bit signed integer value"),
        ({"quantity": 1.5}, "Int cannot represent non-integer value"),
        ({"quantity": "1"}, "Int cannot represent non-integer value"),
        ({"quantity": None}, "Expected value of non-null type 'Int!' not to be None."),
        ({"unitPrice": "1e3"}, "A decimal is up to 20 digits, a point and up to 10 digits."),
        ({"unitPrice": "NaN"}, "A decimal is up to 20 digits, a point and up to 10 digits."),
        ({"unitPrice": "１"}, "A decimal is up to 20 digits, a point and up to 10 digits."),
        ({"unitPrice": True}, "A decimal is text such as 12.50."),
        ({"weight": 1}, "Expected value of type 'LineInput' not to include unknown field 'weight'"),
    ],
)
async def test_what_the_schema_refuses(
    company: Company, variables: dict[str, Any], message: str
) -> None:
    before = await rows()
    values = {"customerId": company.customer, "lines": [line() | variables]}
    code, told = await failure(PLACE, input=values)
    assert code == "BAD_REQUEST"
    assert message in told
    assert await rows() == before


@pytest.mark.parametrize("at", ["2026-01-01", "2026-01-01T00:00:00", "yesterday", 5])
async def test_a_time_needs_its_zone(company: Company, at: Any) -> None:
    values = {"customerId": company.customer, "lines": [line()], "promisedAt": at}
    code, message = await failure(PLACE, input=values)
    assert code == "BAD_REQUEST"
    assert "A time is RFC 3339 with a time zone" in message


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ('{ order(id: "x") { id } }', "This is not an id of ours."),
        (
            f'{{ order(id: "{unknown("Customer")}") {{ id }} }}',
            "An id of type Order is expected here; this is one of Customer.",
        ),
        ("{ order { id } }", "Give exactly one of the arguments."),
        ('{ order(number: "1", id: "x") { id } }', "Give exactly one of the arguments."),
        ('{ order(trackingToken: "?") { id } }', "This cursor is not one of ours."),
        ('{ node(id: "x") { id } }', "This is not an id of ours."),
        (
            '{ events(after: "AAAA") { nodes { id } } }',
            "This cursor was changed, or belongs to another list.",
        ),
        ("{ events(first: 101) { nodes { id } } }", "first goes from 0 to 100."),
    ],
)
async def test_queries_that_cannot_be(
    sqlite_database: Database, document: str, message: str
) -> None:
    assert await failure(document) == ("BAD_REQUEST", message)


@pytest.mark.parametrize("type_name", ["Order", "Customer", "Event", "Warehouse", "Nonsense"])
async def test_what_is_not_there_is_null(sqlite_database: Database, type_name: str) -> None:
    document = "query($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } }"
    assert await ask(document, id=unknown(type_name)) == {"node": None, "nodes": [None]}


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({}, "INVALID", None),
        ({"delta": 1, "setTo": 1, "ifOnHand": 5}, "INVALID", None),
        ({"setTo": 1}, "REQUIRED", "ifOnHand"),
        ({"delta": 0}, "INVALID", "delta"),
        ({"delta": -6}, "INVALID", None),
        ({"setTo": -1, "ifOnHand": 5}, "INVALID", "setTo"),
        ({"delta": 1, "reason": " "}, "REQUIRED", "reason"),
        ({"delta": 1, "sku": "NONE"}, "NOT_FOUND", "sku"),
        ({"delta": 1, "warehouseId": unknown("Warehouse")}, "NOT_FOUND", "warehouseId"),
    ],
)
async def test_stock_that_cannot_be(
    company: Company, change: dict[str, Any], code: str, field: str | None
) -> None:
    before = await rows()
    values = {"sku": "TEA", "warehouseId": company.warehouse, "reason": "count"} | change
    (error,) = await refusal(STOCK, changes=[values])
    assert error["code"] == code
    assert error["path"][:2] == ["changes", "0"]
    if field:
        assert error["path"] == ["changes", "0", field]
    assert await rows() == before


async def test_one_bad_change_undoes_the_others(company: Company) -> None:
    before = await rows()
    good = {"sku": "TEA", "warehouseId": company.warehouse, "reason": "count", "delta": 1}
    (error,) = await refusal(STOCK, changes=[good, good | {"sku": "NONE"}])
    assert error["path"] == ["changes", "1", "sku"]
    assert await rows() == before


async def test_an_order_that_is_not_there(company: Company) -> None:
    for type_name in ("Order", "Customer"):
        (error,) = await refusal(ACT, id=unknown(type_name), version=1, action="HOLD")
        assert (error["code"], error["path"]) == ("NOT_FOUND", ["id"])


@pytest.mark.parametrize(
    ("payment", "code", "field"),
    [
        ({"amount": "0"}, "INVALID", "amount"),
        ({"amount": "-1"}, "INVALID", "amount"),
        ({"amount": "0.001"}, "INVALID", "amount"),
        ({"method": " "}, "REQUIRED", "method"),
        ({"kind": "REFUND"}, "INVALID", "amount"),
        ({"kind": "VOID"}, "INVALID", "amount"),
        ({"paymentId": unknown("Payment")}, "NOT_FOUND", "paymentId"),
    ],
)
async def test_a_payment_that_cannot_be(
    company: Company, payment: dict[str, Any], code: str, field: str
) -> None:
    order = await company.order(("TEA", 1))
    before = await rows()
    values = {"kind": "CHARGE", "amount": "1.00", "method": "card"} | payment
    (error,) = await refusal(PAY, orderId=order["id"], input=values)
    assert (error["code"], error["path"]) == (code, ["input", field])
    assert await rows() == before


@pytest.mark.parametrize("text", ["a\0", "\ud800"])
async def test_text_that_a_database_cannot_keep(company: Company, text: str) -> None:
    before = await rows()
    values = {"customerId": company.customer, "lines": [line()], "note": text}
    (error,) = await refusal(PLACE, input=values)
    assert error["code"] == "INVALID"
    assert await rows() == before
    code, _ = await failure("query($code: String) { customer(code: $code) { id } }", code=text)
    assert code == "BAD_REQUEST"


@pytest.mark.parametrize(
    "document",
    [
        "query($text: String) { customers(search: $text) { nodes { id } } }",
        "query($text: String) { customers(where: {name: {words: $text}}) { nodes { id } } }",
    ],
)
async def test_a_search_for_a_long_word_finds_nothing(company: Company, document: str) -> None:
    assert (await ask(document, text="a" * 300))["customers"]["nodes"] == []


@pytest.mark.parametrize(
    "document",
    [
        "query($text: String) { order(number: $text) { id } }",
        "query($text: String) { customer(code: $text) { id } }",
        "query($text: String) { products(where: {sku: {eq: $text}}) { nodes { id } } }",
    ],
)
async def test_a_key_that_nothing_can_have(company: Company, document: str) -> None:
    code, message = await failure(document, text="a" * 500)
    assert (code, message) == ("BAD_REQUEST", "A text is longer than any that is kept there.")


async def test_a_sku_that_nothing_can_have(company: Company) -> None:
    before = await rows()
    values = {"customerId": company.customer, "lines": [line("a" * 500)]}
    (error,) = await refusal(PLACE, input=values)
    assert (error["code"], error["path"]) == ("INVALID", ["input", "lines", "0", "sku"])
    assert await rows() == before
