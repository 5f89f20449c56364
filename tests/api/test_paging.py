"""Connections: pages both ways, stable under inserts, with cursors that cannot be bent."""

from typing import Any

import pytest

from tests.support.api import ask, change, failure
from tests.support.company import CUSTOMER, PRODUCT, found_company
from tests.support.databases import Database

PAGE = """
query($first: Int, $after: Cursor, $last: Int, $before: Cursor, $desc: Boolean) {
  products(first: $first, after: $after, last: $last, before: $before, sort: PRICE, desc: $desc) {
    nodes { sku }
    edges { cursor node { sku } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    totalCount
  }
}"""
PRICES = {"A": "1.00", "B": "2.00", "C": "2.00", "D": "2.00", "E": "3.00"}


async def page(**arguments: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await ask(PAGE, **{"desc": False} | arguments))["products"]
    return found


def skus(page: dict[str, Any]) -> str:
    return "".join(node["sku"] for node in page["nodes"])


async def five_products() -> None:
    for sku, price in PRICES.items():
        values = {"sku": sku, "name": "same", "price": price, "currencyCode": "EUR"}
        await change(PRODUCT, input=values)


async def test_pages_forward_and_back_over_ties(database: Database) -> None:
    await five_products()
    first = await page(first=2)
    assert skus(first) == "AB"
    assert first["totalCount"] == 5
    assert first["pageInfo"]["hasNextPage"]
    assert not first["pageInfo"]["hasPreviousPage"]
    second = await page(first=2, after=first["pageInfo"]["endCursor"])
    assert skus(second) == "CD"
    assert second["pageInfo"]["hasPreviousPage"]
    third = await page(first=2, after=second["pageInfo"]["endCursor"])
    assert skus(third) == "E"
    assert not third["pageInfo"]["hasNextPage"]
    back = await page(last=2, before=third["pageInfo"]["startCursor"])
    assert skus(back) == "CD"
    assert back["pageInfo"] == {
        "hasNextPage": True,
        "hasPreviousPage": True,
        "startCursor": second["pageInfo"]["startCursor"],
        "endCursor": second["pageInfo"]["endCursor"],
    }
    assert skus(await page(last=2)) == "DE"


async def test_descending_is_the_same_list_turned_round(database: Database) -> None:
    await five_products()
    first = await page(first=3, desc=True)
    assert skus(first) == "EDC"
    rest = await page(first=3, desc=True, after=first["edges"][2]["cursor"])
    assert skus(rest) == "BA"
    assert skus(await page(last=2, desc=True, before=rest["edges"][0]["cursor"])) == "DC"


async def test_an_insert_between_two_pages_neither_repeats_nor_hides(database: Database) -> None:
    await five_products()
    first = await page(first=3)
    for sku, price in (("0", "0.50"), ("F", "4.00")):
        values = {"sku": sku, "name": "new", "price": price, "currencyCode": "EUR"}
        await change(PRODUCT, input=values)
    assert skus(await page(first=10, after=first["pageInfo"]["endCursor"])) == "DEF"


async def test_between_two_cursors(database: Database) -> None:
    await five_products()
    edges = (await page())["edges"]
    between = await page(after=edges[0]["cursor"], before=edges[4]["cursor"])
    assert skus(between) == "BCD"


async def test_an_empty_list(database: Database) -> None:
    assert await page() == {
        "nodes": [],
        "edges": [],
        "pageInfo": {
            "hasNextPage": False,
            "hasPreviousPage": False,
            "startCursor": None,
            "endCursor": None,
        },
        "totalCount": 0,
    }


async def test_twenty_where_nothing_is_said_and_a_hundred_at_most(
    sqlite_database: Database,
) -> None:
    for number in range(21):
        await change(CUSTOMER, input={"code": f"C{number:02}", "name": "Somebody"})
    document = "query($first: Int) { customers(first: $first, sort: CODE) { nodes { code } } }"
    assert len((await ask(document))["customers"]["nodes"]) == 20
    assert (await ask(document, first=0))["customers"]["nodes"] == []
    assert len((await ask(document, first=100))["customers"]["nodes"]) == 21


async def test_the_count_is_capped(database: Database) -> None:
    await five_products()
    document = "{ products { a: totalCount(max: 3) b: totalCount(max: 5) c: totalCount } }"
    assert (await ask(document))["products"] == {"a": 3, "b": 5, "c": 5}
    none = "{ products { totalCount(max: 0) } }"
    assert (await ask(none))["products"] == {"totalCount": 0}
    refused = await failure("{ products { totalCount(max: -1) } }")
    assert refused == ("BAD_REQUEST", "max is not below zero.")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("first: 101", "first goes from 0 to 100."),
        ("first: -1", "first goes from 0 to 100."),
        ("last: 101", "last goes from 0 to 100."),
        ("first: 1, last: 1", "Ask for first or for last, not for both."),
        ('after: "x"', "This cursor is not one of ours."),
        (
            'after: "AAAAAAAAAAAAAAAAAAAAAAAA"',
            "This cursor was changed, or belongs to another list.",
        ),
    ],
)
async def test_what_no_page_can_be(sqlite_database: Database, arguments: str, message: str) -> None:
    refused = await failure(f"{{ products({arguments}) {{ nodes {{ sku }} }} }}")
    assert refused == ("BAD_REQUEST", message)


async def test_a_cursor_is_good_for_its_own_list_only(sqlite_database: Database) -> None:
    await five_products()
    cursor = (await page(first=1))["pageInfo"]["endCursor"]
    other = "query($after: Cursor) { products(after: $after, sort: PRICE%s) { nodes { sku } } }"
    await ask(other % "", after=cursor)
    for change_of in (", desc: true", ', search: "same"', ", where: {discontinued: false}"):
        code, _ = await failure(other % change_of, after=cursor)
        assert code == "BAD_REQUEST"
    tampered = ("B" if cursor[0] == "A" else "A") + cursor[1:]
    assert (await failure(other % "", after=tampered))[0] == "BAD_REQUEST"


async def test_pages_below_each_parent(database: Database) -> None:
    company = await found_company()
    await company.product("A", stock=100)
    other = await change(CUSTOMER, input={"code": "BEN", "name": "Ben"})
    placed = [await company.order(("A", 1)) for _ in range(3)]
    placed.append(await company.order(("A", 1), customerId=other["customer"]["id"]))
    numbers = [order["number"] for order in placed]
    document = """query($after: Cursor) { customers(sort: CODE) { nodes { code
        orders(first: 2, after: $after) { nodes { number } totalCount
          pageInfo { hasNextPage endCursor } } } } }"""
    ada, ben = (await ask(document))["customers"]["nodes"]
    assert [node["number"] for node in ada["orders"]["nodes"]] == [numbers[2], numbers[1]]
    assert [node["number"] for node in ben["orders"]["nodes"]] == [numbers[3]]
    assert (ada["orders"]["totalCount"], ben["orders"]["totalCount"]) == (3, 1)
    page_info = ada["orders"]["pageInfo"]
    assert (page_info["hasNextPage"], ben["orders"]["pageInfo"]["hasNextPage"]) == (True, False)
    ada, _ = (await ask(document, after=page_info["endCursor"]))["customers"]["nodes"]
    assert [node["number"] for node in ada["orders"]["nodes"]] == [numbers[0]]
