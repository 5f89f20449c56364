"""Saving customers, products and what belongs to them: absent stays, null clears."""

from typing import Any

import pytest

from tests.support.api import ask, change, failure, refusal
from tests.support.company import ADDRESS, found_company
from tests.support.databases import Database


def save(kind: str, fields: str) -> str:
    """The mutation that saves one kind of thing."""
    name = kind[0].lower() + kind[1:]
    return f"""mutation($id: ID, $version: Int, $input: {kind}Input!) {{
        {name}Save(id: $id, version: $version, input: $input) {{
            {name} {{ {fields} }}
            userErrors {{ code path message }} replayed }} }}"""


CUSTOMER = save(
    "Customer",
    """id version code name email phone tags preferences group { name } externalRefs { system key }
    defaultAddress { city } addresses { name lines city region postalCode countryCode phone }
    credit { rating limit { amount } used { amount } available { amount } termsDays blocked }
    loyalty { tier points discountRate } lifetimeValue { amount currencyCode }""",
)
PRODUCT = save(
    "Product",
    """id version sku barcode name unit priceQuantity taxRate backorder tracking discontinued
    price { amount currencyCode } cost { amount } category { name } supplier { code }
    attributes { key value } externalRefs { key } available stock { id }""",
)
CATEGORY = save(
    "Category", "id version name parent { name } attributes { key type unit choices required }"
)
SUPPLIER = save("Supplier", "id version code name email leadTimeDays")
WAREHOUSE = save("Warehouse", "id version code name priority address { city }")
GROUP = save("CustomerGroup", "id version name discountRate")

NEW_CUSTOMER: dict[str, Any] = {
    "name": "  Ada Albers ",
    "email": "Ada@Example.com",
    "phone": "+49 40 1234",
    "tags": ["vip"],
    "preferences": {"language": "de"},
    "addresses": [ADDRESS, ADDRESS | {"city": "Bremen"}],
    "externalRef": {"system": "shop", "key": "17"},
}
NEW_PRODUCT: dict[str, Any] = {
    "sku": " TEA-1 ",
    "name": "Green tea",
    "barcode": "4006381333931",
    "unit": "gram",
    "price": "2.50",
    "priceQuantity": 1000,
    "currencyCode": "EUR",
    "cost": "1.1",
    "taxRate": "0.07",
    "backorder": "ALLOW",
    "attributes": {"origin": "Japan", "bio": True},
    "externalRef": {"system": "old", "key": "9"},
}


async def saved(document: str, **variables: Any) -> dict[str, Any]:
    payload = await change(document, **variables)
    assert payload["replayed"] is False
    found: dict[str, Any] = next(iter(payload.values()))
    return found


async def test_a_customer(database: Database) -> None:
    group = await saved(GROUP, input={"name": "Cafés", "discountRate": "0.05"})
    assert group["discountRate"] == "0.05"
    made = await saved(
        CUSTOMER,
        input=NEW_CUSTOMER | {"groupId": group["id"]},
    )
    assert made["code"]
    assert made == {
        "id": made["id"],
        "version": 1,
        "code": made["code"],
        "name": "Ada Albers",
        "email": "Ada@example.com",
        "phone": "+49 40 1234",
        "tags": ["vip"],
        "preferences": {"language": "de"},
        "group": {"name": "Cafés"},
        "externalRefs": [{"system": "shop", "key": "17"}],
        "defaultAddress": {"city": "Hamburg"},
        "addresses": [
            ADDRESS | {"region": None, "phone": None},
            ADDRESS | {"city": "Bremen", "region": None, "phone": None},
        ],
        "credit": {
            "rating": "UNRATED",
            "limit": None,
            "used": {"amount": "0.00"},
            "available": None,
            "termsDays": 30,
            "blocked": False,
        },
        "loyalty": {"tier": "NONE", "points": 0, "discountRate": "0"},
        "lifetimeValue": {"amount": "0.00", "currencyCode": "EUR"},
    }
    changed = await saved(
        CUSTOMER,
        id=made["id"],
        version=1,
        input={"phone": None, "groupId": None, "addresses": [ADDRESS | {"city": "Kiel"}]},
    )
    assert changed == made | {
        "version": 2,
        "phone": None,
        "group": None,
        "defaultAddress": {"city": "Kiel"},
        "addresses": [ADDRESS | {"city": "Kiel", "region": None, "phone": None}],
    }
    (error,) = await refusal(CUSTOMER, id=made["id"], version=1, input={"name": "X"})
    assert (error["code"], error["path"]) == ("VERSION_CONFLICT", ["version"])


