"""Traces of lots and serial numbers, and units named by clients."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final
from uuid import UUID

import strawberry

from models.inventory import Warehouse
from models.orders import Order
from models.rules.inventory import MovementKind
from models.rules.text import forms
from models.rules.tracking import MAX_CODE, NamedUnits
from models.tracking import TrackedUnit, UnitMovement
from resolvers.context import Info
from resolvers.inputs.inventory import UnitInput
from services.aggregates.addresses import restored
from services.work.visibility import visible

MAX_STEPS: Final = 200


@dataclass(frozen=True)
class Trace:
    """The trace of one code."""

    code: str
    product_id: UUID
    genuine: bool
    expires_on: date | None
    steps: list[UnitMovement]


def named_units(units: Sequence[UnitInput] | None) -> tuple[NamedUnits, ...] | None:
    """The units of a command, or None if the client named none."""
    if units is None:
        return None
    return tuple(NamedUnits(each.code, each.quantity, each.expires_on) for each in units)


async def trace(
    info: Info,
    code: Annotated[
        str,
        strawberry.argument(
            description="The lot's code or the serial number, in full, at most 64 characters."
        ),
    ],
) -> Trace | None:
    exact = [form for form in forms(code) if len(form) <= MAX_CODE]
    if not exact:
        return None
    units = visible(TrackedUnit, info.context.actor).filter(code__in=exact)
    unit = await units.order_by("-moved_at", "-id").first()
    if unit is None:
        return None
    steps = visible(UnitMovement, info.context.actor).filter(unit_id=unit.id)
    latest = await steps.order_by("-sequence").limit(MAX_STEPS)
    return Trace(unit.code, unit.product_id, unit.sold > 0, unit.expires_on, latest[::-1])


def place(kind: MovementKind, warehouse: Warehouse | None, order: Order | None) -> str | None:
    """The destination of a step: the city of a shipment, otherwise the warehouse's name."""
    if kind is MovementKind.SHIP:
        address = restored(order.shipping_address) if order else None
        return address.city if address else None
    return warehouse.name if warehouse else None
