"""Stored keys with invisible characters, as the migration reports them."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from tortoise.models import Model

from models.catalog import Product, Supplier
from models.customers import Customer
from models.fulfillment import Parcel
from models.inventory import Warehouse
from models.orders import Order
from models.payments import Payment
from models.references import ExternalRef
from models.rules.text import key
from models.tracking import TrackedUnit

BATCH: Final = 5_000

COLUMNS: Final[tuple[tuple[type[Model], str, tuple[str, ...]], ...]] = (
    (Product, "sku", ()),
    (Product, "barcode", ()),
    (Customer, "code", ()),
    (Customer, "email_key", ()),
    (Supplier, "code", ()),
    (Warehouse, "code", ()),
    (Order, "number", ()),
    (ExternalRef, "system", ("subject_kind", "key")),
    (ExternalRef, "key", ("subject_kind", "system")),
    (Parcel, "tracking_number", ()),
    (Payment, "reference", ("order_id", "kind", "method")),
    (TrackedUnit, "code", ("product_id",)),
)
"""The columns of keys, each with the columns that make it unique."""


@dataclass(frozen=True, slots=True)
class InvisibleKey:
    """A stored key, its form without invisible characters, and whether another row has that."""

    table: str
    column: str
    id: UUID
    stored: str
    plain: str
    shared: bool

    def __str__(self) -> str:
        also = ", as another row is" if self.shared else ""
        place = f"{self.table}.{self.column} of {self.id}"
        return f"{place} is {self.stored!a}, which would be {self.plain!a}{also}"


async def invisible_keys() -> list[InvisibleKey]:
    """All stored keys with invisible characters. Nothing is changed."""
    found: list[InvisibleKey] = []
    for table, column, beside in COLUMNS:
        keys = [row async for row in _invisible_keys(table, column, beside)]
        plain = [(key(value), *rest) for _, value, *rest in keys]
        times = Counter(plain)
        for (row_id, value, *_), (text, *rest) in zip(keys, plain, strict=True):
            same = {column: text, **dict(zip(beside, rest, strict=True))}
            # unscoped: an operator's report on all keys
            shared = times[(text, *rest)] > 1 or await table.filter(**same).exists()
            found.append(InvisibleKey(table._meta.db_table, column, row_id, value, text, shared))
    return found


async def _invisible_keys(table: type[Model], column: str, beside: tuple[str, ...]) -> Any:
    """Id, value and unique columns of each row whose value has invisible characters."""
    last: Any = None
    while True:
        # unscoped: an operator's report on all keys
        rows = table.all() if last is None else table.filter(id__gt=last)
        batch: Any = await rows.order_by("id").limit(BATCH).values_list("id", column, *beside)
        for row in _invisible(batch):
            yield row
        if len(batch) < BATCH:
            return
        last = batch[-1][0]


def _invisible(rows: list[Any]) -> Iterator[Any]:
    return (row for row in rows if row[1] and not row[1].isascii() and key(row[1]) != row[1])
