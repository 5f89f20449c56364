"""Stock that moves between warehouses, is kept back, and is looked at as it was."""

from datetime import UTC, datetime
from typing import Any, Final

import pytest

from services.work import clock
from tests.support.api import ask, change, refusal
from tests.support.audit.auditor import audit
from tests.support.company import ERRORS, WAREHOUSE, Company, found_company
from tests.support.databases import Database

TRANSFER: Final = f"""
mutation($from: ID!, $to: ID!, $lines: [TransferLine!]!) {{
  stockTransfer(fromId: $from, toId: $to, lines: $lines) {{
    items {{ onHand reserved warehouse {{ code }} product {{ sku }} }} {ERRORS}
  }}
}}"""
SHORT: Final = TRANSFER.replace(
    ERRORS,
    "userErrors { code path ... on StockShortage { requested available warehouse { code } } }",
)
RULE: Final = f"""
mutation($id: ID!, $point: Int = 3, $quantity: Int = 10, $safety: Int) {{
  reorderRuleSet(
    stockItemId: $id, reorderPoint: $point, reorderQuantity: $quantity, safetyStock: $safety
  ) {{ items {{ available safetyStock reorderPoint reorderQuantity isLow }} {ERRORS} }}
}}"""
LEDGER: Final = """query($sku: String!) { product(sku: $sku) { stock {
  id warehouse { code } onHand movements { nodes { kind quantity onHandAfter reason } } } } }"""
AS_OF: Final = """query($sku: String!, $at: DateTime!) { product(sku: $sku) { stock {
  balanceAt(at: $at) { onHand reserved damaged } } } }"""


async def two_warehouses() -> tuple[Company, str]:
    company = await found_company()
    other = await change(WAREHOUSE, input={"code": "SHOP", "name": "Shop"})
    return company, other["warehouse"]["id"]


def lines(*wanted: tuple[str, int]) -> list[dict[str, Any]]:
    return [{"sku": sku, "quantity": quantity} for sku, quantity in wanted]


async def test_units_go_to_another_warehouse(database: Database) -> None:
    company, shop = await two_warehouses()
    await company.product("TEA", stock=5)
    await company.product("CUP", stock=2)
    sent = {"from": company.warehouse, "to": shop}
    moved = await change(TRANSFER, **sent, lines=lines(("TEA", 2), ("CUP", 2), ("TEA", 1)))
    found = [
        (each["product"]["sku"], each["warehouse"]["code"], each["onHand"])
        for each in moved["items"]
    ]
    assert found == [("TEA", "MAIN", 2), ("TEA", "SHOP", 3), ("CUP", "MAIN", 0), ("CUP", "SHOP", 2)]
    stock = (await ask(LEDGER, sku="TEA"))["product"]["stock"]
    ledgers = {each["warehouse"]["code"]: each["movements"]["nodes"][0] for each in stock}
    assert ledgers == {
        "MAIN": {"kind": "TRANSFER_OUT", "quantity": -3, "onHandAfter": 2, "reason": "to SHOP"},
        "SHOP": {"kind": "TRANSFER_IN", "quantity": 3, "onHandAfter": 3, "reason": "from MAIN"},
    }
    assert await audit() == []


async def test_what_is_promised_stays(database: Database) -> None:
    company, shop = await two_warehouses()
    await company.product("TEA", stock=5)
    await company.order(("TEA", 3))
    sent = {"from": company.warehouse, "to": shop}
    errors = await refusal(SHORT, **sent, lines=lines(("TEA", 2), ("TEA", 1)))
    assert errors == [
        {
            "code": "INSUFFICIENT_STOCK",
            "path": ["lines", "1", "quantity"],
            "requested": 1,
            "available": 0,
            "warehouse": {"code": "MAIN"},
        }
    ]
    moved = await change(TRANSFER, **sent, lines=lines(("TEA", 2)))
    assert [(each["onHand"], each["reserved"]) for each in moved["items"]] == [(3, 3), (2, 0)]


@pytest.mark.parametrize(
    ("wish", "path"),
    [
        ({"lines": []}, ["lines"]),
        ({"lines": lines(("TEA", 0))}, ["lines", "0", "quantity"]),
        ({"lines": lines(("NONE", 1))}, ["lines", "0", "sku"]),
        ({"to": "same"}, ["toId"]),
        ({"to": "x"}, ["toId"]),
    ],
)
async def test_no_transfer_of_another_kind(
    sqlite_database: Database, wish: dict[str, Any], path: list[str]
) -> None:
    company, shop = await two_warehouses()
    await company.product("TEA", stock=5)
    good = {"from": company.warehouse, "to": shop, "lines": lines(("TEA", 1))}
    if wish.get("to") == "same":
        wish = {"to": company.warehouse}
    (error,) = await refusal(TRANSFER, **good | wish)
    assert error["path"] == path


async def test_less_safety_stock_serves_who_waits(database: Database) -> None:
    company = await found_company()
    await company.product("TEA", stock=5, backorder="ALLOW")
    (item,) = (await ask(LEDGER, sku="TEA"))["product"]["stock"]
    (rule,) = (await change(RULE, id=item["id"], safety=4))["items"]
    assert rule == {
        "available": 1,
        "safetyStock": 4,
        "reorderPoint": 3,
        "reorderQuantity": 10,
        "isLow": True,
    }
    await company.order(("TEA", 3))
    (rule,) = (await change(RULE, id=item["id"], point=0, safety=1))["items"]
    assert (rule["available"], rule["safetyStock"], rule["isLow"]) == (1, 1, False)
    (rule,) = (await change(RULE, id=item["id"], point=0))["items"]
    assert rule["safetyStock"] == 1
    (error,) = await refusal(RULE, id=item["id"], safety=-1)
    assert (error["code"], error["path"]) == ("INVALID", ["safetyStock"])
    assert await audit() == []


async def test_stock_as_it_was(database: Database) -> None:
    company = await found_company()
    with clock.frozen(datetime(2026, 3, 1, 12, tzinfo=UTC)):
        await company.product("TEA", stock=5)
    with clock.frozen(datetime(2026, 3, 2, 12, tzinfo=UTC)):
        await company.order(("TEA", 2))
    expected = {
        "2026-03-01T11:59:59Z": None,
        "2026-03-01T12:00:00Z": {"onHand": 5, "reserved": 0, "damaged": 0},
        "2026-03-02T11:59:59Z": {"onHand": 5, "reserved": 0, "damaged": 0},
        "2026-03-02T12:00:00Z": {"onHand": 5, "reserved": 2, "damaged": 0},
    }
    for at, balance in expected.items():
        (item,) = (await ask(AS_OF, sku="TEA", at=at))["product"]["stock"]
        assert item["balanceAt"] == balance
