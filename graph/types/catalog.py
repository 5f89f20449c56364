"""Products, categories and suppliers."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Optional

import strawberry

from graph.fields import WAREHOUSES, computed_by, paged_by, related
from graph.types.money import Money, money
from graph.types.node import Node, identified, stands_for
from graph.types.paging import Connection
from graph.types.values import Attribute, ExternalRef
from models import catalog as tables
from models.rules.access import Permission
from models.rules.catalog import AttributeType, BackorderPolicy, TrackingPolicy
from resolvers import catalog
from resolvers.loaders import catalog as loaders
from resolvers.loaders import customers as references
from resolvers.loaders import inventory as stock_loaders

if TYPE_CHECKING:
    from graph.types.inventory import StockItem


LazyStockItem = Annotated["StockItem", strawberry.lazy("graph.types.inventory")]
LazyProduct = Annotated["Product", strawberry.lazy("graph.types.catalog")]


@strawberry.type(description="The definition of an attribute of a category's products.")
class AttributeDefinition:
    key: str = strawberry.field(
        description="The attribute's key, 1 to 64 characters, unique in the category."
    )
    type: AttributeType = strawberry.field(description="The type of the attribute's values.")
    unit: str | None = strawberry.field(
        description="The unit of the attribute's values, such as `kg`. Null where they have none."
    )
    choices: list[str] | None = strawberry.field(
        description="The possible values of a CHOICE, 1 to 200. Null for other types."
    )
    required: bool = strawberry.field(description="True: each product of the category has a value.")


@stands_for(tables.Category, "A category of the catalog.")
class Category(Node):
    id: strawberry.ID = identified("Category")
    version: int = strawberry.field(description="The version. Each change raises it.")
    name: str = strawberry.field(description="The category's name, at most 200 characters. Unique.")
    parent: Optional["Category"] = related(
        loaders.parent, "The category above this one. Null at the top."
    )
    attributes: list[AttributeDefinition] = computed_by(
        catalog.definitions,
        "attributes",
        description="The attribute definitions of the category itself, at most 100. Those of "
        "the categories above hold too.",
    )
    products: Connection[LazyProduct] = paged_by(
        catalog.products_of_category, "The products of the category itself, by name."
    )


@stands_for(tables.Supplier, "A supplier of products.")
class Supplier(Node):
    id: strawberry.ID = identified("Supplier")
    version: int = strawberry.field(description="The version. Each change raises it.")
    code: str = strawberry.field(description="The supplier's code, at most 64 characters. Unique.")
    name: str = strawberry.field(description="The supplier's company name, at most 200 characters.")
    email: str | None = strawberry.field(
        description="The e-mail address for purchase orders. Null where none is known."
    )
    lead_time_days: int = strawberry.field(
        description="The lead time in days, from order to receipt: 0 to 1000."
    )


@stands_for(tables.Product, "A product of the catalog.")
class Product(Node):
    id: strawberry.ID = identified("Product")
    version: int = strawberry.field(description="The version. Each change raises it.")
    sku: str = strawberry.field(
        description="The stock keeping unit: the product's code, at most 64 characters. Unique."
    )
    barcode: str | None = strawberry.field(
        description="The GTIN or another code to scan, at most 64 characters. Unique. Null "
        "where the product has none."
    )
    name: str = strawberry.field(description="The product's name, at most 200 characters.")
    category: Category | None = related(
        loaders.category, "The product's category. Null where it has none."
    )
    supplier: Supplier | None = related(
        loaders.supplier, "The product's supplier. Null where it has none."
    )
    unit: str = strawberry.field(
        description="The stock unit of all quantities of the product: piece, gram, millimeter."
    )
    price: Money = money("price_minor", "The net list price of `priceQuantity` stock units.")
    price_quantity: int = strawberry.field(
        description="The number of stock units that the price is for: 1 to 1000000."
    )
    cost: Money | None = money(
        "cost_minor",
        "The net purchase cost of `priceQuantity` stock units. Null where none is known.",
        needs=Permission.COSTS_READ,
    )
    tax_rate: Decimal = strawberry.field(description="The tax rate as a fraction: 0.19 is 19 %.")
    backorder: BackorderPolicy = strawberry.field(
        description="The backorder policy for orders of more units than are available."
    )
    tracking: TrackingPolicy = strawberry.field(
        description="The tracking policy: none, by lot, or by serial number."
    )
    discontinued: bool = strawberry.field(
        description="True: new orders of the product are refused."
    )
    attributes: list[Attribute] = computed_by(
        catalog.product_attributes,
        "attributes",
        loaders.units,
        description="The product's own attributes by key, with the units that its category "
        "defines.",
    )
    stock: list[LazyStockItem] = related(
        stock_loaders.stock_of_product,
        "The product's stock items, one for each warehouse with stock of it.",
        size=WAREHOUSES,
    )
    available: int = computed_by(
        catalog.available,
        stock_loaders.stock_of_product,
        description="The available units of all warehouses together: the sum of "
        "`StockItem.available`. May be negative.",
    )
    external_refs: list[ExternalRef] = related(
        references.external_refs, "The keys of the product in other systems."
    )
    created_at: datetime = strawberry.field(
        description="The instant at which the product was made here."
    )
