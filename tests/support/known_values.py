"""Ids, keys and cursors of a company's rows, for random documents."""

from typing import Any, Final

from graphql import GraphQLObjectType
from tortoise.models import Model

from graph.execution.engine import Ask, Engine
from models.catalog import Product
from models.customers import Customer
from models.fulfillment import Parcel, Shipment
from models.inventory import StockItem, Warehouse
from models.orders import Order
from models.rules.access import OPEN
from models.tracking import TrackedUnit
from resolvers.context import Context
from resolvers.identifiers import to_global
from tests.support.api import SEALER
from tests.support.documents import Known

TABLES: Final[tuple[type[Model], ...]] = (
    Customer,
    Order,
    Parcel,
    Product,
    Shipment,
    StockItem,
    Warehouse,
)

CURSORS: Final = """{
  Query_orders: orders(first: 8) { edges { cursor } nodes {
    Order_timeline: timeline(first: 3) { edges { cursor } } } }
  Query_customers: customers(first: 8) { edges { cursor } nodes {
    Customer_orders: orders(first: 4) { edges { cursor } }
    Customer_timeline: timeline(first: 4) { edges { cursor } } } }
  Query_products: products(first: 8) { edges { cursor } }
  Query_suppliers: suppliers(first: 3) { edges { cursor } }
  Query_shipments: shipments(first: 8) { edges { cursor } }
  Query_stockItems: stockItems(first: 8) { edges { cursor } }
  Query_payments: payments(first: 8) { edges { cursor } }
  Query_returns: returns(first: 8) { edges { cursor } }
  Query_invoices: invoices(first: 8) { edges { cursor } }
  Query_events: events(first: 8) { edges { cursor } }
  warehouses { Warehouse_stock: stock(first: 4) { edges { cursor } nodes {
    StockItem_movements: movements(first: 3) { edges { cursor } } } } }
  categories { Category_products: products(first: 4) { edges { cursor } } }
}"""
"""Every list with pages, under the name of its type and its own."""


async def known(engine: Engine) -> Known:
    """What is there in the database at hand."""
    rows: dict[str, list[Any]] = {
        table.__name__: await table.all().order_by("id").limit(15) for table in TABLES
    }
    lots = await TrackedUnit.all().order_by("id").limit(15)
    found = Known(
        ids={name: [to_global(name, row.pk) for row in each] for name, each in rows.items()},
        texts={
            "number": [row.number for row in rows["Order"]],
            "code": [row.code for row in (*rows["Customer"], *lots)],
            "sku": [row.sku for row in rows["Product"]],
            "trackingNumber": [row.tracking_number for row in rows["Parcel"]],
            "search": [row.name.split()[0] for row in rows["Customer"]],
        },
    )
    answer = await engine.execute(engine.prepare(Ask(CURSORS), Context(OPEN, SEALER)))
    assert answer.errors == []
    collect(answer.data, found.cursors)
    return found


def collect(part: Any, cursors: dict[str, list[str]]) -> None:
    """The cursors in a part of the answer, by the place that they are good for."""
    for each in part if isinstance(part, list) else [part]:
        for name, value in each.items() if isinstance(each, dict) else ():
            if isinstance(value, dict) and value.get("edges"):
                place = name.replace("_", ".")
                cursors.setdefault(place, []).extend(edge["cursor"] for edge in value["edges"])
            collect(value, cursors)


def places_with_pages(types: Any) -> set[str]:
    """Every field that takes a cursor."""
    return {
        f"{each.name}.{name}"
        for each in types
        if isinstance(each, GraphQLObjectType) and each.name != "Subscription"
        for name, declared in each.fields.items()
        if "after" in declared.args
    }
