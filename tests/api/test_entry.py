"""Entering an order: defaults, discounts, what can be had, and drafts that hold stock."""

from datetime import UTC, datetime
from typing import Any, Final

import pytest

from models.inventory import StockItem, Warehouse
from models.orders import Order
from services.work import clock
from tests.support.api import ask, change, refusal
from tests.support.bulk_rows import copies
from tests.support.company import (
    ADDRESS,
    CUSTOMER,
    ERRORS,
    GROUP,
    SUPPLIER,
    Company,
    found_company,
)
from tests.support.databases import Database

NOON: Final = datetime(2026, 3, 2, 12, tzinfo=UTC)
DRAFT: Final = f"""
mutation($input: OrderInput!) {{
  orderDraft(input: $input) {{
    order {{ id version status milestone placedAt fulfillmentStatus lines {{ id sku reserved
      allocations {{ quantity expiresAt }} }} }} {ERRORS}
  }}
}}"""
DEFAULTS: Final = """query($id: ID!) { orderEntryDefaults(customerId: $id) {
  shippingAddress { city } billingAddress { city } currencyCode termsDays discountRate
  frequentProducts { product { sku } reason } credit { used { amount } } lastOrder { number } } }"""
AVAILABLE: Final = """query($lines: [LineInput!]!) { availability(lines: $lines) {
  sku requested available earliest warehouses { warehouse { code } available } } }"""
STOCK: Final = "query($sku: String!) { product(sku: $sku) { stock { reserved } } }"
LINES: Final = """query($id: ID!) { order(id: $id) {
  lines { sku discountRate total { net { amount } } } discount { amount } } }"""


def cart(company: Company, *lines: tuple[str, int], **more: Any) -> dict[str, Any]:
    items = [{"sku": sku, "quantity": quantity} for sku, quantity in lines]
    return {"customerId": company.customer, "lines": items} | more


async def reserved(sku: str) -> int:
    (item,) = (await ask(STOCK, sku=sku))["product"]["stock"]
    count: int = item["reserved"]
    return count


async def test_defaults_are_what_the_customer_had(database: Database) -> None:
    company = await found_company()
    await company.product("TEA", stock=9)
    await company.product("CUP", stock=9)
    group = (await change(GROUP, input={"name": "Cafés", "discountRate": "0.05"}))["customerGroup"]
    document = CUSTOMER.replace("($input", "($id: ID, $input").replace("(input", "(id: $id, input")
    fields = {"groupId": group["id"], "addresses": [ADDRESS]}
    await change(document, id=company.customer, input=fields)
    await company.order(("TEA", 1))
    last = await company.order(("TEA", 1), ("CUP", 1))
    found = (await ask(DEFAULTS, id=company.customer))["orderEntryDefaults"]
    assert found == {
        "shippingAddress": {"city": "Hamburg"},
        "billingAddress": {"city": "Hamburg"},
        "currencyCode": "EUR",
        "termsDays": 30,
        "discountRate": "0.05",
        "frequentProducts": [
            {"product": {"sku": "TEA"}, "reason": "In 2 of 2 orders."},
            {"product": {"sku": "CUP"}, "reason": "In 1 of 2 orders."},
        ],
        "credit": {"used": {"amount": "28.50"}},
        "lastOrder": {"number": last["number"]},
    }


async def test_the_better_discount_is_taken_off_list_prices(database: Database) -> None:
    company = await found_company()
    await company.product("TEA", stock=99_999, price="100.00")
    first = await company.order(("TEA", 500))  # 50,000.00 makes them GOLD: 5 %
    group = (await change(GROUP, input={"name": "Cafés", "discountRate": "0.02"}))["customerGroup"]
    document = CUSTOMER.replace("($input", "($id: ID, $input").replace("(input", "(id: $id, input")
    await change(document, id=company.customer, input={"groupId": group["id"]})
    typed = [
        {"sku": "TEA", "quantity": 1},
        {"sku": "TEA", "quantity": 1, "discountRate": "0"},
        {"sku": "TEA", "quantity": 1, "unitPrice": "90.00"},
    ]
    second = await company.order(lines=typed)
    assert (await ask(LINES, id=first["id"]))["order"]["discount"] == {"amount": "0.00"}
    assert (await ask(LINES, id=second["id"]))["order"] == {
        "lines": [
            {"sku": "TEA", "discountRate": "0.05", "total": {"net": {"amount": "95.00"}}},
            {"sku": "TEA", "discountRate": "0", "total": {"net": {"amount": "100.00"}}},
            {"sku": "TEA", "discountRate": "0", "total": {"net": {"amount": "90.00"}}},
        ],
        "discount": {"amount": "5.00"},
    }


