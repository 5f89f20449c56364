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


@strawberry.type(description="What products of a category say about themselves.")
class AttributeDefinition:
    key: str = strawberry.field(description="What it is called.")
    type: AttributeType = strawberry.field(description="What kind of value it has.")
    unit: str | None = strawberry.field(description="What it is measured in.")
    choices: list[str] | None = strawberry.field(description="The values of a CHOICE.")
    required: bool = strawberry.field(description="Whether each product has it.")


@stands_for(tables.Category, "A shelf of the catalog.")
class Category(Node):
    id: strawberry.ID = identified("Category")
    version: int = strawberry.field(description="Goes up with every change.")
    name: str = strawberry.field(description="Unique.")
    parent: Optional["Category"] = related(loaders.parent, "The category that it lies in.")
    attributes: list[AttributeDefinition] = computed_by(
        catalog.definitions, "attributes", description="What its products say about themselves."
    )
    products: Connection[LazyProduct] = paged_by(
        catalog.products_of_category, "Its products, by name."
    )


@stands_for(tables.Supplier, "Somebody who sells to us.")
class Supplier(Node):
    id: strawberry.ID = identified("Supplier")
    version: int = strawberry.field(description="Goes up with every change.")
    code: str = strawberry.field(description="The number that people use. Unique.")
    name: str = strawberry.field(description="A company's name.")
    email: str | None = strawberry.field(description="Where orders to them go.")
    lead_time_days: int = strawberry.field(description="Days from an order until it arrives.")


@stands_for(tables.Product, "Something that is sold.")
class Product(Node):
    id: strawberry.ID = identified("Product")
    version: int = strawberry.field(description="Goes up with every change.")
    sku: str = strawberry.field(description="Stock keeping unit: the key people use. Unique.")
    barcode: str | None = strawberry.field(description="What a scanner reads. Unique.")
    name: str = strawberry.field(description="What it is called.")
    category: Category | None = related(loaders.category, "Where it lies in the catalog.")
    supplier: Supplier | None = related(loaders.supplier, "Who sells it to us.")
    unit: str = strawberry.field(description="What a quantity of 1 is: piece, gram, millimeter.")
    price: Money = money("price_minor", "Net, for `priceQuantity` units.")
    price_quantity: int = strawberry.field(description="How many units the price is for.")
    cost: Money | None = money(
        "cost_minor", "What `priceQuantity` units cost us.", needs=Permission.COSTS_READ
    )
    tax_rate: Decimal = strawberry.field(description="0.19 is 19 %.")
    backorder: BackorderPolicy = strawberry.field(description="Whether it sells beyond its stock.")
    tracking: TrackingPolicy = strawberry.field(description="Whether its units are told apart.")
    discontinued: bool = strawberry.field(description="Whether it is sold no more.")
    attributes: list[Attribute] = computed_by(
        catalog.product_attributes,
        "attributes",
        loaders.units,
        description="What else is kept about it, by key, as its category defines it.",
    )
    stock: list[LazyStockItem] = related(
        stock_loaders.stock_of_product, "Its stock in each warehouse.", size=WAREHOUSES
    )
    available: int = computed_by(
        catalog.available,
        stock_loaders.stock_of_product,
        description="Units that can be promised, in all warehouses together.",
    )
    external_refs: list[ExternalRef] = related(
        references.external_refs, "The keys by which other systems know it."
    )
    created_at: datetime = strawberry.field(description="Since when it is known.")
