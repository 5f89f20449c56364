"""Fields of products, categories and suppliers, and the root fields that find and save them."""

from dataclasses import dataclass
from typing import Annotated, Any, Final

import strawberry
from tortoise.expressions import Q

from models.catalog import Category, Product, Supplier
from models.rules.catalog import AttributeType
from models.rules.events import SubjectKind
from models.rules.money import Amount
from resolvers.arguments import (
    After,
    Before,
    Descending,
    First,
    Last,
    OptionalId,
    OptionalVersion,
    Search,
)
from resolvers.context import Info
from resolvers.enums import ProductSort
from resolvers.filters.catalog import product_query
from resolvers.filters.text import word_query
from resolvers.finding import find_one
from resolvers.identifiers import input_key
from resolvers.inputs.catalog import (
    CategoryInput,
    ProductInput,
    ProductWhere,
    SupplierInput,
    to_definitions,
)
from resolvers.inputs.filtering import ExternalRefInput
from resolvers.inputs.sending import optional_key, sent, to_key, to_object
from resolvers.loaders import inventory as stock
from resolvers.paging import Listing, Page, PageRequest, page, page_below, scope_of
from resolvers.scalars import JSON
from services import catalog as services
from services.catalog import SaveCategory, SaveProduct, SaveSupplier
from services.visibility import visible

MAX_CATEGORIES: Final = 1_000

SORTS: Final = {
    ProductSort.NAME: "sort_name",
    ProductSort.SKU: "sku",
    ProductSort.PRICE: "price_minor",
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
    """An attribute of an object: what it says under a key."""

    key: str
    value: JSON
    unit: str | None = None


@dataclass(frozen=True)
class AttributeRule:
    """What products of a category say under a key."""

    key: str
    type: AttributeType
    unit: str | None = None
    choices: list[str] | None = None
    required: bool = False


def attributes(row: strawberry.Parent[Any]) -> list[NamedValue]:
    return [NamedValue(key, value) for key, value in sorted(row.attributes.items())]


def definitions(category: strawberry.Parent[Category]) -> list[AttributeRule]:
    return [AttributeRule(**kept) for kept in category.attributes]


def cost(product: strawberry.Parent[Product]) -> Amount | None:
    minor: int | None = product.cost_minor
    return None if minor is None else Amount(minor, product.currency)


async def available(product: strawberry.Parent[Product], info: Info) -> int:
    items = await info.context.related(stock.stock_of_product, product)
    return sum(item.balance.available for item in items)


async def products_of_category(
    category: strawberry.Parent[Category],
    info: Info,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Page:
    request = PageRequest(first, after, last, before)
    return await page_below(info.context, PRODUCTS_OF_CATEGORY, request, category.id)


async def product(
    info: Info,
    id: OptionalId = None,
    sku: Annotated[str | None, strawberry.argument(description="By the SKU.")] = None,
    barcode: Annotated[str | None, strawberry.argument(description="By the barcode.")] = None,
    external_ref: Annotated[
        ExternalRefInput | None, strawberry.argument(description="By another system's key.")
    ] = None,
) -> Product | None:
    found: Product | None = await find_one(
        info.context,
        Product,
        id=id,
        sku=sku,
        barcode=barcode,
        external_ref=external_ref,
        kind=SubjectKind.PRODUCT,
    )
    return found


async def products(
    info: Info,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
    where: Annotated[ProductWhere | None, strawberry.argument(description="Which ones.")] = None,
    search: Search = None,
    sort: Annotated[ProductSort, strawberry.argument(description="By what.")] = ProductSort.NAME,
    desc: Descending = False,
) -> Page:
    query = product_query(where)
    if search is not None:
        query &= word_query(search, SubjectKind.PRODUCT)
    listing = Listing(
        table=Product,
        scope=scope_of("products", sort, desc, where, search),
        sort=SORTS[sort],
        descending=desc,
        where=query,
    )
    return await page(info.context, listing, PageRequest(first, after, last, before))


async def categories(info: Info) -> list[Category]:
    return await visible(Category, info.context.actor).order_by("name").limit(MAX_CATEGORIES)


async def suppliers(
    info: Info,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
    search: Search = None,
) -> Page:
    listing = Listing(
        table=Supplier,
        scope=scope_of("suppliers", search),
        sort="sort_name",
        descending=False,
        where=word_query(search, SubjectKind.SUPPLIER) if search is not None else Q(),
    )
    return await page(info.context, listing, PageRequest(first, after, last, before))


async def product_save(
    info: Info,
    input: Annotated[ProductInput, strawberry.argument(description="The fields.")],
    id: Annotated[
        strawberry.ID | None, strawberry.argument(description="Which one; without it a new one.")
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
    return await services.save_product(info.context.actor, command)


async def category_save(
    info: Info,
    input: Annotated[CategoryInput, strawberry.argument(description="The fields.")],
    id: Annotated[
        strawberry.ID | None, strawberry.argument(description="Which one; without it a new one.")
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
    return await services.save_category(info.context.actor, command)


async def supplier_save(
    info: Info,
    input: Annotated[SupplierInput, strawberry.argument(description="The fields.")],
    id: Annotated[
        strawberry.ID | None, strawberry.argument(description="Which one; without it a new one.")
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
    return await services.save_supplier(info.context.actor, command)
