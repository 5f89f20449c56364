"""Finds objects that the database has already: by external key, and by code."""

from collections.abc import Collection, Iterator
from typing import Any, Final
from uuid import UUID

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.models import Model

from models.catalog import Category, Product, Supplier
from models.customers import Customer
from models.inventory import StockItem, Warehouse
from models.orders import Order
from models.references import ExternalRef
from models.rules.catalog import TrackingPolicy
from models.rules.events import SubjectKind
from services.imports.files.records import BY_CODE, RECORDS, Kind

TABLES: Final[dict[Kind, tuple[type[Model], str]]] = {
    Kind.WAREHOUSE: (Warehouse, "code"),
    Kind.CATEGORY: (Category, "name"),
    Kind.SUPPLIER: (Supplier, "code"),
    Kind.CUSTOMER: (Customer, "code"),
    Kind.PRODUCT: (Product, "sku"),
    Kind.ORDER: (Order, "number"),
}
"""The tables of objects with a code, and its column."""

CHUNK: Final = 500
"""Values in one statement, below the limits of all databases."""


async def ids(
    system: str,
    kind: Kind,
    references: Collection[str],
    connection: BaseDBAsyncClient | None = None,
) -> dict[str, UUID]:
    """The ids of references, which are external keys or marked codes; known ones only."""
    subject = RECORDS[kind].subject
    if subject is None:
        return {}
    codes = {text.removeprefix(BY_CODE): text for text in references if text.startswith(BY_CODE)}
    keys = [text for text in references if not text.startswith(BY_CODE)]
    found = await subject_ids(system, subject, keys, connection)
    if codes:
        named = await coded(kind, codes, connection)
        found |= {codes[code]: found_id for code, found_id in named.items()}
    return found


async def subject_ids(
    system: str,
    subject: SubjectKind,
    keys: Collection[str],
    connection: BaseDBAsyncClient | None = None,
) -> dict[str, UUID]:
    """As `ids`, by the kind of object."""
    found: dict[str, UUID] = {}
    for chunk in _chunks(keys):
        # unscoped: an import finds all existing objects
        refs = ExternalRef.filter(subject_kind=subject, system=system, key__in=chunk)
        pairs: Any = await refs.using_db(connection).values_list("key", "subject_id")
        found |= dict(pairs)
    return found


async def coded(
    kind: Kind, codes: Collection[str], connection: BaseDBAsyncClient | None = None
) -> dict[str, UUID]:
    """The ids of the objects that have one of the codes, by code."""
    if kind not in TABLES:
        return {}
    table, column = TABLES[kind]
    found: dict[str, UUID] = {}
    for chunk in _chunks(codes):
        # unscoped: as `subject_ids`
        rows = table.filter(**{f"{column}__in": chunk}).using_db(connection)
        pairs: Any = await rows.values_list(column, "id")
        found |= dict(pairs)
    return found


async def barcodes(codes: Collection[str]) -> set[str]:
    """The barcodes that a product has already."""
    found: set[str] = set()
    for chunk in _chunks(codes):
        # unscoped: a barcode is unique among all products
        taken: Any = await Product.filter(barcode__in=chunk).values_list("barcode", flat=True)
        found |= set(taken)
    return found


async def tracked(products: Collection[UUID]) -> set[UUID]:
    """The tracked ones of the products."""
    found: set[UUID] = set()
    for chunk in _chunks(products):
        # unscoped: products that the import has found
        rows = Product.filter(id__in=chunk).exclude(tracking=TrackingPolicy.NONE)
        found |= {each.id for each in await rows}
    return found


async def stocked(
    products: Collection[UUID], connection: BaseDBAsyncClient | None = None
) -> set[tuple[UUID, UUID]]:
    """Product and warehouse of each stock item of these products."""
    found: set[tuple[UUID, UUID]] = set()
    for chunk in _chunks(products):
        # unscoped: a product has one stock item in a warehouse
        rows = StockItem.filter(product_id__in=chunk).using_db(connection)
        pairs: Any = await rows.values_list("product_id", "warehouse_id")
        found |= set(pairs)
    return found


def _chunks(values: Collection[Any]) -> Iterator[list[Any]]:
    listed = sorted(values)
    for start in range(0, len(listed), CHUNK):
        yield listed[start : start + CHUNK]
