"""What lists are sorted by: amounts across currencies, and dates that some objects lack."""

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final

import pytest

from services.work import clock
from tests.support.api import ask
from tests.support.company import Company, found_company
from tests.support.databases import Database

PRICES: Final = {"TEN": ("10.00", "EUR"), "ONE": ("1.000", "KWD"), "YEN": ("1000", "JPY")}
"""A thousand minor units each."""

ORDERS: Final = """query($sort: OrderSort!, $desc: Boolean!, $first: Int, $last: Int,
    $after: Cursor, $before: Cursor, $where: OrderWhere) {
  page: orders(sort: $sort, desc: $desc, first: $first, last: $last, after: $after,
      before: $before, where: $where) {
    nodes { name: channel } pageInfo { startCursor endCursor } } }"""
PRODUCTS: Final = """query($sort: ProductSort!, $desc: Boolean!, $first: Int, $last: Int,
    $after: Cursor, $before: Cursor, $where: ProductWhere) {
  page: products(sort: $sort, desc: $desc, first: $first, last: $last, after: $after,
      before: $before, where: $where) {
    nodes { name: sku } pageInfo { startCursor endCursor } } }"""


async def walked(document: str, sort: str, *, desc: bool = False, **where: Any) -> list[str]:
    """The names of a whole list, read a row at a time from both ends, which must agree."""
    found = []
    for size, cursor, end in (("first", "after", "endCursor"), ("last", "before", "startCursor")):
        names: list[str] = []
        at: dict[str, Any] = {}
        while True:
            variables = {"sort": sort, "desc": desc, size: 1, **at, **where}
            page = (await ask(document, **variables))["page"]
            if not page["nodes"]:
                break
            names += [node["name"] for node in page["nodes"]]
            at = {cursor: page["pageInfo"][end]}
        found.append(names)
    assert found[0] == found[1][::-1]
    return found[0]


async def foreign_trade() -> Company:
    company = await found_company()
    for sku, (price, currency) in PRICES.items():
        await company.product(sku, stock=9, price=price, currencyCode=currency)
        await company.order((sku, 1), channel=sku, currencyCode=currency)
    return company


@pytest.mark.parametrize(
    ("document", "sort", "field"), [(ORDERS, "TOTAL", "total"), (PRODUCTS, "PRICE", "price")]
)
async def test_amounts_are_compared_whatever_their_currency(
    database: Database, document: str, sort: str, field: str
) -> None:
    await foreign_trade()
    assert await walked(document, sort) == ["ONE", "TEN", "YEN"]
    assert await walked(document, sort, desc=True) == ["YEN", "TEN", "ONE"]
    for condition, expected in (
        ({"eq": "10"}, ["TEN"]),
        ({"eq": "1000.000000"}, ["YEN"]),
        ({"gte": "1.0001"}, ["TEN", "YEN"]),
        ({"lt": "10.00001"}, ["ONE", "TEN"]),
        ({"eq": "9.99999"}, []),
        ({"gte": "99999999999999999999"}, []),
        ({"lt": "99999999999999999999"}, ["ONE", "TEN", "YEN"]),
    ):
        assert await walked(document, sort, where={field: condition}) == expected, condition


async def test_orders_without_a_date_count_as_latest(database: Database) -> None:
    company = await found_company()
    await company.product("TEA", stock=9)
    with clock.frozen(datetime(2026, 3, 1, tzinfo=UTC)):
        for channel, day in (("late", 30), ("none", None), ("early", 4), ("also-none", None)):
            promised = None if day is None else f"2026-03-{day:02}T00:00:00Z"
            order = await company.order(("TEA", 1), channel=channel, promisedAt=promised)
            if channel == "also-none":
                await company.act(order, "CANCEL")
    dated = ["early", "late"]
    ascending = await walked(ORDERS, "PROMISED_AT")
    assert (ascending[:2], set(ascending[2:])) == (dated, {"none", "also-none"})
    assert await walked(ORDERS, "PROMISED_AT", desc=True) == ascending[::-1]
    # Open ones wait for their stage; the cancelled one waits for nothing.
    due = await walked(ORDERS, "STAGE_DUE_AT")
    assert due[-1] == "also-none"
    assert await walked(ORDERS, "STAGE_DUE_AT", desc=True) == due[::-1]
    found = await ask("{ orders(sort: STAGE_DUE_AT, desc: false) { nodes { stageDueAt } } }")
    times = [node["stageDueAt"] for node in found["orders"]["nodes"]]
    assert all(one <= other for one, other in pairwise(times[:-1]))
    assert times[-1] is None
    march = {"promisedAt": {"gte": "2026-03-04T00:00:00Z", "lt": "2026-03-30T00:00:00Z"}}
    assert await walked(ORDERS, "PROMISED_AT", where=march) == ["early"]
    assert await walked(ORDERS, "PROMISED_AT", where={"promisedAt": {}}) == dated
