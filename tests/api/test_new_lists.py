"""Lists of returns and invoices, what else lists are found by, and how long they are."""

from datetime import UTC, datetime
from typing import Any, Final

import pytest

from services.work import clock
from tests.support.api import ask, change, failure
from tests.support.company import (
    CUSTOMER,
    PAY,
    RETURN,
    SUPPLIER,
    WAREHOUSE,
    Company,
    found_company,
)
from tests.support.databases import Database

INVOICES: Final = """query($where: InvoiceWhere) { invoices(where: $where) {
  nodes { number balance { amount } } totalCount } }"""
RETURNS: Final = """query($where: ReturnWhere) { returns(where: $where) {
  nodes { number order { id } } totalCount } }"""
CUSTOMERS: Final = """query($where: CustomerWhere) { customers(where: $where, sort: CODE) {
  nodes { code } totalCount } }"""
BLOCK: Final = """mutation($id: ID!) {
  customerCreditSet(id: $id, version: 1, rating: B, termsDays: 30, blocked: true) {
    customer { id } userErrors { code message path } } }"""


async def found(document: str, name: str, where: dict[str, Any] | None) -> list[str]:
    (page,) = (await ask(document, where=where)).values()
    assert page["totalCount"] == len(page["nodes"])
    return [node[name] for node in page["nodes"]]


async def shipped(company: Company, day: int, *units: int) -> dict[str, Any]:
    """An order of TEA, each part shipped and billed on a day of its own."""
    with clock.frozen(datetime(2026, 1, day, tzinfo=UTC)):
        order = await company.order(("TEA", sum(units)))
    for at, quantity in enumerate(units):
        with clock.frozen(datetime(2026, 1, day + at, 1, tzinfo=UTC)):
            order["version"] = await company.ship(order, ("TEA", quantity))
    return order


async def test_invoices_that_are_open_and_overdue(database: Database) -> None:
    company = await found_company()
    await company.product("TEA", stock=99)
    order = await shipped(company, 1, 2, 3)  # 20.00 and 30.00, due in 30 days
    other = await shipped(company, 20, 1)
    pay = {"kind": "CHARGE", "amount": "25.00", "method": "card"}
    with clock.frozen(datetime(2026, 2, 1, 12, tzinfo=UTC)):
        await change(PAY, orderId=order["id"], input=pay)
        all_of_them = await ask(INVOICES)
        assert [node["balance"]["amount"] for node in all_of_them["invoices"]["nodes"]] == [
            "10.00",
            "25.00",
            "0.00",
        ]
        third, second, first = [node["number"] for node in all_of_them["invoices"]["nodes"]]
        cases: list[tuple[dict[str, Any], list[str]]] = [
            ({}, [third, second, first]),
            ({"open": True}, [third, second]),
            ({"open": False}, [first]),
            ({"not": {"open": True}}, [first]),
            ({"overdue": True}, [second]),
            ({"overdue": False}, [third, first]),
            ({"not": {"overdue": False}}, [second]),
            ({"number": {"eq": first}}, [first]),
            ({"number": {"startsWith": first[:-1]}}, [third, second, first]),
            ({"customerId": company.customer, "open": False}, [first]),
            ({"dueAt": {"lt": "2026-02-02T00:00:00Z"}}, [second, first]),
            ({"issuedAt": {"gte": "2026-01-02T00:00:00Z"}}, [third, second]),
        ]
        for where, expected in cases:
            assert await found(INVOICES, "number", where) == expected, where
        await change(PAY, orderId=other["id"], input=pay | {"amount": "10.00"})
        await change(PAY, orderId=order["id"], input=pay | {"reference": "rest"})
        assert await found(INVOICES, "number", {"open": True}) == []
    document = "query($n: String) { invoice(number: $n) { number order { id } } }"
    assert (await ask(document, n=second))["invoice"]["order"]["id"] == order["id"]
    assert (await ask(document, n="none"))["invoice"] is None
    assert (await failure("{ invoice { id } }"))[0] == "BAD_REQUEST"


async def test_returns(database: Database) -> None:
    company = await found_company()
    await company.product("TEA", stock=99)
    other = (await change(WAREHOUSE, input={"code": "B", "name": "B"}))["warehouse"]["id"]
    orders = [await shipped(company, day, 2) for day in (1, 5)]
    for day, order in zip((10, 11), orders, strict=True):
        line = {"lineId": order["lines"][0]["id"], "quantity": 1}
        with clock.frozen(datetime(2026, 1, day, tzinfo=UTC)):
            await change(RETURN, orderId=order["id"], lines=[line], reason="broken")
    second, first = await found(RETURNS, "number", None)
    for where, expected in (
        ({"status": ["REQUESTED"]}, [second, first]),
        ({"status": ["RECEIVED"]}, []),
        ({"orderId": orders[0]["id"]}, [first]),
        ({"customerId": company.customer}, [second, first]),
        ({"warehouseId": company.warehouse}, [second, first]),
        ({"warehouseId": other}, []),
        ({"requestedAt": {"lt": "2026-01-11T00:00:00Z"}}, [first]),
        ({"not": {"orderId": orders[0]["id"]}}, [second]),
    ):
        assert await found(RETURNS, "number", where) == expected, where


