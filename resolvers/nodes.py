"""Any object by its id."""

import asyncio
from typing import Annotated, Any, Final

import strawberry
from tortoise.models import Model

from models.catalog import Category, Product, Supplier
from models.customers import Customer, CustomerGroup
from models.events import Event
from models.fulfillment import Parcel, Return, Shipment
from models.inventory import StockItem, StockMovement, Warehouse
from models.orders import Order, OrderLine
from models.payments import Invoice, Payment
from models.rules.errors import BadRequest
from resolvers.arguments import Id
from resolvers.context import Info, Lookup
from resolvers.identifiers import parse
from resolvers.loaders.relation import ToOne

MAX_NODES: Final = 100

TABLES: Final[tuple[type[Model], ...]] = (
    Category,
    Customer,
    CustomerGroup,
    Event,
    Invoice,
    Order,
    OrderLine,
    Parcel,
    Payment,
    Product,
    Return,
    Shipment,
    StockItem,
    StockMovement,
    Supplier,
    Warehouse,
)
BY_NAME: Final = {table.__name__: ToOne(table, key="id") for table in TABLES}


def node(info: Info, id: Id) -> Lookup | None:
    type_name, key = parse(id)
    relation = BY_NAME.get(type_name)
    return info.context.look_up(relation, key) if relation else None


async def nodes(
    info: Info,
    ids: Annotated[
        list[strawberry.ID], strawberry.argument(description="The global ids, at most 100.")
    ],
) -> list[Any]:
    if len(ids) > MAX_NODES:
        raise BadRequest(f"At most {MAX_NODES} ids.")

    async def found(id: str) -> Any:
        lookup = node(info, strawberry.ID(id))
        return await lookup if lookup else None

    return list(await asyncio.gather(*map(found, ids)))
