"""Fields of products, categories and suppliers, and the root fields that find and save them."""

from dataclasses import dataclass
from typing import Annotated, Any, Final

import strawberry
from tortoise.expressions import Q

from models.catalog import Category, Product, Supplier
from models.inventory import StockItem
from models.rules.access import Actor
from models.rules.catalog import AttributeType
from models.rules.events import SubjectKind
from resolvers.arguments import (
    Descending,
    OptionalId,
    OptionalRef,
    OptionalVersion,
    ProductSearch,
    SupplierSearch,
)
from resolvers.context import Info
from resolvers.enums import ProductSort
from resolvers.filters.catalog import product_query
from resolvers.filters.search import search_query
from resolvers.finding import Found, find_one
from resolvers.identifiers import input_key
from resolvers.inputs.catalog import (
    CategoryInput,
    ProductInput,
    ProductWhere,
    SupplierInput,
    to_definitions,
)
from resolvers.inputs.sending import optional_key, sent, to_key, to_object
from resolvers.listing import Listing, scope_of
from resolvers.scalars import JSON
from services.catalog.categories import SaveCategory, save_category
from services.catalog.products import SaveProduct, save_product
from services.catalog.suppliers import SaveSupplier, save_supplier
from services.work.visibility import visible

MAX_CATEGORIES: Final = 1_000

SORTS: Final = {
    ProductSort.NAME: "sort_name",
    ProductSort.SKU: "sku",
    ProductSort.PRICE: "sort_price",
}
PRODUCTS_OF_CATEGORY: Final = Listing(
    table=Product,
    scope="category.products",
    sort="sort_name",
    descending=False,
    by="category_id",
)


@dataclass(frozen=True)
class NamedValue:
    """An attribute's key and value, with its unit if the category defines one."""

    key: str
    value: JSON
    unit: str | None = None


@dataclass(frozen=True)
class AttributeRule:
    """The definition of an attribute of a category's products."""

    key: str
    type: AttributeType
    unit: str | None = None
    choices: list[str] | None = None
    required: bool = False


def attributes(stored: dict[str, Any]) -> list[NamedValue]:
    return [NamedValue(key, value) for key, value in sorted(stored.items())]


def product_attributes(stored: dict[str, Any], units: dict[str, str] | None) -> list[NamedValue]:
    return [NamedValue(key, value, (units or {}).get(key)) for key, value in sorted(stored.items())]


def definitions(stored: list[dict[str, Any]]) -> list[AttributeRule]:
    return [AttributeRule(**each) for each in stored]


def available(items: list[StockItem]) -> int:
    return sum(item.balance.available for item in items)


def products_of_category() -> Listing:
    return PRODUCTS_OF_CATEGORY


def product(
    info: Info,
    id: OptionalId = None,
    sku: Annotated[str | None, strawberry.argument(description="The product's SKU.")] = None,
    barcode: Annotated[
        str | None, strawberry.argument(description="The product's barcode.")
    ] = None,
    external_ref: OptionalRef = None,
) -> Found:
    return find_one(info.context, Product, id, external_ref, sku=sku, barcode=barcode)


def products(
    actor: Actor,
    where: Annotated[
        ProductWhere | None,
        strawberry.argument(description="The filter. Without it: all products."),
    ] = None,
    search: ProductSearch = None,
    sort: Annotated[
        ProductSort, strawberry.argument(description="The sort key.")
    ] = ProductSort.NAME,
    desc: Descending = False,
) -> Listing:
    query = product_query(actor, where)
    if search is not None:
        query &= search_query(search, SubjectKind.PRODUCT)
    return Listing(
        table=Product,
        scope=scope_of("products", sort, desc, where, search),
        sort=SORTS[sort],
        descending=desc,
        where=query,
    )


async def categories(info: Info) -> list[Category]:
    return await visible(Category, info.context.actor).order_by("name").limit(MAX_CATEGORIES)


def supplier(
    info: Info,
    id: OptionalId = None,
    code: Annotated[str | None, strawberry.argument(description="The supplier's code.")] = None,
) -> Found:
    return find_one(info.context, Supplier, id, None, code=code)


def suppliers(search: SupplierSearch = None) -> Listing:
    return Listing(
        table=Supplier,
        scope=scope_of("suppliers", search),
        sort="sort_name",
        descending=False,
        where=search_query(search, SubjectKind.SUPPLIER) if search is not None else Q(),
    )


async def product_save(
    info: Info,
    input: Annotated[
        ProductInput,
        strawberry.argument(description="The product's fields. A field that is left out stays."),
    ],
    id: Annotated[
        strawberry.ID | None,
        strawberry.argument(description="The product to change. Without an id a new one is made."),
    ] = None,
    version: OptionalVersion = None,
) -> Product:
    command = SaveProduct(
        id=input_key("Product", id, ("id",)) if id else None,
        version=version,
        sku=sent(input.sku),
        name=sent(input.name),
        barcode=sent(input.barcode),
        category_id=optional_key("Category", input.category_id, "categoryId"),
        supplier_id=optional_key("Supplier", input.supplier_id, "supplierId"),
        unit=sent(input.unit),
        price=sent(input.price),
        price_quantity=sent(input.price_quantity),
        currency=sent(input.currency_code),
        cost=sent(input.cost),
        tax_rate=sent(input.tax_rate),
        backorder=sent(input.backorder),
        tracking=sent(input.tracking),
        discontinued=sent(input.discontinued),
        attributes=to_object(input.attributes, "attributes"),
        external_key=to_key(input.external_ref),
    )
    return await save_product(info.context.actor, command)


async def category_save(
    info: Info,
    input: Annotated[
        CategoryInput,
        strawberry.argument(description="The category's fields. A field that is left out stays."),
    ],
    id: Annotated[
        strawberry.ID | None,
        strawberry.argument(description="The category to change. Without an id a new one is made."),
    ] = None,
    version: OptionalVersion = None,
) -> Category:
    command = SaveCategory(
        id=input_key("Category", id, ("id",)) if id else None,
        version=version,
        name=sent(input.name),
        parent_id=optional_key("Category", input.parent_id, "parentId"),
        attributes=to_definitions(input.attributes),
    )
    return await save_category(info.context.actor, command)


async def supplier_save(
    info: Info,
    input: Annotated[
        SupplierInput,
        strawberry.argument(description="The supplier's fields. A field that is left out stays."),
    ],
    id: Annotated[
        strawberry.ID | None,
        strawberry.argument(description="The supplier to change. Without an id a new one is made."),
    ] = None,
    version: OptionalVersion = None,
) -> Supplier:
    command = SaveSupplier(
        id=input_key("Supplier", id, ("id",)) if id else None,
        version=version,
        code=sent(input.code),
        name=sent(input.name),
        email=sent(input.email),
        lead_time_days=sent(input.lead_time_days),
        minimum_order=sent(input.minimum_order),
    )
    return await save_supplier(info.context.actor, command)
