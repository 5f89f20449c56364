"""The company before its first order: products, warehouses, prices."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from models.catalog import Category, Product, Supplier
from models.customers import CustomerGroup
from models.inventory import StockItem, Warehouse
from models.rules.catalog import TrackingPolicy
from models.rules.money import comparable
from models.rules.text import fold
from services.aggregates.addresses import Address, snapshot
from services.demo import words
from services.demo.dice import Dice
from services.demo.office import Office
from services.demo.words import Family, Place
from services.storage.rows import fresh
from services.work import search

DISCONTINUED_EVERY: Final = 23
"""One of so many products leaves the catalog before the history ends."""


@dataclass(slots=True)
class Company:
    """The parts of the company that the history needs; the rest is only in its rows."""

    groups: list[CustomerGroup] = field(default_factory=list)
    suppliers: dict[str, Supplier] = field(default_factory=dict)
    warehouses: list[Warehouse] = field(default_factory=list)
    products: list[Product] = field(default_factory=list)
    families: dict[UUID, Family] = field(default_factory=dict)
    lead_days: dict[UUID, int] = field(default_factory=dict)
    stock: list[StockItem] = field(default_factory=list)
    popularity: list[float] = field(default_factory=list)


def found(office: Office, products: int, warehouses: int) -> Company:
    """A company of that many products and warehouses, without customers yet; its rows are added."""
    company = Company(
        [
            fresh(CustomerGroup, name=name, discount_rate=Decimal(rate), **stamped(office))
            for name, rate in words.GROUPS
        ]
    )
    categories = _categories(office)
    company.suppliers = {each[0]: _supplier(office, *each) for each in words.SUPPLIERS}
    company.warehouses = [_warehouse(office, index) for index in range(warehouses)]
    office.rows.add(*company.groups, *company.suppliers.values(), *company.warehouses)
    for index in range(products):
        edition, place = divmod(index, len(words.FAMILIES))
        family = words.FAMILIES[place]
        supplier = company.suppliers[family.supplier]
        product = _product(office, family, edition, categories[family.category], supplier)
        product.discontinued = index % DISCONTINUED_EVERY == DISCONTINUED_EVERY - 1
        company.products.append(product)
        company.families[product.id] = family
        company.lead_days[product.id] = supplier.lead_time_days
        # A few products sell every day, most sell rarely.
        company.popularity.append(family.weight / (1 + edition) ** 0.7)
        office.rows.add(product, *search.product_tokens(product))
    return company


def stamped(office: Office) -> dict[str, datetime]:
    """The times of a new row."""
    return {"created_at": office.work.now, "updated_at": office.work.now}


def _categories(office: Office) -> dict[str, UUID]:
    """The categories' ids by name. Roots come first, because parents are written first."""
    ids = {root: _category(office, root, None) for root in words.CATEGORIES}
    for root, names in words.CATEGORIES.items():
        ids |= {name: _category(office, name, ids[root]) for name in names}
    return ids


def _category(office: Office, name: str, parent_id: UUID | None) -> UUID:
    families = [family for family in words.FAMILIES if family.category == name]
    keys = {key for family in families for key, _ in family.attributes}
    plain = {"type": "TEXT", "unit": None, "choices": None, "required": False}
    attributes = [{"key": key, **plain} for key in sorted(keys)]
    named = {"name": name, "parent_id": parent_id, "attributes": attributes}
    category = fresh(Category, **named, **stamped(office))
    office.rows.add(category)
    return category.id


def _supplier(office: Office, code: str, name: str, days: int) -> Supplier:
    return fresh(
        Supplier,
        code=code,
        name=name,
        sort_name=fold(name),
        email=f"orders@{code.lower()}.example",
        lead_time_days=days,
        minimum_order_minor=office.dice.between(2, 20) * 5_000,
        **stamped(office),
    )


def _warehouse(office: Office, index: int) -> Warehouse:
    again, place = divmod(index, len(words.WAREHOUSES))
    code, name, city = words.WAREHOUSES[place]
    where = next(place for place in words.PLACES if place.city == city)
    return fresh(
        Warehouse,
        code=f"{code}{again + 1}" if again else code,
        name=f"{name} {again + 1}" if again else name,
        address=postal_address(office.dice, where, name),
        priority=(index + 1) * 10,
        **stamped(office),
    )


def postal_address(dice: Dice, place: Place, name: str) -> dict[str, Any]:
    """An address in a city, in the form that orders store."""
    street = dice.one(place.streets)
    number = dice.between(1, 140)
    first = f"{number} {street}" if place.country in ("GB", "IE", "FR") else f"{street} {number}"
    code = str(dice.between(10 ** (place.digits - 1), 10**place.digits - 1))
    return snapshot(Address(name, (first,), place.city, place.country, place.region, code))


def _product(
    office: Office, family: Family, index: int, category_id: UUID, supplier: Supplier
) -> Product:
    """The product of that number in its family. Numbers beyond its varieties are editions."""
    rest, name = divmod(index, len(family.names))
    edition, variety = divmod(rest, len(family.varieties))
    called = f"{family.names[name]}, {family.varieties[variety]}"
    called += f", edition {edition + 1}" if edition else ""
    low, high = family.prices
    price_minor = low + office.dice.between(0, (high - low) // 10) * 10
    currency = office.work.policy.currency
    return fresh(
        Product,
        sku=f"{family.prefix}-{index + 1:04}",
        barcode=_ean13(f"20{words.FAMILIES.index(family):02}{index + 1:08}"),
        name=called,
        sort_name=fold(called),
        category_id=category_id,
        supplier_id=supplier.id,
        unit=family.unit,
        price_minor=price_minor,
        sort_price=comparable(price_minor, currency),
        currency=currency,
        price_quantity=family.price_quantity,
        cost_minor=price_minor * office.dice.between(45, 70) // 100,
        tax_rate=Decimal(family.tax_rate),
        backorder=family.backorder,
        tracking=TrackingPolicy.LOT if family.unit == "gram" else TrackingPolicy.NONE,
        attributes=dict(family.attributes),
        **stamped(office),
    )


def _ean13(digits: str) -> str:
    """The twelve digits with their check digit. Numbers that begin with 20 are for internal use."""
    odd, even = digits[::2], digits[1::2]
    check = -(sum(map(int, odd)) + 3 * sum(map(int, even))) % 10
    return f"{digits}{check}"
