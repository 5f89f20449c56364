"""The words that objects are found by follow what is written about them."""

from typing import Any

import pytest

from models.references import SearchToken
from models.rules.access import OPEN
from models.rules.events import SubjectKind
from services.catalog.products import SaveProduct, save_product
from services.catalog.suppliers import SaveSupplier, save_supplier
from services.work.search import ATTRIBUTE, MAX_WORDS_A_FIELD, attribute_token, words_of
from tests.support.databases import Database
from tests.support.trade import open_trade


async def found_by(kind: SubjectKind) -> set[tuple[str, str]]:
    """The words of all objects of a kind, with their fields."""
    rows = await SearchToken.filter(subject_kind=kind)
    return {(row.field, row.token) for row in rows}


async def test_an_order_is_found_by_its_number_and_by_its_end(database: Database) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=1)
    order = await trade.place(("CUP", 1))
    parts = order.number.lower().split("-")
    assert await found_by(SubjectKind.ORDER) == {
        *(("number", part) for part in (*parts, "".join(parts))),
        ("ending", "<" + "".join(parts)[::-1]),
    }


async def test_a_product_is_found_by_what_it_is_now(database: Database) -> None:
    trade = await open_trade()
    made = await trade.product("CUP", attributes={"color": "red"})
    renamed = SaveProduct(id=made.id, name="Große Tasse", attributes={"color": "blue"})
    await save_product(OPEN, renamed)
    assert await found_by(SubjectKind.PRODUCT) == {
        ("sku", "cup"),
        ("name", "grosse"),
        ("name", "tasse"),
        (ATTRIBUTE, attribute_token("color", "blue")),
    }


async def test_a_supplier_is_found_by_name_and_code(sqlite_database: Database) -> None:
    await save_supplier(OPEN, SaveSupplier(name="Töpfer & Söhne", code="T-1"))
    assert await found_by(SubjectKind.SUPPLIER) == {
        *(("name", word) for word in ("topfer", "toepfer", "sohne", "soehne")),
        *(("code", word) for word in ("t", "1", "t1")),
    }


async def test_a_word_is_found_on_every_database(database: Database) -> None:
    """One that differs by an accent or by case alone is folded by us, not by a collation."""
    trade = await open_trade()
    await trade.product("A", name="Ångström æther")
    for token, count in (("angstrom", 1), ("aether", 1), ("Angstrom", 0), ("ångström", 0)):
        assert await SearchToken.filter(token=token).count() == count
    assert await SearchToken.filter(token__startswith="angs").count() == 2  # angstroem, too


def test_a_field_has_a_greatest_number_of_words() -> None:
    text = " ".join(f"w{n}" for n in range(100))
    found = words_of({"name": text, "code": None})
    assert found == [("name", f"w{n}") for n in range(MAX_WORDS_A_FIELD)]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("a", 1), ("a", 1), True),
        (("a", {"x": 1, "y": 2}), ("a", {"y": 2, "x": 1}), True),
        (("a", 1), ("b", 1), False),
        (("a", 1), ("a", "1"), False),
        (("a", 1), ("a", True), False),
        (("a", None), ("a", ""), False),
        (("a", "red"), ("a", "Red"), False),
    ],
)
def test_a_token_stands_for_an_attribute_and_its_value(
    one: tuple[str, Any], other: tuple[str, Any], same: bool
) -> None:
    assert (attribute_token(*one) == attribute_token(*other)) is same
    assert len(attribute_token(*one)) == 64
