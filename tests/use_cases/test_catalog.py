"""Saving products, categories and suppliers."""

from decimal import Decimal
from typing import Any

import pytest

from models.catalog import Category, Product, Supplier
from models.columns import new_id
from models.references import ExternalRef, SearchToken
from models.rules.access import OPEN
from models.rules.catalog import BackorderPolicy, TrackingPolicy
from services.catalog.categories import MAX_CATEGORY_DEPTH, SaveCategory, save_category
from services.catalog.products import SaveProduct, save_product
from services.catalog.suppliers import SaveSupplier, save_supplier
from services.work.references import ExternalKey
from services.work.search import ATTRIBUTE, attribute_token
from tests.support.databases import Database
from tests.support.trade import nothing_written, reasons

CUP = SaveProduct(sku="CUP", name="Cup", price=Decimal("2.50"), currency="EUR")


async def test_a_product_with_everything(database: Database) -> None:
    category = await save_category(OPEN, SaveCategory(name="Cups"))
    supplier = await save_supplier(OPEN, SaveSupplier(name="Töpfer & Söhne"))
    made = await save_product(
        OPEN,
        SaveProduct(
            sku=" TEA ",
            name="Grüner Tee",
            barcode="4006381333931",
            category_id=category.id,
            supplier_id=supplier.id,
            unit="gram",
            price=Decimal("2.5"),
            price_quantity=1_000,
            currency="eur",
            cost=Decimal("1.10"),
            tax_rate=Decimal("0.07"),
            backorder=BackorderPolicy.ALLOW,
            tracking=TrackingPolicy.LOT,
            attributes={"color": "green", "grams": 100},
            external_key=ExternalKey("erp", "T1"),
        ),
    )
    stored = await Product.get()
    assert (stored.sku, stored.name, stored.sort_name) == ("TEA", "Grüner Tee", "gruner tee")
    assert (stored.price_minor, stored.price_quantity, stored.currency) == (250, 1_000, "EUR")
    assert (stored.cost_minor, stored.tax_rate, stored.unit) == (110, Decimal("0.07"), "gram")
    assert (stored.category_id, stored.supplier_id) == (category.id, supplier.id)
    assert (stored.backorder, stored.tracking) == ("ALLOW", "LOT")
    assert (stored.version, stored.discontinued) == (1, False)
    assert (await ExternalRef.get()).subject_id == made.id
    tokens = await SearchToken.filter(subject_id=made.id)
    assert {(each.field, each.token) for each in tokens} == {
        *(("name", word) for word in ("gruner", "gruener", "tee")),
        ("barcode", "4006381333931"),
        ("reference", "t1"),
        ("sku", "tea"),
        (ATTRIBUTE, attribute_token("color", "green")),
        (ATTRIBUTE, attribute_token("grams", 100)),
    }


async def test_absent_stays_and_null_clears(database: Database) -> None:
    category = await save_category(OPEN, SaveCategory(name="Cups"))
    command = SaveProduct(
        sku="CUP",
        name="Cup",
        barcode="1",
        price=Decimal("2.50"),
        currency="EUR",
        cost=Decimal(1),
        category_id=category.id,
        attributes={"color": "red"},
    )
    made = await save_product(OPEN, command)
    await save_product(OPEN, SaveProduct(id=made.id, version=1, price=Decimal(3)))
    stored = await Product.get()
    assert (stored.price_minor, stored.version) == (300, 2)
    assert (stored.sku, stored.barcode, stored.cost_minor) == ("CUP", "1", 100)
    assert (stored.category_id, stored.attributes) == (category.id, {"color": "red"})
    clear = SaveProduct(id=made.id, barcode=None, cost=None, category_id=None, attributes=None)
    await save_product(OPEN, clear)
    stored = await Product.get()
    assert (stored.barcode, stored.cost_minor, stored.category_id) == (None, None, None)
    assert stored.attributes == {}
    assert await SearchToken.filter(field=ATTRIBUTE).count() == 0


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"sku": None}, ("REQUIRED", "sku")),
        ({"sku": " POT "}, ("DUPLICATE", "sku")),
        ({"sku": "x" * 65}, ("INVALID", "sku")),
        ({"name": ""}, ("REQUIRED", "name")),
        ({"barcode": "4711"}, ("DUPLICATE", "barcode")),
        ({"unit": None}, ("REQUIRED", "unit")),
        ({"price": None}, ("REQUIRED", "price")),
        ({"price": Decimal("-0.01")}, ("INVALID", "price")),
        ({"price": Decimal("0.001")}, ("INVALID", "price")),
        ({"price": Decimal("NaN")}, ("INVALID", "price")),
        ({"cost": Decimal(-1)}, ("INVALID", "cost")),
        ({"currency": "XYZ", "price": Decimal(1)}, ("INVALID", "currencyCode")),
        ({"currency": "JPY"}, ("REQUIRED", "price")),
        ({"price_quantity": 0}, ("INVALID", "priceQuantity")),
        ({"price_quantity": 1_000_001}, ("INVALID", "priceQuantity")),
        ({"tax_rate": Decimal("1.01")}, ("INVALID", "taxRate")),
        ({"tax_rate": Decimal("-0.01")}, ("INVALID", "taxRate")),
        ({"category_id": new_id()}, ("NOT_FOUND", "categoryId")),
        ({"supplier_id": new_id()}, ("NOT_FOUND", "supplierId")),
        ({"attributes": {str(n): n for n in range(101)}}, ("INVALID", "attributes")),
        ({"version": 2}, ("VERSION_CONFLICT", "version")),
        ({"id": new_id()}, ("NOT_FOUND", "id")),
    ],
)
async def test_what_is_no_product(
    sqlite_database: Database, fields: dict[str, Any], reason: tuple[str, str]
) -> None:
    made = await save_product(OPEN, CUP)
    pot = SaveProduct(sku="POT", name="Pot", barcode="4711", price=Decimal(9), currency="EUR")
    await save_product(OPEN, pot)
    async with nothing_written():
        command = SaveProduct(**({"id": made.id} | fields))
        assert await reasons(save_product(OPEN, command)) == [reason]


