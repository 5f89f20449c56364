"""`where` and `search`: the same rows on every database."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.work import clock
from tests.support.api import ask, change, failure
from tests.support.company import ADDRESS, CATEGORY, CUSTOMER, GROUP, PRODUCT, found_company
from tests.support.databases import Database

ORDERS = """query($where: OrderWhere, $search: String) {
  orders(where: $where, search: $search, sort: NUMBER, desc: false) {
    nodes { channel } totalCount } }"""
CUSTOMERS = """query($where: CustomerWhere, $search: String) {
  customers(where: $where, search: $search, sort: CODE) { nodes { code } totalCount } }"""
PRODUCTS = """query($where: ProductWhere, $search: String) {
  products(where: $where, search: $search, sort: SKU) { nodes { sku } totalCount } }"""

REFERENCE = {"system": "shop", "key": "7"}


async def found(document: str, key: str, **variables: Any) -> str:
    (page,) = (await ask(document, **variables)).values()
    names = [node[key] for node in page["nodes"]]
    assert page["totalCount"] == len(names)
    return " ".join(sorted(names))


def order_cases(warehouse: str, customer: str, number: str) -> list[tuple[dict[str, Any], str]]:
    """Filters, and the channels of the orders that they mean."""
    return [
        ({}, "a b c"),
        ({"status": ["ON_HOLD"]}, "b"),
        ({"status": []}, ""),
        ({"not": {"status": ["ON_HOLD"]}}, "a c"),
        ({"fulfillment": ["RESERVED"]}, "a b c"),
        ({"payment": ["PAID"]}, ""),
        ({"customerId": customer}, "c"),
        ({"channel": ["a", "c"]}, "a c"),
        ({"placedAt": {"gte": "2026-02-10T00:00:00Z"}}, "b c"),
        ({"placedAt": {"lt": "2026-02-10T01:00:00+01:00"}}, "a"),
        ({"returnStatus": ["NONE", "REQUESTED"]}, "a b c"),
        ({"returnStatus": ["RETURNED"]}, ""),
        ({"milestone": ["PLACED"]}, "a b c"),
        ({"milestone": ["SHIPPED", "PROCESSING"]}, ""),
        ({"not": {"milestone": ["PLACED"]}}, ""),
        ({"balance": {"eq": "30"}}, "b"),
        ({"balance": {"lt": "0"}}, ""),
        ({"promisedAt": {}}, "a"),
        ({"not": {"promisedAt": {"gte": "2026-01-12T00:00:00Z"}}}, "b c"),
        ({"promisedAt": {"lt": "2026-01-12T00:00:00Z"}}, ""),
        ({"updatedAt": {"lt": "2026-02-01T00:00:00Z"}}, "a"),
        ({"stageDueAt": {"lt": "2026-02-01T00:00:00Z"}}, "a"),
        ({"total": {"eq": "30"}}, "b"),
        ({"total": {"gte": "30.01"}}, "c"),
        ({"total": {"lt": "2.001"}}, "a"),
        ({"isDelayed": True}, "a"),
        ({"isDelayed": False}, "b c"),
        ({"sku": {"eq": "TEA-1"}}, "a c"),
        ({"sku": {"startsWith": "POT"}}, "b c"),
        ({"sku": {"eq": "tea-1"}}, ""),
        ({"country": ["CH"]}, "b"),
        ({"not": {"country": ["CH"]}}, "a c"),
        ({"warehouseId": warehouse}, "a b c"),
        ({"externalRef": REFERENCE}, "c"),
        ({"number": {"eq": number}}, "c"),
        ({"number": {"startsWith": "SO-"}}, "a b c"),
        ({"or": [{"channel": ["a"]}, {"customerId": customer}]}, "a c"),
        ({"or": []}, ""),
        ({"and": [{"channel": ["a", "b"]}, {"not": {"channel": ["a"]}}]}, "b"),
        ({"channel": ["a"], "status": ["ON_HOLD"]}, ""),
        ({"not": {"not": {"sku": {"eq": "TEA-1"}}}}, "a c"),
        ({"not": {"and": [{"not": {"sku": {"eq": "TEA-1"}}}]}}, "a c"),
        ({"not": {"or": [{"sku": {"eq": "TEA-1"}}, {"channel": ["b"]}]}}, ""),
        ({"not": {"externalRef": REFERENCE}}, "a b"),
        ({"not": {"not": {"not": {"warehouseId": warehouse}}}}, ""),
        ({"not": {"isDelayed": False}}, "a"),
    ]


async def test_orders(database: Database) -> None:
    company = await found_company()
    await company.product("TEA-1", stock=9, price="2.00")
    await company.product("POT-1", stock=9, price="30.00")
    swiss = ADDRESS | {"countryCode": "CH"}
    other = (await change(CUSTOMER, input={"code": "BEN", "name": "Ben"}))["customer"]["id"]
    with clock.frozen(datetime(2026, 1, 10, tzinfo=UTC)):
        await company.order(("TEA-1", 1), channel="a", promisedAt="2026-01-12T00:00:00Z")
    with clock.frozen(datetime(2026, 2, 10, tzinfo=UTC)):
        held = await company.order(("POT-1", 1), channel="b", shippingAddress=swiss)
        await company.act(held, "HOLD")
        order = await company.order(
            ("TEA-1", 1), ("POT-1", 1), channel="c", customerId=other, externalRef=REFERENCE
        )
        cases = order_cases(company.warehouse, other, order["number"])
        wrong = {}
        for where, expected in cases:
            answer = await found(ORDERS, "channel", where=where)
            if answer != expected:
                wrong[str(where)] = answer
    assert wrong == {}


async def test_customers(database: Database) -> None:
    group = (await change(GROUP, input={"name": "Cafés", "discountRate": "0.05"}))["customerGroup"]
    french = ADDRESS | {"countryCode": "FR"}
    reference = {"system": "old", "key": "17"}
    for values in (
        {"code": "A1", "name": "Ada Müller", "email": "Ada@Example.com", "groupId": group["id"]},
        {"code": "A2", "name": "Łucja Nowak", "addresses": [ADDRESS, french]},
        {"code": "b1", "name": "Café à côté", "externalRef": reference},
    ):
        await change(CUSTOMER, input=values)
    cases: list[tuple[dict[str, Any], str]] = [
        ({"where": {"code": {"startsWith": "A"}}}, "A1 A2"),
        ({"where": {"code": {"eq": "B1"}}}, ""),
        ({"where": {"code": {"in": ["A1", "b1", "zz"]}}}, "A1 b1"),
        ({"where": {"name": {"words": "muller"}}}, "A1"),
        ({"where": {"name": {"eq": "Ada Müller"}}}, "A1"),
        ({"where": {"email": "ada@example.COM"}}, "A1"),
        ({"where": {"groupId": group["id"]}}, "A1"),
        ({"where": {"not": {"groupId": group["id"]}}}, "A2 b1"),
        ({"where": {"country": ["FR"]}}, "A2"),
        ({"where": {"not": {"not": {"country": ["FR"]}}}}, "A2"),
        ({"where": {"not": {"name": {"words": "ada muller"}}}}, "A2 b1"),
        ({"where": {"country": ["FR", "DE"]}}, "A2"),
        ({"where": {"externalRef": reference}}, "b1"),
        ({"search": "cafe"}, "b1"),
        ({"search": "LUC now"}, "A2"),
        ({"search": "a1"}, "A1"),
        ({"search": "ller"}, ""),
        ({"search": "%"}, ""),
        ({"search": "ada", "where": {"code": {"eq": "A2"}}}, ""),
    ]
    wrong = {}
    for variables, expected in cases:
        answer = await found(CUSTOMERS, "code", **variables)
        if answer != expected:
            wrong[str(variables)] = answer
    assert wrong == {}


async def test_products(database: Database) -> None:
    company = await found_company()
    spices = (await change(CATEGORY, input={"name": "Spices"}))["category"]["id"]
    grind = {"grind": "fine", "bio": True}
    await company.product("SPI-1", categoryId=spices, attributes=grind, name="Black pepper")
    await company.product("SPI_2", categoryId=spices, name="100 % paprika")
    product = await company.product("TEA-1", stock=1, name="Tea")
    discontinue = {"id": product, "input": {"discontinued": True}}
    await change(
        PRODUCT.replace("($input", "($id: ID, $input").replace("(input:", "(id: $id, input:"),
        **discontinue,
    )
    cases: list[tuple[dict[str, Any], str]] = [
        ({"where": {"sku": {"startsWith": "SPI_"}}}, "SPI_2"),
        ({"where": {"sku": {"startsWith": "SPI"}}}, "SPI-1 SPI_2"),
        ({"where": {"name": {"startsWith": "100 %"}}}, "SPI_2"),
        ({"where": {"categoryId": spices}}, "SPI-1 SPI_2"),
        ({"where": {"discontinued": True}}, "TEA-1"),
        ({"where": {"lowStock": True}}, ""),
        ({"where": {"not": {"lowStock": False}}}, ""),
        ({"where": {"not": {"name": {"words": "black pepper"}}}}, "SPI_2 TEA-1"),
        ({"where": {"attribute": {"key": "grind", "eq": "fine"}}}, "SPI-1"),
        ({"where": {"attribute": {"key": "bio", "eq": True}}}, "SPI-1"),
        ({"where": {"attribute": {"key": "bio", "eq": "true"}}}, ""),
        ({"search": "pepper black"}, "SPI-1"),
        ({"search": "spi"}, "SPI-1 SPI_2"),
        ({"search": "fine"}, ""),
    ]
    wrong = {}
    for variables, expected in cases:
        answer = await found(PRODUCTS, "sku", **variables)
        if answer != expected:
            wrong[str(variables)] = answer
    assert wrong == {}


@pytest.mark.parametrize(
    "where",
    [
        {"sku": {"words": "tea"}},
        {"customerId": "x"},
    ],
)
async def test_filters_that_cannot_be(sqlite_database: Database, where: dict[str, Any]) -> None:
    assert (await failure(ORDERS, where=where))[0] == "BAD_REQUEST"


async def test_a_search_has_a_word_and_not_too_many(sqlite_database: Database) -> None:
    assert await found(CUSTOMERS, "code", search=" - ") == ""
    assert (await failure(CUSTOMERS, search="a b c d e f g h i j k"))[0] == "BAD_REQUEST"
