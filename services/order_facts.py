"""What filters ask of an order beyond its own columns: SKUs, warehouses, other systems' keys."""

from collections.abc import Collection
from typing import Any

from models.orders import Order, OrderLine
from services.orders import facts, references_of, warehouses_of


async def facts_now(order: Order, names: Collection[str]) -> dict[str, Any]:
    """The order's facts, those of `skus`, `warehouses` and `references` only where named."""
    found = facts(order)
    if "skus" in names:
        lines = OrderLine.filter(order_id=order.id).distinct()
        found["skus"] = sorted(await lines.values_list("sku", flat=True))
    if "warehouses" in names:
        found["warehouses"] = await warehouses_of(order.id)
    if "references" in names:
        found["references"] = await references_of(order.id)
    return found