@pytest.mark.parametrize("missing", ["sku", "name", "price", "currency"])
async def test_what_a_new_product_needs(sqlite_database: Database, missing: str) -> None:
    fields = {name: getattr(CUP, name) for name in ("sku", "name", "price", "currency")}
    del fields[missing]
    async with nothing_written():
        place = "currencyCode" if missing == "currency" else missing
        assert await reasons(save_product(OPEN, SaveProduct(**fields))) == [("REQUIRED", place)]


async def test_a_cost_does_not_outlive_its_currency(sqlite_database: Database) -> None:
    """100 cents are not 100 yen."""
    made = await save_product(
        OPEN, SaveProduct(sku="CUP", name="Cup", price=Decimal(2), currency="EUR", cost=Decimal(1))
    )
    again = SaveProduct(id=made.id, price=Decimal(3), currency="EUR")
    assert (await save_product(OPEN, again)).cost_minor == 100
    yen = SaveProduct(id=made.id, price=Decimal(300), currency="JPY")
    assert (await save_product(OPEN, yen)).cost_minor is None
    costing = SaveProduct(id=made.id, price=Decimal(3), currency="USD", cost=Decimal(1))
    assert (await save_product(OPEN, costing)).cost_minor == 100


async def test_skus_are_compared_exactly(database: Database) -> None:
    for sku in ("cup", "CUP", "CÚP"):
        await save_product(OPEN, SaveProduct(sku=sku, name="Cup", price=Decimal(1), currency="EUR"))
    assert sorted(each.sku for each in await Product.all()) == ["CUP", "CÚP", "cup"]
    assert await Product.filter(sku="cup").count() == 1


COLOR = {"key": "color", "type": "TEXT", "unit": None, "choices": None, "required": False}


async def test_categories_are_a_tree(database: Database) -> None:
    root = await save_category(OPEN, SaveCategory(name="Root", attributes=[COLOR]))
    leaf = await save_category(OPEN, SaveCategory(name="Leaf", parent_id=root.id))
    async with nothing_written():
        for command, reason in (
            (SaveCategory(id=root.id, parent_id=root.id), ("INVALID", "parentId")),
            (SaveCategory(id=root.id, parent_id=leaf.id), ("INVALID", "parentId")),
            (SaveCategory(name="x", parent_id=new_id()), ("NOT_FOUND", "parentId")),
            (SaveCategory(name="Root"), ("DUPLICATE", "name")),
            (SaveCategory(), ("REQUIRED", "name")),
            (SaveCategory(id=leaf.id, version=2), ("VERSION_CONFLICT", "version")),
        ):
            assert await reasons(save_category(OPEN, command)) == [reason]
    await save_category(OPEN, SaveCategory(id=leaf.id, parent_id=None))
    assert (await Category.get(id=leaf.id)).parent_id is None
    assert (await Category.get(id=root.id)).attributes == [COLOR]


async def test_a_tree_has_a_greatest_depth(sqlite_database: Database) -> None:
    above = None
    for depth in range(MAX_CATEGORY_DEPTH):
        made = await save_category(OPEN, SaveCategory(name=str(depth), parent_id=above))
        above = made.id
    async with nothing_written():
        deeper = save_category(OPEN, SaveCategory(name="x", parent_id=above))
        assert await reasons(deeper) == [("INVALID", "parentId")]


async def test_suppliers(database: Database) -> None:
    made = await save_supplier(
        OPEN, SaveSupplier(name="Töpfer", lead_time_days=0, minimum_order=Decimal("99.50"))
    )
    stored = await Supplier.get()
    assert (stored.code, stored.sort_name, stored.lead_time_days) == ("Töpfer", "topfer", 0)
    assert stored.minimum_order_minor == 9950
    async with nothing_written():
        for command, reason in (
            (SaveSupplier(), ("REQUIRED", "name")),
            (SaveSupplier(name="Töpfer"), ("DUPLICATE", "code")),
            (SaveSupplier(name="x", lead_time_days=1_001), ("INVALID", "leadTimeDays")),
            (SaveSupplier(name="x", lead_time_days=-1), ("INVALID", "leadTimeDays")),
            (SaveSupplier(name="x", minimum_order=Decimal("0.001")), ("INVALID", "minimumOrder")),
            (SaveSupplier(id=made.id, version=2), ("VERSION_CONFLICT", "version")),
        ):
            assert await reasons(save_supplier(OPEN, command)) == [reason]
    await save_supplier(OPEN, SaveSupplier(id=made.id, minimum_order=None, email="x@example.org"))
    stored = await Supplier.get()
    assert (stored.minimum_order_minor, stored.email, stored.lead_time_days) == (
        None,
        "x@example.org",
        0,
    )
