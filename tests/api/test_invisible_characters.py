"""Keys that differ by what cannot be seen are one key, in whatever way they come in."""

from pathlib import Path
from typing import Any, Final

import pytest
from structlog.testing import capture_logs

from models.catalog import Product
from models.migrations import __path__ as migrations_path
from models.rules.text import clean, forms, key
from services.operations.migrations import VISIBLE_KEYS, migrate
from services.storage.database import connection
from tests.house.test_upgrades import CHANGED, PLACED, migrate_to
from tests.support.api import ask, change, refusal
from tests.support.company import CUSTOMER, PLACE, PRODUCT, STOCK, found_company
from tests.support.databases import Database, connected

POINTS: Final = (
    "200b feff ad 200e 200f 200c 200d 2060 2063 61c 202a 2066 34f 180e 3164 fe0f e0041 e0101 fffb"
)
INVISIBLE: Final = [chr(int(point, 16)) for point in POINTS.split()]
MIGRATIONS: Final = sorted(file.stem for file in Path(*migrations_path).glob("0*.py"))
BEFORE: Final = MIGRATIONS[: MIGRATIONS.index(VISIBLE_KEYS)]
FIND: Final = "query($key: String!) { product(sku: $key) { sku barcode } }"
LIST: Final = """query($key: String!) {
  eq: products(where: {sku: {eq: $key}}) { nodes { sku } }
  in: products(where: {sku: {in: [$key]}}) { nodes { sku } }
  begins: products(where: {sku: {startsWith: $key}}) { nodes { sku } }
  referred: product(externalRef: {system: "shop", key: $key}) { sku }
  orders(where: {sku: {eq: $key}}) { nodes { externalRefs { key } } }
}"""


def product(sku: str, **more: Any) -> dict[str, Any]:
    return {"sku": sku, "name": "Tea", "price": "2.50", "currencyCode": "EUR", **more}


@pytest.mark.parametrize("character", INVISIBLE, ids=ascii)
def test_a_key_holds_nothing_invisible(character: str) -> None:
    for text in (f"A{character}B", f"{character}AB", f" AB{character} ", f"A{character * 3}B"):
        assert key(text) == "AB"
        assert forms(text) == (clean(text), "AB")
    assert forms("AB") == ("AB",)


def test_a_name_keeps_its_joiners() -> None:
    persian = "نمی\u200cخواهم"
    assert clean(persian) == persian


def test_letters_that_an_invisible_character_held_apart_are_composed() -> None:
    assert key("e\u200b\u0301") == "\u00e9"


async def test_two_keys_that_look_alike_are_one(database: Database) -> None:
    company = await found_company()
    reference = {"system": "sh\u00adop", "key": "T\u200b1"}
    made = product("T\u200b1", barcode="40\ufeff1", externalRef=reference)
    await change(PRODUCT, input=made)
    (taken,) = await refusal(PRODUCT, input=product("T1\u200f"))
    assert (taken["code"], taken["path"]) == ("DUPLICATE", ["input", "sku"])
    (taken,) = await refusal(PRODUCT, input=product("T2", barcode="4\u200e01"))
    assert (taken["code"], taken["path"]) == ("DUPLICATE", ["input", "barcode"])
    (taken,) = await refusal(CUSTOMER, input={"code": "A\u2060DA", "name": "Another Ada"})
    assert (taken["code"], taken["path"]) == ("DUPLICATE", ["input", "code"])
    stocked = {"sku": "T\ufeff1", "warehouseId": company.warehouse, "delta": 5}
    await change(STOCK, changes=[{**stocked, "kind": "ADJUST", "reason": "found"}])
    order = {
        "customerId": company.customer,
        "externalRef": {"system": "shop", "key": "T\u200b1"},
        "lines": [{"sku": "\u200bT1", "quantity": 1}],
    }
    placed = await change(PLACE, input=order)
    assert placed["order"]["lines"][0]["sku"] == "T1"
    for text in ("T1", "T\u200e1", "\ufeffT1"):
        assert (await ask(FIND, key=text))["product"] == {"sku": "T1", "barcode": "401"}
        found = await ask(LIST, key=text)
        assert found.pop("orders") == {"nodes": [{"externalRefs": [{"key": "T1"}]}]}
        assert found.pop("referred") == {"sku": "T1"}
        assert list(found.values()) == [{"nodes": [{"sku": "T1"}]}] * 3
    (taken,) = await refusal(PLACE, input=order)
    assert taken["code"] == "DUPLICATE"


async def test_keys_of_an_earlier_release_are_reported_and_found_as_they_are(
    empty_database: Database,
) -> None:
    old = ["T1", "T\u200b1", "LONE\ufeff", "Tee"]
    async with connected(empty_database):
        apps = await migrate_to(*BEFORE)
        table = apps.get_model("models.Product")
        ids = {}
        for sku in old:
            row = table(
                sku=sku,
                name="Tea",
                sort_name="tea",
                currency="EUR",
                price_minor=250,
                created_at=PLACED,
                updated_at=CHANGED,
            )
            await row.save(force_create=True, using_db=connection())
            ids[sku] = row.id
        with capture_logs() as logs:
            await migrate()
        told = sorted(line["key"] for line in logs if line["event"] == "migration.invisible")
        shared = f"{ids[old[1]]} is 'T\\u200b1', which would be 'T1', as another row is"
        alone = f"{ids[old[2]]} is 'LONE\\ufeff', which would be 'LONE'"
        assert told == sorted(f"product.sku of {each}" for each in (shared, alone))
        assert {row.sku for row in await Product.all()} == set(old)
        for sku in old:
            assert (await ask("query($key: String!) { product(sku: $key) { sku } }", key=sku)) == {
                "product": {"sku": sku}
            }
        with capture_logs() as logs:
            assert await migrate() == []
        assert logs == []