async def test_what_can_be_had_and_when(database: Database) -> None:
    company = await found_company()
    supplier = await change(SUPPLIER, input={"code": "S", "name": "S", "leadTimeDays": 5})
    waits = {"supplierId": supplier["supplier"]["id"], "backorder": "ALLOW"}
    await company.product("TEA", stock=5, **waits)
    await company.product("CUP", stock=1)
    lines = [("TEA", 3), ("TEA", 3), ("CUP", 2), ("NONE", 1)]
    with clock.frozen(NOON):
        found = await ask(
            AVAILABLE, lines=[{"sku": sku, "quantity": quantity} for sku, quantity in lines]
        )
    main = {"code": "MAIN"}
    assert found["availability"] == [
        {
            "sku": "TEA",
            "requested": 3,
            "available": 3,
            "earliest": "2026-03-02",
            "warehouses": [{"warehouse": main, "available": 5}],
        },
        {
            "sku": "TEA",
            "requested": 3,
            "available": 2,
            "earliest": "2026-03-07",
            "warehouses": [{"warehouse": main, "available": 5}],
        },
        {
            "sku": "CUP",
            "requested": 2,
            "available": 1,
            "earliest": None,
            "warehouses": [{"warehouse": main, "available": 1}],
        },
        {"sku": "NONE", "requested": 1, "available": 0, "earliest": None, "warehouses": []},
    ]


async def test_stock_comes_in_the_order_in_which_warehouses_serve(database: Database) -> None:
    company = await found_company()
    await company.product("TEA", stock=5)
    item = await StockItem.get()
    places = [{"code": "LAST", "priority": 900}, {"code": "FIRST", "priority": 1}]
    for place in await copies(await Warehouse.get(), places):
        await copies(item, [{"warehouse_id": place.id}])
    found = await ask(AVAILABLE, lines=[{"sku": "TEA", "quantity": 16}])
    (line,) = found["availability"]
    assert line["available"] == 15
    codes = [each["warehouse"]["code"] for each in line["warehouses"]]
    assert codes == ["FIRST", "MAIN", "LAST"]


async def test_a_draft_holds_nothing_until_it_is_submitted(database: Database) -> None:
    company = await found_company()
    await company.product("TEA", stock=5)
    draft = (await change(DRAFT, input=cart(company, ("TEA", 2))))["order"]
    assert (draft["status"], draft["milestone"], draft["placedAt"]) == ("DRAFT", None, None)
    assert await reserved("TEA") == 0
    placed = await company.act(draft, "SUBMIT")
    assert (placed["status"], placed["fulfillmentStatus"]) == ("CONFIRMED", "RESERVED")
    assert await reserved("TEA") == 2


async def test_a_draft_that_was_cancelled_offers_nothing(database: Database) -> None:
    company = await found_company()
    await company.product("TEA", stock=2)
    draft = (await change(DRAFT, input=cart(company, ("TEA", 2))))["order"]
    assert (await company.act(draft, "CANCEL"))["status"] == "CANCELLED"
    offered = "query($id: ID!) { order(id: $id) { availableActions } }"
    assert (await ask(offered, id=draft["id"]))["order"] == {"availableActions": []}


async def test_a_draft_may_hold_stock_for_a_time(database: Database) -> None:
    company = await found_company()
    await company.product("TEA", stock=5)
    until = "2026-03-02T12:15:00Z"
    with clock.frozen(NOON):
        wish = cart(company, ("TEA", 2), reserveUntil=until)
        draft = (await change(DRAFT, input=wish))["order"]
        (line,) = draft["lines"]
        assert line["allocations"] == [{"quantity": 2, "expiresAt": until}]
        assert await reserved("TEA") == 2
        placed = await company.act(draft, "SUBMIT")
    assert placed["status"] == "CONFIRMED"
    assert await reserved("TEA") == 2


@pytest.mark.parametrize("until", ["2026-03-02T12:00:00Z", "2026-03-01T12:00:00Z"])
async def test_stock_is_held_for_a_time_to_come(sqlite_database: Database, until: str) -> None:
    company = await found_company()
    await company.product("TEA", stock=5)
    with clock.frozen(NOON):
        wish = cart(company, ("TEA", 2), reserveUntil=until)
        (error,) = await refusal(DRAFT, input=wish)
    assert (error["code"], error["path"]) == ("INVALID", ["input", "reserveUntil"])
    assert await Order.all().count() == 0
