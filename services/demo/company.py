"""The company before its first order: what it sells, from where, at what prices."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from models.catalog import Category, Product, Supplier
from models.customers import CustomerGroup
from models.inventory import StockItem, Warehouse
from models.references import SearchToken
from models.rules.catalog import TrackingPolicy
from models.rules.money import comparable
from models.rules.text import fold
from services.aggregates.addresses import Address, snapshot
from services.demo.dice import Dice
from services.demo.rows import Rows
from services.demo.words import (
    CATEGORIES,
    FAMILIES,
    GROUPS,
    PLACES,
    ROOTS,
    SUPPLIERS,
    WAREHOUSES,
    Family,
    Place,
)
from services.work import search

DISCONTINUED_EVERY: Final = 23
"""One product in so many goes out of the catalog before the history ends."""


@dataclass(slots=True)
class Company:
    """What the history needs to know of the company; the rest lies in its rows."""

    currency: str
    groups: list[CustomerGroup] = field(default_factory=list)
    suppliers: dict[str, Supplier] = field(default_factory=dict)
    warehouses: list[Warehouse] = field(default_factory=list)
    products: list[Product] = field(default_factory=list)
    families: dict[UUID, Family] = field(default_factory=dict)
    stock: list[StockItem] = field(default_factory=list)
    popularity: list[float] = field(default_factory=list)


def found(
    dice: Dice, rows: Rows, at: datetime, products: int, warehouses: int, currency: str
) -> Company:
    """A company of that many products and warehouses, without customers yet; its rows are kept."""
    company = Company(currency)
    _groups(company, dice, at)
    categories = _categories(dice, rows, at)
    _suppliers(company, dice, at)
    _warehouses(company, dice, at, warehouses)
    for row in (*company.groups, *company.suppliers.values(), *company.warehouses):
        rows.add_model(row)
    for index in range(products):
        family = FAMILIES[index % len(FAMILIES)]
        product = _product(company, dice, at, family, index // len(FAMILIES), categories)
        product.discontinued = index % DISCONTINUED_EVERY == DISCONTINUED_EVERY - 1
        company.products.append(product)
        company.families[product.id] = family
        # A few sell every day and most now and then.
        company.popularity.append(family.weight / (1 + index // len(FAMILIES)) ** 0.7)
        rows.add_model(product)
        index_words(rows, dice, at, search.product_tokens(product))
    return company


def index_words(rows: Rows, dice: Dice, at: datetime, tokens: list[SearchToken]) -> None:
    """Keep the words by which an object is found."""
    for token in tokens:
        token.id = dice.id_at(at)
        rows.add_model(token)


def _stamped(at: datetime) -> dict[str, Any]:
    return {"created_at": at, "updated_at": at}


def _groups(company: Company, dice: Dice, at: datetime) -> None:
    company.groups = [
        CustomerGroup(id=dice.id_at(at), name=name, discount_rate=Decimal(rate), **_stamped(at))
        for name, rate in GROUPS
    ]


def _categories(dice: Dice, rows: Rows, at: datetime) -> dict[str, UUID]:
    """The categories' ids by name. Roots come first, so that none is written before its parent."""
    ids: dict[str, UUID] = {}
    parents: Iterator[tuple[str, str | None]] = iter(
        [*((root, None) for root in ROOTS), *CATEGORIES]
    )
    for name, parent in parents:
        ids[name] = dice.id_at(at)
        keys = {
            key for family in FAMILIES if family.category == name for key, _ in family.attributes
        }
        attributes = [
            {"key": key, "type": "TEXT", "unit": None, "choices": None, "required": False}
            for key in sorted(keys)
        ]
        rows.add_model(
            Category(
                id=ids[name],
                name=name,
                parent_id=ids[parent] if parent else None,
                attributes=attributes,
                **_stamped(at),
            )
        )
    return ids


def _suppliers(company: Company, dice: Dice, at: datetime) -> None:
    for code, name, days in SUPPLIERS:
        company.suppliers[code] = Supplier(
            id=dice.id_at(at),
            code=code,
            name=name,
            sort_name=fold(name),
            email=f"orders@{code.lower()}.example",
            lead_time_days=days,
            minimum_order_minor=dice.between(2, 20) * 5_000,
            **_stamped(at),
        )


def _warehouses(company: Company, dice: Dice, at: datetime, count: int) -> None:
    for index in range(count):
        code, name, city = WAREHOUSES[index % len(WAREHOUSES)]
        again = index // len(WAREHOUSES)
        place = next(place for place in PLACES if place.city == city)
        company.warehouses.append(
            Warehouse(
                id=dice.id_at(at),
                code=f"{code}{again + 1}" if again else code,
                name=f"{name} {again + 1}" if again else name,
                address=postal_address(dice, place, name),
                priority=(index + 1) * 10,
                **_stamped(at),
            )
        )


def postal_address(dice: Dice, place: Place, name: str) -> dict[str, Any]:
    """An address in a place, in the form in which orders keep it."""
    street = dice.one(place.streets)
    number = dice.between(1, 140)
    first = f"{number} {street}" if place.country in ("GB", "IE", "FR") else f"{street} {number}"
    code = str(dice.between(10 ** (place.digits - 1), 10**place.digits - 1))
    return snapshot(Address(name, (first,), place.city, place.country, place.region, code))


def _product(
    company: Company,
    dice: Dice,
    at: datetime,
    family: Family,
    index: int,
    categories: dict[str, UUID],
) -> Product:
    """The product of that number in its family. Numbers beyond its varieties are editions."""
    variety = family.varieties[index // len(family.names) % len(family.varieties)]
    name = f"{family.names[index % len(family.names)]}, {variety}"
    edition = index // (len(family.names) * len(family.varieties))
    if edition:
        name += f", edition {edition + 1}"
    low, high = family.prices
    price_minor = low + dice.between(0, (high - low) // 10) * 10
    return Product(
        id=dice.id_at(at),
        sku=f"{family.prefix}-{index + 1:04}",
        barcode=_ean13(f"20{FAMILIES.index(family):02}{index + 1:08}"),
        name=name,
        sort_name=fold(name),
        category_id=categories[family.category],
        supplier_id=company.suppliers[family.supplier].id,
        unit=family.unit,
        price_minor=price_minor,
        sort_price=comparable(price_minor, company.currency),
        currency=company.currency,
        price_quantity=family.price_quantity,
        cost_minor=price_minor * dice.between(45, 70) // 100,
        tax_rate=Decimal(family.tax_rate),
        backorder=family.backorder,
        tracking=TrackingPolicy.LOT if family.unit == "gram" else TrackingPolicy.NONE,
        attributes=dict(family.attributes),
        **_stamped(at),
    )


def _ean13(digits: str) -> str:
    """The twelve digits and their check digit; numbers that begin with 20 are for use in a shop."""
    odd, even = digits[::2], digits[1::2]
    check = -(sum(map(int, odd)) + 3 * sum(map(int, even))) % 10
    return f"{digits}{check}"
