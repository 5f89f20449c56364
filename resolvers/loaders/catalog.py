"""What belongs to products and their categories."""

from typing import Final

from models.catalog import Category, Product, Supplier
from resolvers.loaders.relation import ToOne

category: Final = ToOne(Category, key="category_id")
parent: Final = ToOne(Category, key="parent_id")
supplier: Final = ToOne(Supplier, key="supplier_id")
product: Final = ToOne(Product, key="product_id")
