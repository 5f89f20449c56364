"""Compiles filters of shipments and returns."""

from collections.abc import Iterable
from functools import partial

from tortoise.expressions import Q, Subquery

from models.fulfillment import ReturnLine, ShipmentLine
from models.orders import Order
from models.rules.access import Actor
from models.rules.shipment_states import LEFT
from resolvers.filters.text import compile_where
from resolvers.filters.times import time_query
from resolvers.identifiers import key_of
from resolvers.inputs.fulfillment import ReturnWhere, ShipmentWhere
from services.work.visibility import visible


def shipment_query(where: ShipmentWhere | None) -> Q:
    """The filter as a condition on the shipment table."""
    return compile_where(where, _conditions) if where else Q()


def _conditions(where: ShipmentWhere) -> Iterable[Q]:
    if where.status is not None:
        yield Q(status__in=where.status)
    if where.warehouse_id is not None:
        yield Q(warehouse_id=key_of("Warehouse", where.warehouse_id))
    yield from time_query(where.shipped_at, "shipped_at")


def return_query(actor: Actor, where: ReturnWhere | None) -> Q:
    """The filter as a condition on the table of returns."""
    return compile_where(where, partial(_of_return, actor)) if where else Q()


def _of_return(actor: Actor, where: ReturnWhere) -> Iterable[Q]:
    if where.status is not None:
        yield Q(status__in=where.status)
    if where.order_id is not None:
        yield Q(order_id=key_of("Order", where.order_id))
    if where.customer_id is not None:
        customer = key_of("Customer", where.customer_id)
        orders = visible(Order, actor).filter(customer_id=customer).values("id")
        yield Q(order_id__in=Subquery(orders))
    if where.warehouse_id is not None:
        warehouse = key_of("Warehouse", where.warehouse_id)
        left = visible(ShipmentLine, actor).filter(
            shipment__warehouse_id=warehouse, shipment__status__in=list(LEFT)
        )
        lines = visible(ReturnLine, actor).filter(
            order_line_id__in=Subquery(left.values("order_line_id"))
        )
        yield Q(id__in=Subquery(lines.values("return_request_id")))
    yield from time_query(where.requested_at, "created_at")
