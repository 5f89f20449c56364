"""The rows that an actor may see: the only row-level filters, around every read."""

from collections.abc import Callable
from typing import Any, Final, TypeVar
from uuid import UUID

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.expressions import Q
from tortoise.models import Model
from tortoise.queryset import QuerySet

from models.catalog import Category, Product, Supplier
from models.customers import Customer, CustomerAddress, CustomerGroup, CustomerTag
from models.events import Event
from models.fulfillment import Parcel, Return, ReturnLine, Shipment, ShipmentLine, TrackingEvent
from models.inventory import Reservation, StockItem, StockMovement, Warehouse
from models.orders import Order, OrderLine
from models.payments import Invoice, Payment
from models.references import ExternalRef
from models.rules.access import Actor, Permission
from models.tracking import ShipmentUnit, TrackedUnit, UnitMovement, UnitStock

Row = TypeVar("Row", bound=Model)
Read = TypeVar("Read")

NEEDED: Final[dict[type[Model], Permission]] = {
    CustomerGroup: Permission.CUSTOMERS_READ,
    Customer: Permission.CUSTOMERS_READ,
    CustomerAddress: Permission.CUSTOMERS_READ,
    CustomerTag: Permission.CUSTOMERS_READ,
    Category: Permission.CATALOG_READ,
    Supplier: Permission.CATALOG_READ,
    Product: Permission.CATALOG_READ,
    Warehouse: Permission.STOCK_READ,
    StockItem: Permission.STOCK_READ,
    StockMovement: Permission.STOCK_READ,
    Reservation: Permission.ORDERS_READ,
    Order: Permission.ORDERS_READ,
    OrderLine: Permission.ORDERS_READ,
    Shipment: Permission.SHIPMENTS_READ,
    ShipmentLine: Permission.SHIPMENTS_READ,
    Parcel: Permission.SHIPMENTS_READ,
    TrackingEvent: Permission.SHIPMENTS_READ,
    Return: Permission.ORDERS_READ,
    ReturnLine: Permission.ORDERS_READ,
    Payment: Permission.PAYMENTS_READ,
    Invoice: Permission.PAYMENTS_READ,
    Event: Permission.EVENTS_READ,
    ExternalRef: Permission.CATALOG_READ,
    TrackedUnit: Permission.CATALOG_READ,
    UnitMovement: Permission.CATALOG_READ,
    UnitStock: Permission.STOCK_READ,
    ShipmentUnit: Permission.SHIPMENTS_READ,
}

EVERY_ROW: Final = Q()
SOME_ROWS: Final[dict[type[Model], Callable[[Actor], Q]]] = {}
"""By table, the condition on its rows for an actor with its permission; no table has one yet."""


def scope(table: type[Model], actor: Actor) -> Q | None:
    """The condition for rows that the actor may see; None if there are none.

    It reads columns of the table, and other tables by subqueries: `Select` joins nothing.

    Raises:
        KeyError: the table has no rule of visibility, and is therefore shown to no actor.
    """
    if not actor.may(NEEDED[table]):
        return None
    narrowed = SOME_ROWS.get(table)
    return narrowed(actor) if narrowed else EVERY_ROW


def sees_all(actor: Actor, *tables: type[Model]) -> bool:
    """Whether the actor may see every row of the tables."""
    return all(scope(table, actor) is EVERY_ROW for table in tables)


async def only_seen(
    table: type[Model],
    actor: Actor,
    found: list[Read],
    key: Callable[[Read], UUID],
    client: BaseDBAsyncClient,
) -> list[Read]:
    """The rows whose row of the table, by its `key`, the actor may see.

    The database is not asked if the actor may see all.
    """
    condition = scope(table, actor)
    if condition is EVERY_ROW or not found:
        return found
    if condition is None:
        return []
    rows = table.filter(condition, pk__in={key(row) for row in found}).using_db(client)
    seen: set[Any] = {*await rows.values_list(table._meta.pk_attr, flat=True)}
    return [row for row in found if key(row) in seen]


def visible(table: type[Row], actor: Actor) -> QuerySet[Row]:
    """The table's rows that the actor may see. Others do not exist for the actor.

    Raises:
        KeyError: the table has no rule of visibility, and is therefore shown to no actor.
    """
    condition = scope(table, actor)
    return table.filter(pk__in=[]) if condition is None else table.filter(condition)