async def test_payments_and_products(database: Database) -> None:
    company = await found_company()
    maker = await change(SUPPLIER, input={"name": "Maker", "code": "M"})
    await company.product("TEA", stock=9, supplierId=maker["supplier"]["id"], barcode="4001")
    await company.product("POT", price="20.00")
    order = await company.order(("TEA", 1))
    await change(
        PAY, orderId=order["id"], input={"kind": "CHARGE", "amount": "10.00", "method": "card"}
    )
    other = (await change(CUSTOMER, input={"code": "BEN", "name": "Ben"}))["customer"]["id"]
    payments = (
        "query($where: PaymentWhere) { payments(where: $where) { nodes { method } totalCount } }"
    )
    for where, times in (
        ({"customerId": company.customer}, 1),
        ({"customerId": other}, 0),
        ({"orderId": order["id"]}, 1),
        ({"not": {"customerId": other}}, 1),
    ):
        assert await found(payments, "method", where) == ["card"] * times, where
    products = (
        "query($where: ProductWhere) { products(where: $where) { nodes { sku } totalCount } }"
    )
    for where, skus in (
        ({"supplierId": maker["supplier"]["id"]}, ["TEA"]),
        ({"not": {"supplierId": maker["supplier"]["id"]}}, ["POT"]),
        ({"barcode": {"eq": " 4001 "}}, ["TEA"]),
        ({"barcode": {"startsWith": "5"}}, []),
        ({"not": {"barcode": {"eq": "4001"}}}, ["POT"]),
        ({"price": {"gte": "10.01"}}, ["POT"]),
    ):
        assert await found(products, "sku", where) == skus, where


async def test_customers(database: Database) -> None:
    await found_company()
    ben = {"code": "BEN", "name": "Ben", "tags": ["vip", "Größe"], "phone": "+49 (40) 123-4"}
    blocked = (await change(CUSTOMER, input=ben))["customer"]["id"]
    await change(BLOCK, id=blocked)
    for where, codes in (
        ({"tag": ["vip"]}, ["BEN"]),
        ({"tag": ["VIP"]}, []),
        ({"tag": ["x", "Größe"]}, ["BEN"]),
        ({"not": {"tag": ["vip"]}}, ["ADA"]),
        ({"phone": "0049 40 1234"}, ["BEN"]),
        ({"phone": "-"}, []),
        ({"blocked": True}, ["BEN"]),
        ({"blocked": False}, ["ADA"]),
    ):
        assert await found(CUSTOMERS, "code", where) == codes, where
    save = CUSTOMER.replace("$input: CustomerInput!", "$id: ID!, $input: CustomerInput!")
    save = save.replace("(input: $input)", "(id: $id, input: $input)")
    await change(save, id=blocked, input={"tags": ["new"], "phone": None})
    assert await found(CUSTOMERS, "code", {"tag": ["vip"]}) == []
    assert await found(CUSTOMERS, "code", {"phone": "0049 40 1234"}) == []
    assert await found(CUSTOMERS, "code", {"tag": ["new"]}) == ["BEN"]


async def test_one_supplier_and_one_warehouse(sqlite_database: Database) -> None:
    company = await found_company()
    maker = (await change(SUPPLIER, input={"name": "Maker", "code": "M"}))["supplier"]["id"]
    for document, expected in (
        ('{ one: supplier(code: " M ") { id } }', {"id": maker}),
        (f'{{ one: supplier(id: "{maker}") {{ id }} }}', {"id": maker}),
        ('{ one: supplier(code: "m") { id } }', None),
        ('{ one: warehouse(code: "MAIN") { id } }', {"id": company.warehouse}),
        ('{ one: warehouse(code: "none") { id } }', None),
    ):
        assert (await ask(document))["one"] == expected, document
    assert (await failure("{ warehouse { id } }"))[0] == "BAD_REQUEST"


@pytest.mark.parametrize(
    ("most", "value", "is_exact"), [(0, 0, False), (2, 2, False), (3, 3, True), (100_000, 3, True)]
)
async def test_a_count_says_whether_it_is_all(
    sqlite_database: Database, most: int, value: int, is_exact: bool
) -> None:
    company = await found_company()
    for sku in "ABC":
        await company.product(sku, stock=9)
    await company.order(("A", 1))
    count = f"count(max: {most}) {{ value isExact }}"
    document = f'{{ products {{ {count} }} empty: products(search: "no") {{ {count} }} }}'
    answer = await ask(document)
    assert answer["products"]["count"] == {"value": value, "isExact": is_exact}
    assert answer["empty"]["count"] == {"value": 0, "isExact": True}


async def test_counts_below_parents(database: Database) -> None:
    company = await found_company()
    await company.product("TEA", stock=9)
    await change(CUSTOMER, input={"code": "BEN", "name": "Ben"})
    for _ in range(3):
        await company.order(("TEA", 1))
    document = "{ customers { nodes { code orders { count(max: 2) { value isExact } } } } }"
    assert [node["orders"]["count"] for node in (await ask(document))["customers"]["nodes"]] == [
        {"value": 2, "isExact": False},
        {"value": 0, "isExact": True},
    ]


@pytest.mark.parametrize("most", [-1, 100_001])
async def test_no_count_goes_on_for_ever(sqlite_database: Database, most: int) -> None:
    code, message = await failure(f"{{ orders {{ count(max: {most}) {{ value }} }} }}")
    assert (code, message) == ("BAD_REQUEST", "max goes from 0 to 100000.")
