"""Attributes of products, as their categories define them."""

from typing import Any, Final

from tests.support.api import ask, change, refusal
from tests.support.company import CATEGORY, PRODUCT
from tests.support.databases import Database

SHOWN: Final = "query($sku: String!) { product(sku: $sku) { attributes { key value unit } } }"
FOUND: Final = """query($key: String!, $eq: JSON!) {
  products(where: {attribute: {key: $key, eq: $eq}}) { nodes { sku } } }"""


async def category(name: str, *definitions: dict[str, Any], **more: Any) -> str:
    made = await change(CATEGORY, input={"name": name, "attributes": list(definitions)} | more)
    found: str = made["category"]["id"]
    return found


def cup(category_id: str, attributes: dict[str, Any]) -> dict[str, Any]:
    fields = {"sku": "CUP", "name": "Cup", "price": "5", "currencyCode": "EUR"}
    return fields | {"categoryId": category_id, "attributes": attributes}


async def test_products_say_what_their_categories_ask_for(database: Database) -> None:
    goods = await category("Goods", {"key": "weight", "type": "INTEGER", "unit": "g"})
    size = {"key": "size", "type": "CHOICE", "choices": ["S", "M"], "required": True}
    cups = await category("Cups", size, parentId=goods)
    errors = await refusal(PRODUCT, input=cup(cups, {"weight": "heavy"}))
    assert [(each["code"], each["path"]) for each in errors] == [
        ("REQUIRED", ["input", "attributes", "size"]),
        ("INVALID", ["input", "attributes", "weight"]),
    ]
    await change(PRODUCT, input=cup(cups, {"weight": 120, "size": "S", "glaze": "blue"}))
    assert (await ask(SHOWN, sku="CUP"))["product"]["attributes"] == [
        {"key": "glaze", "value": "blue", "unit": None},
        {"key": "size", "value": "S", "unit": None},
        {"key": "weight", "value": 120, "unit": "g"},
    ]
    for key, value, found in (("size", "S", ["CUP"]), ("size", "M", []), ("weight", 120, ["CUP"])):
        nodes = (await ask(FOUND, key=key, eq=value))["products"]["nodes"]
        assert [each["sku"] for each in nodes] == found


async def test_definitions_are_checked(sqlite_database: Database) -> None:
    wish = {"name": "Cups", "attributes": [{"key": "size", "type": "CHOICE"}]}
    (error,) = await refusal(CATEGORY, input=wish)
    assert (error["code"], error["path"]) == ("INVALID", ["input", "attributes", "0", "choices"])
