"""Every list that grows is sorted by an index: a page costs the same wherever it lies.

What databases make of the indexes is asked of them in `test_list_plans.py`.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any, Final

import pytest
from tortoise.indexes import Index

from graph.schema import schema
from models.orders import Order
from models.rules.access import OPEN
from resolvers import catalog, customers, fulfillment, inventory, orders, payments
from resolvers.enums import CustomerSort, OrderSort, ProductSort, StockSort
from resolvers.listing import Listing

LISTS: Final[dict[str, tuple[Callable[..., Listing], Any]]] = {
    "Query.orders": (partial(orders.orders, OPEN), OrderSort),
    "Query.customers": (partial(customers.customers, OPEN), CustomerSort),
    "Query.products": (partial(catalog.products, OPEN), ProductSort),
    "Query.suppliers": (catalog.suppliers, None),
    "Query.shipments": (fulfillment.shipments, None),
    "Query.returns": (partial(fulfillment.returns_listed, OPEN), None),
    "Query.invoices": (partial(payments.invoices, OPEN), None),
    "Query.payments": (partial(payments.payments, OPEN), None),
    "Query.stockItems": (partial(inventory.stock_items, OPEN), StockSort),
    "Category.products": (catalog.products_of_category, None),
    "Warehouse.stock": (inventory.stock_of_warehouse, None),
    "Customer.orders": (partial(orders.orders_of_customer, OPEN), None),
}
"""Each connection with what it may be sorted by. A customer's orders have an index for the sort
that they come in; others sort what one customer has."""


def connections() -> set[str]:
    """The fields of the schema that give pages of a list."""
    types = schema._schema.type_map.items()
    return {
        f"{name}.{field_name}"
        for name, declared in types
        if not name.startswith("__")
        for field_name, field in getattr(declared, "fields", {}).items()
        if "totalCount" in getattr(getattr(field.type, "of_type", None), "fields", {})
    }


def sorted_lists() -> Iterator[Any]:
    for name, (listing, sorts) in LISTS.items():
        for sort, desc in product(sorts, (False, True)) if sorts else ((None, None),):
            asked = {} if sort is None else {"sort": sort, "desc": desc}
            yield pytest.param(listing(**asked), id=f"{name} {sort or ''} {desc or ''}".strip())


def indexes(listing: Listing) -> set[tuple[str, ...]]:
    """The columns of the table's indexes, as its model declares them, and its unique columns."""
    meta = listing.table._meta
    declared = {tuple(each.fields) for each in meta.indexes if isinstance(each, Index)}
    return declared | {(name,) for name, each in meta.fields_map.items() if each.unique}


def test_no_list_is_forgotten() -> None:
    assert connections() == LISTS.keys()


@pytest.mark.parametrize("listing", list(sorted_lists()))
def test_a_list_has_the_index_that_sorts_it(listing: Listing) -> None:
    parent = (listing.by,) if listing.by else ()
    wanted = tuple(dict.fromkeys((*parent, *listing.place)))
    assert wanted in indexes(listing), wanted


def test_a_sort_without_an_index_is_found() -> None:
    unsorted = Listing(table=Order, scope="", sort="line_count", descending=False)
    with pytest.raises(AssertionError):
        test_a_list_has_the_index_that_sorts_it(unsorted)
