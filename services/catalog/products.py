"""Saves products."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from models.catalog import Category, Product, Supplier
from models.columns import Versioned
from models.inventory import StockItem
from models.rules.access import Permission
from models.rules.attributes import check_values
from models.rules.catalog import BackorderPolicy, TrackingPolicy
from models.rules.errors import DomainError, Refused, invalid, not_found, required
from models.rules.events import SubjectKind
from models.rules.money import UnknownCurrency, comparable, exponent
from models.rules.pricing import check_rate
from models.rules.text import fold
from services.aggregates import stock
from services.catalog.categories import MAX_CATEGORY_DEPTH, definitions_of
from services.use_case import use_case
from services.work import search
from services.work.inputs import amount
from services.work.references import ExternalKey, refer
from services.work.upserts import (
    UNSET,
    Save,
    Unset,
    code,
    given,
    optional_code,
    row_to_save,
    set_unique,
    text,
)
from services.work.work import Work

MAX_ATTRIBUTES: Final = 100
MAX_PRICE_QUANTITY: Final = 1_000_000


@dataclass(frozen=True)
class SaveProduct(Save):
    """A product's fields; UNSET ones stay, None clears."""

    sku: str | Unset | None = UNSET
    name: str | Unset | None = UNSET
    barcode: str | Unset | None = UNSET
    category_id: UUID | Unset | None = UNSET
    supplier_id: UUID | Unset | None = UNSET
    unit: str | Unset | None = UNSET
    price: Decimal | Unset | None = UNSET
    price_quantity: int | Unset | None = UNSET
    currency: str | Unset | None = UNSET
    cost: Decimal | Unset | None = UNSET
    tax_rate: Decimal | Unset | None = UNSET
    backorder: BackorderPolicy | Unset | None = UNSET
    tracking: TrackingPolicy | Unset | None = UNSET
    discontinued: bool | Unset | None = UNSET
    attributes: dict[str, Any] | Unset | None = field(default=UNSET)
    external_key: ExternalKey | Unset | None = UNSET


@use_case(Permission.CATALOG_WRITE)
async def save_product(work: Work, command: SaveProduct) -> Product:
    """The saved product. A new one needs sku, name, price and currency.

    Raises:
        Refused: a missing field, a taken SKU or barcode, an unknown category or supplier, a price
            that is no amount of its currency.
        VersionConflict: it has changed since the caller read it.
    """
    product = await row_to_save(work, Product, command)
    named = None if command.is_new else (product.sku, product.sort_name)
    await _apply_names(work, product, command)
    _apply_prices(product, command)
    await _apply_links(work, product, command)
    _apply_policies(product, command)
    await _apply_tracking(work, product, command)
    if given(command.attributes) or given(command.category_id):
        await _check_attributes(work, product)
    await product.save(force_create=command.is_new, using_db=work.connection)
    if isinstance(command.external_key, ExternalKey):
        path = ("externalRef",)
        await refer(work, SubjectKind.PRODUCT, product.id, command.external_key, path)
    await search.replace(work, product.id, search.product_tokens(product))
    if named and named != (product.sku, product.sort_name):
        await stock.rename(work, product)
    return product


async def _apply_names(work: Work, product: Product, command: SaveProduct) -> None:
    if command.is_new or given(command.sku):
        await set_unique(work, product, "sku", code(command.sku, "sku", 64))
    if command.is_new or given(command.name):
        product.name = text(command.name, "name", 200)
        product.sort_name = fold(product.name)[:200]
    if given(command.barcode):
        await set_unique(work, product, "barcode", optional_code(command.barcode, "barcode", 64))
    if given(command.unit):
        product.unit = text(command.unit, "unit", 32)


def _apply_prices(product: Product, command: SaveProduct) -> None:
    before = None if command.is_new else product.currency
    if command.is_new or given(command.currency):
        product.currency = _currency(text(command.currency, "currencyCode", 3).upper())
    if isinstance(command.price, Decimal):
        product.price_minor = amount(command.price, product.currency, "price")
        product.sort_price = comparable(product.price_minor, product.currency)
    elif command.is_new or command.price is None or given(command.currency):
        raise required("price is required.", "price")
    if isinstance(command.cost, Decimal):
        product.cost_minor = amount(command.cost, product.currency, "cost")
    elif command.cost is None or product.currency != before:
        product.cost_minor = None
    if isinstance(command.price_quantity, int):
        if not 1 <= command.price_quantity <= MAX_PRICE_QUANTITY:
            message = f"A price is for 1 to {MAX_PRICE_QUANTITY} units."
            raise invalid(message, "priceQuantity")
        product.price_quantity = command.price_quantity
    if not isinstance(command.tax_rate, Unset):
        product.tax_rate = check_rate(command.tax_rate or Decimal(0), "A tax rate", "taxRate")


def _currency(code: str) -> str:
    try:
        exponent(code)
    except UnknownCurrency:
        raise invalid(f"{code} is no currency.", "currencyCode") from None
    return code


async def _apply_links(work: Work, product: Product, command: SaveProduct) -> None:
    if not isinstance(command.category_id, Unset):
        await _must_exist(work, Category, command.category_id, "categoryId")
        product.category_id = command.category_id
    if not isinstance(command.supplier_id, Unset):
        await _must_exist(work, Supplier, command.supplier_id, "supplierId")
        product.supplier_id = command.supplier_id


async def _must_exist(
    work: Work, table: type[Versioned], key: UUID | None, field_name: str
) -> None:
    if key and not await work.rows(table).filter(id=key).exists():
        raise not_found(f"There is no such {table.__name__.lower()}.", field_name)


def _apply_policies(product: Product, command: SaveProduct) -> None:
    if isinstance(command.backorder, BackorderPolicy):
        product.backorder = command.backorder
    if isinstance(command.discontinued, bool):
        product.discontinued = command.discontinued
    if not isinstance(command.attributes, Unset):
        product.attributes = command.attributes or {}
        if len(product.attributes) > MAX_ATTRIBUTES:
            raise invalid(f"At most {MAX_ATTRIBUTES} attributes.", "attributes")


async def _apply_tracking(work: Work, product: Product, command: SaveProduct) -> None:
    if not isinstance(command.tracking, TrackingPolicy) or command.tracking is product.tracking:
        return
    # unscoped: whether anything is on hand in any warehouse
    rows = StockItem.filter(product_id=product.id).using_db(work.connection)
    if any(item.on_hand for item in await rows.select_for_update().order_by("id")):
        message = "Lots and serial numbers can begin or end only while nothing is on hand."
        raise invalid(message, "tracking")
    product.tracking = command.tracking


async def _check_attributes(work: Work, product: Product) -> None:
    """Checks the product's attributes by the definitions of its category and those above it."""
    errors: list[DomainError] = []
    above = product.category_id
    for _ in range(MAX_CATEGORY_DEPTH + 1):
        if above is None:
            break
        # unscoped: what all categories above ask for
        category = await Category.get(id=above, using_db=work.connection)
        errors += check_values(definitions_of(category), product.attributes)
        above = category.parent_id
    if errors:
        raise Refused(errors)
