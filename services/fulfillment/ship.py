"""Shipments of chosen units of an order."""

from dataclasses import dataclass
from uuid import UUID

from models.inventory import Warehouse
from models.orders import Order, OrderLine
from models.rules.access import Permission
from models.rules.errors import (
    DomainError,
    Refused,
    invalid,
    not_found,
)
from models.rules.order_states import OrderAction, OrderStatus
from services.aggregates.lines import lines_of
from services.aggregates.lots.shipped import Chosen
from services.aggregates.orders import (
    check_version,
    facts_with_stock,
    lock_order,
    not_possible,
    settle,
)
from services.aggregates.reservations import loose_units
from services.aggregates.shipments import NewParcel, add_shipment
from services.use_case import use_case
from services.work.work import Work


@dataclass(frozen=True)
class CreateShipment:
    """The units to ship from one warehouse. Without `lines`: all that are reserved there.

    `units` are chosen lots and serial numbers by line; without them, those that expire first.
    """

    order_id: UUID
    version: int
    warehouse_id: UUID
    lines: dict[UUID, int] | None = None
    parcels: tuple[NewParcel, ...] = ()
    units: Chosen | None = None


@use_case(Permission.SHIPMENTS_WRITE)
async def create_shipment(work: Work, command: CreateShipment) -> Order:
    """The order, with a new pending shipment. Its units stay reserved until it leaves.

    Raises:
        Refused: an unknown order, warehouse or line; more units than are reserved there; lots or
            serial numbers that are not free there.
        VersionConflict: the order has changed since the caller read it.
        IllegalTransition: the order is not confirmed.
    """
    order = await lock_order(work, command.order_id, "orderId")
    check_version(order, command.version)
    lines = await lines_of(work, order)
    if order.status is not OrderStatus.CONFIRMED:
        raise await not_possible(work, order, lines, OrderAction.PREPARE)
    warehouse = await work.rows(Warehouse).get_or_none(id=command.warehouse_id)
    if warehouse is None:
        raise not_found("There is no such warehouse.", "warehouseId")
    promised = (await loose_units(work, lines)).get(warehouse.id, {})
    wanted = promised if command.lines is None else command.lines
    _check_wanted(wanted, promised, lines)
    before = await facts_with_stock(work, order)
    await add_shipment(work, order, warehouse.id, wanted, lines, command.parcels, command.units)
    await settle(work, order, lines, before)
    return order


def _check_wanted(
    wanted: dict[UUID, int], promised: dict[UUID, int], lines: list[OrderLine]
) -> None:
    known = {line.id for line in lines}
    errors: list[DomainError] = []
    for index, (line_id, quantity) in enumerate(wanted.items()):
        path = ("lines", str(index))
        if line_id not in known:
            errors.append(not_found("The order has no such line.", *path, "lineId"))
        elif not 1 <= quantity <= promised.get(line_id, 0):
            most = promised.get(line_id, 0)
            message = f"{most} units of this line are promised from this warehouse."
            errors.append(invalid(message, *path, "quantity"))
    if not wanted:
        errors.append(invalid("Nothing is promised from this warehouse.", "warehouseId"))
    if errors:
        raise Refused(errors)
