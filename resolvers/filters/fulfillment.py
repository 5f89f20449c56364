"""Which shipments a filter means."""

from collections.abc import Iterable

from tortoise.expressions import Q

from resolvers.filters.text import compile_where
from resolvers.filters.times import time_query
from resolvers.identifiers import key_of
from resolvers.inputs.fulfillment import ShipmentWhere


def shipment_query(where: ShipmentWhere | None) -> Q:
    """The filter as a condition on the shipment table."""
    return compile_where(where, _conditions) if where else Q()


def _conditions(where: ShipmentWhere) -> Iterable[Q]:
    if where.status is not None:
        yield Q(status__in=where.status)
    if where.warehouse_id is not None:
        yield Q(warehouse_id=key_of("Warehouse", where.warehouse_id))
    yield from time_query(where.shipped_at, "shipped_at")
