"""Editing an order that was placed: the difference is promised or freed, and no more."""

from typing import Any, Final

import pytest

from tests.support.api import ask, change, refusal
from tests.support.audit.auditor import audit
from tests.support.company import ERRORS, Company, found_company
from tests.support.databases import Database

EDIT: Final = f"""
mutation($id: ID!, $version: Int!, $input: OrderEditInput!, $reason: String = "They called.") {{
  orderEdit(id: $id, version: $version, input: $input, reason: $reason) {{
    order {{ id version total {{ gross {{ amount }} }}
      lines {{ id sku quantity reserved cancelled unitPrice {{ amount }} discountRate }} }} {ERRORS}
  }}
}}"""
PREVIEW: Final = """
query($id: ID!, $input: OrderEditInput!) { orderEditPreview(id: $id, input: $input) {
  before { gross { amount } } after { gross { amount } } difference { amount }
  userErrors { code path } } }"""
STOCK: Final = "query($sku: String!) { product(sku: $sku) { stock { onHand reserved } } }"


async def stocked() -> Company:
    company = await found_company()
    await company.product("TEA", stock=10)
    await company.product("CUP", stock=10, price="5.00")
    return company


async def reserved(sku: str) -> int:
    (item,) = (await ask(STOCK, sku=sku))["product"]["stock"]
    count: int = item["reserved"]
    return count


def line(order: dict[str, Any], index: int, quantity: int, **more: Any) -> dict[str, Any]:
    found = order["lines"][index]
    return {"lineId": found["id"], "sku": found["sku"], "quantity": quantity} | more


