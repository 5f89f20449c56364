"""`search`: what each object is found by, the same on every database."""

from typing import Any, Final

import pytest

from models.columns import new_id
from models.references import SearchToken
from models.rules.events import SubjectKind
from tests.api.test_filters import CUSTOMERS, ORDERS, PRODUCTS, found
from tests.support.api import change, failure
from tests.support.company import found_company
from tests.support.databases import Database

SAVE = """
mutation($id: ID!, $input: CustomerInput!) {
  customerSave(id: $id, input: $input) { customer { id } userErrors { code message path } }
}"""
CREATE = SAVE.replace("$id: ID!, ", "").replace("id: $id, ", "")


async def wrong(document: str, key: str, cases: dict[str, str]) -> dict[str, str]:
    """The searches that found other objects than expected, with those."""
    answers = {search: await found(document, key, search=search) for search in cases}
    return {search: answer for search, answer in answers.items() if answer != cases[search]}


async def test_customers(database: Database) -> None:
    people: list[dict[str, Any]] = [
        {"code": "K-100", "name": "Müller & Söhne", "phone": "+49 (0)30 123-4567"},
        {"code": "K-101", "name": "Sinéad O'Brien", "email": "sinead@cafe.example"},
        {"code": "K-102", "name": "東京電力株式会社", "phone": "03 5555 0199"},
        {"code": "K-103", "name": "삼성전자", "externalRef": {"system": "crm", "key": "CRM-7/B"}},
        {"code": "K-104", "name": "Mueller Anna", "phone": "040 7654321"},
    ]
    for values in people:
        await change(CREATE, input=values)
    cases = {
        "mueller": "K-100 K-104",
        "müller": "K-100 K-104",
        "muller": "K-100",
        "soehne müller": "K-100",
        "obrien": "K-101",
        "o'brien": "K-101",
        "O\u2019Brien": "K-101",
        "brien": "K-101",
        "sinead@cafe.example": "K-101",
        "cafe": "K-101",
        "電力": "K-102",
        "株式会社": "K-102",
        "社": "K-102",
        "力電": "",
        "전자": "K-103",
        "crm-7/b": "K-103",
        "CRM7B": "K-103",
        "k-10": "K-100 K-101 K-102 K-103 K-104",
        "k103": "K-103",
        "+49 30 1234567": "K-100",
        "0049301234567": "K-100",
        "030 / 123 45 67": "K-100",
        "1234567": "K-100",
        "+81 3 5555 0199": "K-102",
        "040 7654321": "K-104",
        "040 7654322": "",
        "anna 7654321": "",
    }
    assert await wrong(CUSTOMERS, "code", cases) == {}


async def test_products(database: Database) -> None:
    company = await found_company()
    key = {"system": "shop", "key": "P/77"}
    await company.product("AB-100", name="Crème brûlée", barcode="4006381333931")
    await company.product("AB-200", name="緑茶ティーバッグ", externalRef=key)
    cases = {
        "creme brulee": "AB-100",
        "ab100": "AB-100",
        "ab-200": "AB-200",
        "4006381333931": "AB-100",
        "茶": "AB-200",
        "ティー": "AB-200",
        "p/77": "AB-200",
        "100": "AB-100",
    }
    assert await wrong(PRODUCTS, "sku", cases) == {}


async def test_orders(database: Database) -> None:
    company = await found_company()
    for sku in ("TEA-1", "POT-1"):
        await company.product(sku, stock=9)
    ben = {"code": "BEN-7", "name": "Ben Østergård", "phone": "+45 33 12 34 56"}
    other = (await change(CREATE, input=ben))["customer"]["id"]
    key = {"system": "shop", "key": "WEB-9001"}
    first = await company.order(("TEA-1", 1), channel="a")
    await company.order(("POT-1", 1), channel="b", externalRef=key)
    await company.order(("POT-1", 1), ("TEA-1", 2), channel="c", customerId=other)
    number = first["number"]
    cases = {
        number: "a",
        number.lower().replace("-", ""): "a",
        number[-3:]: "a b c",
        number[-6:]: "a b c",
        number[-15:]: "a",
        "ada": "a b",
        "albers": "a b",
        "ben-7": "c",
        "oestergaard": "c",
        "ostergard": "c",
        "33123456": "c",
        "+45 33 12 34 56": "c",
        "web-9001": "b",
        "9001": "b",
        "tea-1": "a c",
        "TEA1": "a c",
        "pot": "b c",
        "ada pot-1": "b",
        "ada tea-1 pot-1": "",
        "østergård tea-1": "c",
    }
    assert await wrong(ORDERS, "channel", cases) == {}
    married = {"name": "Ben Ågren", "code": "BEN-8", "email": "agren@example.com", "phone": None}
    await change(SAVE, id=other, input=married)
    now = {
        "agren": "c",
        "ben-8": "c",
        "agren@example.com": "c",
        "oestergaard": "",
        "ben-7": "",
        "33123456": "",
    }
    assert await wrong(ORDERS, "channel", now) == {}


async def test_a_key_that_is_replaced_finds_nothing_more(sqlite_database: Database) -> None:
    made = {"code": "K-1", "name": "Ada", "externalRef": {"system": "crm", "key": "OLD1"}}
    saved = (await change(CREATE, input=made))["customer"]["id"]
    await change(SAVE, id=saved, input={"externalRef": {"system": "crm", "key": "NEW1"}})
    await change(SAVE, id=saved, input={"externalRef": {"system": "shop", "key": "SHOP1"}})
    await change(SAVE, id=saved, input={"name": "Ada Albers"})
    cases = {"old1": "", "new1": "K-1", "shop1": "K-1", "albers": "K-1"}
    assert await wrong(CUSTOMERS, "code", cases) == {}


HAN: Final = "".join(map(chr, range(0x4E00, 0x4F00)))
PARTS: Final = "-".join(map(str, range(100, 200)))


@pytest.mark.parametrize("search", ["a b c d e f g h i j k", HAN[:82], PARTS[: 4 * 41]])
async def test_a_search_has_a_greatest_number_of_parts(
    sqlite_database: Database, search: str
) -> None:
    for document in (ORDERS, CUSTOMERS, PRODUCTS):
        assert (await failure(document, search=search))[0] == "BAD_REQUEST"


async def test_a_search_of_as_many_parts_as_may_be_is_answered(database: Database) -> None:
    for search in (HAN[:78], PARTS[: 4 * 38], "ü1-2 ü3-4 ü5-6 ü7-8 ü9-0"):
        for document, key in ((ORDERS, "channel"), (CUSTOMERS, "code"), (PRODUCTS, "sku")):
            assert await found(document, key, search=search) == ""


async def test_a_search_of_many_parts_that_all_occur_is_answered(database: Database) -> None:
    """A server that tries all orders of a join of so many tables would plan for minutes."""
    parts = PARTS[: 4 * 38].split("-")
    words = [f"{part}{more}" for part in parts if part for more in range(40)]
    tokens = [
        SearchToken(
            id=new_id(),
            subject_kind=SubjectKind.ORDER,
            subject_id=new_id(),
            field="name",
            token=word,
        )
        for word in words
    ]
    await SearchToken.bulk_create(tokens)
    for search in ("-".join(parts), " ".join(parts[:10])):
        assert await found(ORDERS, "channel", search=search) == ""
