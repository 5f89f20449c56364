"""Makes the rows of warehouses, categories, suppliers, customers and products from records."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from tortoise.models import Model

from models.catalog import Category, Product, Supplier
from models.customers import Customer, CustomerAddress
from models.inventory import Warehouse
from models.rules.events import EventKind, SubjectKind
from models.rules.money import comparable
from models.rules.text import fold, phone_key
from services.aggregates.addresses import address_row
from services.imports.files.records import (
    CategoryRow,
    CustomerRow,
    Kind,
    ProductRow,
    SupplierRow,
    WarehouseRow,
)
from services.work import search
from services.work.events import record as record_event
from services.work.work import Work


@dataclass(frozen=True, slots=True)
class Desk:
    """The context of a batch: the transaction, the system, and ids by kind and key."""

    work: Work
    system: str
    ids: Mapping[Kind, Mapping[str, UUID]]

    def find(self, kind: Kind, key: str | None) -> UUID | None:
        """The id of a key; None without a key."""
        return None if key is None else self.ids[kind][key]

    @property
    def stamps(self) -> dict[str, Any]:
        return {"created_at": self.work.now, "updated_at": self.work.now}


def warehouse(desk: Desk, key: UUID, row: WarehouseRow) -> list[Model]:
    """A warehouse."""
    return [
        Warehouse(
            id=key,
            code=row.natural,
            name=row.name,
            priority=row.priority,
            address=row.address.stored(row.name) if row.address else None,
            **desk.stamps,
        )
    ]


def category(desk: Desk, key: UUID, row: CategoryRow) -> list[Model]:
    """A category below its parent."""
    parent_id = desk.find(Kind.CATEGORY, row.parent)
    return [Category(id=key, name=row.name, parent_id=parent_id, **desk.stamps)]


def supplier(desk: Desk, key: UUID, row: SupplierRow) -> list[Model]:
    """A supplier."""
    return [
        Supplier(
            id=key,
            code=row.natural,
            name=row.name,
            sort_name=fold(row.name)[:200],
            email=row.email,
            lead_time_days=row.lead_time_days,
            **desk.stamps,
        )
    ]


def customer(desk: Desk, key: UUID, row: CustomerRow) -> list[Model]:
    """A customer with their address, if there is one, and their search words."""
    made = Customer(
        id=key,
        code=row.natural,
        name=row.name,
        sort_name=fold(row.name)[:200],
        email=row.email,
        email_key=row.email.lower() if row.email else None,
        phone=row.phone,
        phone_key=phone_key(row.phone),
        terms_days=row.terms_days,
        preferences=row.preferences,
        **desk.stamps,
    )
    fields = [name for name in ("code", "name", "email", "phone") if getattr(made, name)]
    data = {"fields": fields, "new": True, "imported": desk.system}
    record_event(desk.work, made, EventKind.CUSTOMER_UPDATED, data=data)
    words = search.tokens(SubjectKind.CUSTOMER, key, search.customer_texts(made))
    return [made, *_addresses(desk, row, key), *words]


def _addresses(desk: Desk, row: CustomerRow, customer_id: UUID) -> list[CustomerAddress]:
    if row.address is None:
        return []
    stored = row.address.stored(row.name)
    return [address_row(stored, customer_id=customer_id, position=0, created_at=desk.work.now)]


def product(desk: Desk, key: UUID, row: ProductRow) -> list[Model]:
    """A product and its search words."""
    price_minor, cost_minor, price_quantity = row.amounts()
    made = Product(
        id=key,
        sku=row.natural,
        barcode=row.barcode,
        name=row.name,
        sort_name=fold(row.name)[:200],
        category_id=desk.find(Kind.CATEGORY, row.category),
        supplier_id=desk.find(Kind.SUPPLIER, row.supplier),
        unit=row.unit,
        price_minor=price_minor,
        sort_price=comparable(price_minor, row.currency),
        currency=row.currency,
        price_quantity=price_quantity,
        cost_minor=cost_minor,
        tax_rate=row.tax_rate,
        backorder=row.backorder,
        tracking=row.tracking,
        discontinued=row.discontinued,
        attributes=row.attributes,
        **desk.stamps,
    )
    return [made, *search.product_tokens(made)]


Builder = Callable[[Desk, UUID, Any], list[Model]]

BUILDERS: Final[dict[Kind, Builder]] = {
    Kind.WAREHOUSE: warehouse,
    Kind.CATEGORY: category,
    Kind.SUPPLIER: supplier,
    Kind.CUSTOMER: customer,
    Kind.PRODUCT: product,
}