async def edit(order: dict[str, Any], *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    fields = ({"lines": list(lines)} if lines else {}) | more
    edited = await change(EDIT, id=order["id"], version=order["version"], input=fields)
    found: dict[str, Any] = edited["order"]
    return found


async def test_lines_grow_shrink_come_and_go(database: Database) -> None:
    company = await stocked()
    order = await company.order(("TEA", 4))
    grown = await edit(order, line(order, 0, 6), {"sku": "CUP", "quantity": 2})
    assert [(each["sku"], each["quantity"], each["reserved"]) for each in grown["lines"]] == [
        ("TEA", 6, 6),
        ("CUP", 2, 2),
    ]
    assert grown["total"] == {"gross": {"amount": "70.00"}}
    assert (await reserved("TEA"), await reserved("CUP")) == (6, 2)
    shrunk = await edit(grown, line(grown, 0, 1))
    assert [
        (each["sku"], each["quantity"], each["reserved"], each["cancelled"])
        for each in shrunk["lines"]
    ] == [("TEA", 1, 1, 0), ("CUP", 2, 0, 2)]
    assert shrunk["total"] == {"gross": {"amount": "10.00"}}
    assert (await reserved("TEA"), await reserved("CUP")) == (1, 0)
    assert await audit() == []


async def test_prices_change_and_stay(database: Database) -> None:
    company = await stocked()
    order = await company.order(("TEA", 2))
    cheaper = await edit(order, line(order, 0, 2, unitPrice="8.00", discountRate="0.5"))
    assert cheaper["total"] == {"gross": {"amount": "8.00"}}
    more = await edit(cheaper, line(cheaper, 0, 3))
    assert more["total"] == {"gross": {"amount": "12.00"}}
    assert more["lines"][0]["discountRate"] == "0.5"


async def test_what_is_left_out_stays(database: Database) -> None:
    company = await stocked()
    order = await company.order(("TEA", 2), shipping="3.00", promisedAt="2026-05-01T12:00:00Z")
    assert (await edit(order, shipping="4.00"))["total"] == {"gross": {"amount": "24.00"}}
    document = "query($id: ID!) { order(id: $id) { promisedAt shippingAddress { city } } }"
    assert (await ask(document, id=order["id"]))["order"] == {
        "promisedAt": "2026-05-01T12:00:00Z",
        "shippingAddress": {"city": "Hamburg"},
    }


async def test_a_preview_tells_and_changes_nothing(database: Database) -> None:
    company = await stocked()
    order = await company.order(("TEA", 2))
    wish = {"lines": [line(order, 0, 3), {"sku": "CUP", "quantity": 1}]}
    assert (await ask(PREVIEW, id=order["id"], input=wish))["orderEditPreview"] == {
        "before": {"gross": {"amount": "20.00"}},
        "after": {"gross": {"amount": "35.00"}},
        "difference": {"amount": "15.00"},
        "userErrors": [],
    }
    wish = {"lines": [{"sku": "CUP", "quantity": 1}, line(order, 0, 11)]}
    refused = (await ask(PREVIEW, id=order["id"], input=wish))["orderEditPreview"]
    assert refused["difference"] == {"amount": "95.00"}
    assert refused["userErrors"] == [
        {"code": "INSUFFICIENT_STOCK", "path": ["input", "lines", "1", "quantity"]}
    ]
    assert (await reserved("TEA"), await reserved("CUP")) == (2, 0)


async def test_a_preview_of_nothing(sqlite_database: Database) -> None:
    company = await stocked()
    assert (await ask(PREVIEW, id=company.customer, input={}))["orderEditPreview"] is None


async def test_what_has_left_as_a_whole_is_not_edited(database: Database) -> None:
    company = await stocked()
    order = await company.order(("TEA", 3), ("CUP", 1))
    shipped = await company.act(order, "SHIP")
    wish = {"lines": [line(order, 0, 2), line(order, 1, 1)]}
    (error,) = await refusal(EDIT, id=order["id"], version=shipped["version"], input=wish)
    assert error["code"] == "ILLEGAL_TRANSITION"


async def test_what_is_partly_shipped(database: Database) -> None:
    company = await stocked()
    order = await company.order(("TEA", 3))
    version = await company.ship(order, ("TEA", 2))
    for wish, path in (
        ([line(order, 0, 1)], ["input", "lines", "0", "quantity"]),
        ([line(order, 0, 3, unitPrice="1.00")], ["input", "lines", "0"]),
        ([{"sku": "CUP", "quantity": 1}], ["input", "lines"]),
    ):
        (error,) = await refusal(EDIT, id=order["id"], version=version, input={"lines": wish})
        assert (error["code"], error["path"]) == ("INVALID", path)
    edited = await edit(order | {"version": version}, line(order, 0, 2))
    assert edited["lines"][0]["reserved"] == 0
    assert await audit() == []


@pytest.mark.parametrize(
    ("wish", "code", "path"),
    [
        ({"lines": []}, "INVALID", ["input", "lines"]),
        ({"lines": [{"sku": "NONE", "quantity": 1}]}, "NOT_FOUND", ["input", "lines", "0", "sku"]),
        (
            {"lines": [{"sku": "TEA", "quantity": 1, "lineId": "x"}]},
            "NOT_FOUND",
            ["input", "lines", "0", "lineId"],
        ),
        ({"shipping": "-1"}, "INVALID", ["input", "shipping"]),
        ({"attributes": [1]}, "INVALID", ["input", "attributes"]),
    ],
)
async def test_bad_edits_change_nothing(
    sqlite_database: Database, wish: dict[str, Any], code: str, path: list[str]
) -> None:
    company = await stocked()
    order = await company.order(("TEA", 2))
    (error,) = await refusal(EDIT, id=order["id"], version=1, input=wish)
    assert (error["code"], error["path"]) == (code, path)
    assert await reserved("TEA") == 2


async def test_an_edit_names_its_reason_and_its_version(sqlite_database: Database) -> None:
    company = await stocked()
    order = await company.order(("TEA", 2))
    (error,) = await refusal(EDIT, id=order["id"], version=1, input={}, reason=" ")
    assert (error["code"], error["path"]) == ("INVALID", ["reason"])
    (error,) = await refusal(EDIT, id=order["id"], version=7, input={})
    assert (error["code"], error["path"]) == ("VERSION_CONFLICT", ["version"])


async def test_an_edit_over_the_limit_is_refused(database: Database) -> None:
    company = await stocked()
    await company.limit("25.00")
    order = await company.order(("TEA", 2))
    wish = {"lines": [line(order, 0, 3)]}
    (error,) = await refusal(EDIT, id=order["id"], version=1, input=wish)
    assert error["code"] == "CREDIT_EXCEEDED"
    assert await reserved("TEA") == 2
