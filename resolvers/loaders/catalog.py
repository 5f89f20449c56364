"""Relations of products and categories."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from models.catalog import Category, Product, Supplier
from models.rules.access import Actor
from resolvers.loaders.relation import Computed, ToOne
from services.catalog.categories import MAX_CATEGORY_DEPTH
from services.work.visibility import visible

category: Final = ToOne(Category, key="category_id")
parent: Final = ToOne(Category, key="parent_id")
supplier: Final = ToOne(Supplier, key="supplier_id")
product: Final = ToOne(Product, key="product_id")
product_by_sku: Final = ToOne(Product, key="sku", by="sku")


async def units_of(actor: Actor, categories: Sequence[UUID]) -> list[dict[str, str]]:
    """The units of attributes by key, as defined by each category and those above it."""
    known: dict[UUID, Category] = {}
    missing = set(categories)
    for _ in range(MAX_CATEGORY_DEPTH + 1):
        if not missing:
            break
        for row in await visible(Category, actor).filter(id__in=list(missing)):
            known[row.id] = row
        above = {row.parent_id for row in known.values() if row.parent_id}
        missing = above - known.keys()
    return [_units(known, key) for key in categories]


def _units(known: dict[UUID, Category], key: UUID | None) -> dict[str, str]:
    units: dict[str, str] = {}
    while key in known:
        row = known[key]
        for each in row.attributes:
            if each.get("unit"):
                units.setdefault(each["key"], each["unit"])
        key = row.parent_id
    return units


units: Final = Computed(units_of, key="category_id")