async def test_a_product(database: Database) -> None:
    category = await saved(CATEGORY, input={"name": "Tea"})
    supplier = await saved(SUPPLIER, input={"name": "Leaf & Co", "leadTimeDays": 9})
    assert (supplier["code"], supplier["leadTimeDays"]) == ("Leaf & Co", 9)
    made = await saved(
        PRODUCT,
        input=NEW_PRODUCT | {"categoryId": category["id"], "supplierId": supplier["id"]},
    )
    assert made == {
        "id": made["id"],
        "version": 1,
        "sku": "TEA-1",
        "barcode": "4006381333931",
        "name": "Green tea",
        "unit": "gram",
        "priceQuantity": 1000,
        "taxRate": "0.07",
        "backorder": "ALLOW",
        "tracking": "NONE",
        "discontinued": False,
        "price": {"amount": "2.50", "currencyCode": "EUR"},
        "cost": {"amount": "1.10"},
        "category": {"name": "Tea"},
        "supplier": {"code": "Leaf & Co"},
        "attributes": [{"key": "bio", "value": True}, {"key": "origin", "value": "Japan"}],
        "externalRefs": [{"key": "9"}],
        "available": 0,
        "stock": [],
    }
    cleared = {"barcode": None, "cost": None, "supplierId": None, "price": "3.00"}
    changed = await saved(PRODUCT, id=made["id"], input=cleared)
    assert changed == made | {
        "version": 2,
        "barcode": None,
        "cost": None,
        "supplier": None,
        "price": {"amount": "3.00", "currencyCode": "EUR"},
    }


async def test_categories_suppliers_and_warehouses(database: Database) -> None:
    definition = {"key": "grind", "type": "CHOICE", "choices": ["fine", "coarse"]}
    food = await saved(CATEGORY, input={"name": "Food"})
    tea = await saved(
        CATEGORY, input={"name": "Tea", "parentId": food["id"], "attributes": [definition]}
    )
    assert tea["parent"] == {"name": "Food"}
    assert tea["attributes"] == [definition | {"unit": None, "required": False}]
    names = [each["name"] for each in (await ask("{ categories { name } }"))["categories"]]
    assert names == ["Food", "Tea"]
    await saved(SUPPLIER, input={"name": "Leaf & Co", "code": "LEAF"})
    found = await ask('{ suppliers(search: "leaf") { nodes { code } totalCount } }')
    assert found["suppliers"] == {"nodes": [{"code": "LEAF"}], "totalCount": 1}
    warehouse = await saved(
        WAREHOUSE, input={"name": "Harbor", "code": "HAM", "address": ADDRESS, "priority": 5}
    )
    assert warehouse["address"] == {"city": "Hamburg"}
    moved = await saved(WAREHOUSE, id=warehouse["id"], input={"address": None})
    assert moved == warehouse | {"version": 2, "address": None}


