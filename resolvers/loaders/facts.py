"""What a filter asks of an order, as its actor sees it: what streams compare for each event."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from tortoise.models import Model

from models.fulfillment import Shipment
from models.inventory import Reservation
from models.orders import Order, OrderLine
from models.references import ExternalRef
from models.rules.access import Actor
from models.rules.events import SubjectKind
from services.aggregates.orders import facts, warehouses_in
from services.work.visibility import visible

BESIDE: Final[Mapping[str, tuple[type[Model], ...]]] = {
    "skus": (OrderLine,),
    "warehouses": (Shipment, Reservation),
    "references": (ExternalRef,),
}
"""The facts of an order that are not in its own row, each with the tables that have them."""


async def facts_now(actor: Actor, order: Order, names: Collection[str]) -> dict[str, Any]:
    """The order's facts as the actor sees them, those of `BESIDE` only where named."""
    found = facts(order)
    if "skus" in names:
        lines = visible(OrderLine, actor).filter(order_id=order.id).distinct()
        found["skus"] = sorted(await lines.values_list("sku", flat=True))
    if "warehouses" in names:
        found["warehouses"] = await warehouses_in(
            visible(Shipment, actor).filter(order_id=order.id),
            visible(Reservation, actor).filter(order_line__order_id=order.id),
        )
    if "references" in names:
        known = visible(ExternalRef, actor).filter(
            subject_kind=SubjectKind.ORDER, subject_id=order.id
        )
        found["references"] = [[each.system, each.key] for each in await known]
    return found