CASES: dict[str, tuple[str, dict[str, Any], str, list[str]]] = {
    "a customer without a name": (CUSTOMER, {"code": "X"}, "REQUIRED", ["name"]),
    "a customer's taken code": (CUSTOMER, {"name": "X", "code": "ADA"}, "DUPLICATE", ["code"]),
    "no e-mail address": (CUSTOMER, {"name": "X", "email": "x@"}, "INVALID", ["email"]),
    "no group": (CUSTOMER, {"name": "X", "groupId": "x"}, "NOT_FOUND", ["groupId"]),
    "an address without a city": (
        CUSTOMER,
        {"name": "X", "addresses": [ADDRESS | {"city": " "}]},
        "REQUIRED",
        ["addresses", "0", "city"],
    ),
    "too many addresses": (
        CUSTOMER,
        {"name": "X", "addresses": [ADDRESS] * 51},
        "INVALID",
        ["addresses"],
    ),
    "preferences that are text": (
        CUSTOMER,
        {"name": "X", "preferences": "de"},
        "INVALID",
        ["preferences"],
    ),
    "a product without a price": (
        PRODUCT,
        {"name": "X", "sku": "X", "currencyCode": "EUR"},
        "REQUIRED",
        ["price"],
    ),
    "a product without a SKU": (
        PRODUCT,
        {"name": "X", "price": "1", "currencyCode": "EUR"},
        "REQUIRED",
        ["sku"],
    ),
    "a product's taken SKU": (
        PRODUCT,
        {"name": "X", "sku": "TEA", "price": "1", "currencyCode": "EUR"},
        "DUPLICATE",
        ["sku"],
    ),
    "a tax rate above 1": (
        PRODUCT,
        {"name": "X", "sku": "X", "price": "1", "currencyCode": "EUR", "taxRate": "19"},
        "INVALID",
        ["taxRate"],
    ),
    "a category's parent that is none": (
        CATEGORY,
        {"name": "X", "parentId": "x"},
        "NOT_FOUND",
        ["parentId"],
    ),
    "a supplier who needs years": (
        SUPPLIER,
        {"name": "X", "leadTimeDays": 1001},
        "INVALID",
        ["leadTimeDays"],
    ),
    "a warehouse's taken code": (WAREHOUSE, {"name": "X", "code": "MAIN"}, "DUPLICATE", ["code"]),
    "a group's discount above 1": (
        GROUP,
        {"name": "X", "discountRate": "1.01"},
        "INVALID",
        ["discountRate"],
    ),
}


@pytest.mark.parametrize("case", CASES)
async def test_what_cannot_be_saved(sqlite_database: Database, case: str) -> None:
    company = await found_company()
    await company.product("TEA")
    document, values, code, path = CASES[case]
    (error,) = await refusal(document, input=values)
    assert (error["code"], error["path"]) == (code, ["input", *path])


async def test_a_category_below_itself(sqlite_database: Database) -> None:
    food = await saved(CATEGORY, input={"name": "Food"})
    tea = await saved(CATEGORY, input={"name": "Tea", "parentId": food["id"]})
    (error,) = await refusal(CATEGORY, id=food["id"], input={"parentId": tea["id"]})
    assert (error["code"], error["path"]) == ("INVALID", ["input", "parentId"])


async def test_json_that_a_database_cannot_keep(sqlite_database: Database) -> None:
    for bad in ({"a": "b\0"}, {"\ud800": 1}, {"a": ["\x01"]}):
        code, message = await failure(CUSTOMER, input={"name": "X", "preferences": bad})
        assert code == "BAD_REQUEST"
        assert "no control characters" in message
    deep: Any = 1
    for _ in range(17):
        deep = [deep]
    code, message = await failure(CUSTOMER, input={"name": "X", "preferences": {"a": deep}})
    assert code == "BAD_REQUEST"
    assert "at most 16 deep" in message


@pytest.mark.parametrize("document", [CUSTOMER, PRODUCT, CATEGORY, SUPPLIER, WAREHOUSE, GROUP])
async def test_a_version_of_nothing(sqlite_database: Database, document: str) -> None:
    (error,) = await refusal(document, version=1, input={"name": "X"})
    assert (error["code"], error["path"]) == ("REQUIRED", ["id"])
