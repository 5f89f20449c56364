"""Shipments of the demo's orders: packed from what is reserved, taken out of stock, delivered."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from models.fulfillment import Parcel, Shipment
from models.payments import Invoice
from models.rules.access import Actor
from models.rules.events import EventKind
from models.rules.inventory import MovementKind
from models.rules.numbering import NumberKind
from models.rules.shipment_states import ShipmentStatus, allowed_statuses, has_left
from services.aggregates.amounts import stored
from services.aggregates.billing import worth_of
from services.aggregates.orders import facts
from services.demo.case import Case, Consignment
from services.demo.journal import CARRIER, WAREHOUSE
from services.demo.rows import made
from services.demo.words import CARRIERS, TRACKING_MESSAGES


def prepare(case: Case, at: datetime, share: float = 1) -> list[Consignment]:
    """Put what is reserved into pending shipments, one a warehouse; with a share, a part of it."""
    before = facts(case.order)
    made = [
        _consign(case, warehouse_id, units, at)
        for warehouse_id, units in _loose(case, share).items()
    ]
    if made:
        case.settle(at, WAREHOUSE, before, {"action": "PREPARE"})
    return made


def _loose(case: Case, share: float) -> dict[UUID, dict[UUID, int]]:
    """Reserved units that lie in no shipment yet: by warehouse, then by line."""
    loose: dict[UUID, dict[UUID, int]] = defaultdict(dict)
    packed: dict[tuple[UUID, UUID], int] = defaultdict(int)
    for consignment in case.consignments:
        if not _is_over(consignment.shipment.status):
            for line_id, units in consignment.units.items():
                packed[line_id, consignment.shipment.warehouse_id] += units
    for (line_id, item_id), reservation in case.held.items():
        warehouse_id = case.office.stockroom.by_id[item_id].warehouse_id
        units = reservation.quantity - packed[line_id, warehouse_id]
        if units > 0:
            loose[warehouse_id][line_id] = max(1, int(units * share))
    return loose


def _is_over(status: ShipmentStatus) -> bool:
    return has_left(status) or status is ShipmentStatus.CANCELLED


def _consign(case: Case, warehouse_id: UUID, units: dict[UUID, int], at: datetime) -> Consignment:
    order = case.order
    shipment = made(
        Shipment,
        id=case.office.dice.id_at(at),
        number=case.office.numbers.of_order(NumberKind.SHIPMENT, order, len(case.consignments), at),
        order_id=order.id,
        warehouse_id=warehouse_id,
        status=ShipmentStatus.PENDING,
        created_at=at,
        updated_at=at,
    )
    order.has_shipment = True
    for line_id, quantity in units.items():
        case.line(line_id).preparing += quantity
    consignment = Consignment(shipment, units)
    case.consignments.append(consignment)
    _tell(case, shipment, at, WAREHOUSE)
    return consignment


def advance(case: Case, consignment: Consignment, status: ShipmentStatus, at: datetime) -> None:
    """Bring a shipment one step on, with all that follows for stock, lines and invoice.

    Raises:
        ValueError: the shipment may not go there.
    """
    shipment = consignment.shipment
    if status not in allowed_statuses(shipment.status):
        raise ValueError(f"{shipment.number}: {status} does not follow {shipment.status}")
    actor = CARRIER if has_left(shipment.status) else WAREHOUSE
    before = facts(case.order)
    if has_left(status) and not has_left(shipment.status):
        _take_out(case, consignment, at)
    if has_left(status):
        case.tracking.append(_news(case, consignment, status, at))
    lines = {line_id: case.line(line_id) for line_id in consignment.units}
    for line_id, units in consignment.units.items():
        if status is ShipmentStatus.CANCELLED:
            lines[line_id].preparing -= units
        if status is ShipmentStatus.DELIVERED:
            lines[line_id].delivered += units
    if status is ShipmentStatus.DELIVERED:
        shipment.delivered_at = at
    shipment.status = status
    case.order.has_shipment = any(
        each.shipment.status is not ShipmentStatus.CANCELLED for each in case.consignments
    )
    shipment.version += 1
    shipment.updated_at = at
    _tell(case, shipment, at, actor)
    case.settle(at, actor, before)


def _take_out(case: Case, consignment: Consignment, at: datetime) -> None:
    """The units leave the shelves, and their promises with them; the invoice goes along."""
    stockroom, shipment = case.office.stockroom, consignment.shipment
    for key in list(case.held):
        line_id, item_id = key
        item = stockroom.by_id[item_id]
        units = consignment.units.get(line_id, 0)
        if not units or item.warehouse_id != shipment.warehouse_id:
            continue
        line = case.line(line_id)
        stockroom.move(at, WAREHOUSE, item, MovementKind.SHIP, -units, line=line)
        case.shrink(key, units)
        line.preparing -= units
        line.reserved -= units
        line.shipped += units
    shipment.shipped_at = at
    for position in range(2 if len(consignment.units) > 4 else 1):
        case.parcels.append(_parcel(case, shipment, position, at))
    case.invoices.append(_invoice(case, consignment, at))


def _parcel(case: Case, shipment: Shipment, position: int, at: datetime) -> Parcel:
    dice = case.office.dice
    carrier, prefix, url = dice.one(CARRIERS)
    number = f"{prefix}{dice.between(10**9, 10**10 - 1)}"
    return made(
        Parcel,
        id=dice.id_at(at),
        shipment_id=shipment.id,
        position=position,
        carrier=carrier,
        tracking_number=number,
        tracking_url=f"{url}{number}",
    )


def _news(
    case: Case, consignment: Consignment, status: ShipmentStatus, at: datetime
) -> dict[str, Any]:
    """What the carrier said, for all parcels of the shipment."""
    address = case.order.shipping_address
    return {
        "id": case.office.dice.id_at(at),
        "shipment_id": consignment.shipment.id,
        "parcel_id": None,
        "status": status,
        "at": at,
        "place": address["city"] if has_left(consignment.shipment.status) else None,
        "message": TRACKING_MESSAGES[status],
    }


def _invoice(case: Case, consignment: Consignment, at: datetime) -> Invoice:
    """What the shipment holds, which the lines count as shipped."""
    order = case.order
    is_first = not case.invoices
    worth = worth_of(order, consignment.units, case.lines, is_first=is_first)
    pattern = case.office.numbers.policy.invoice_number_pattern
    return made(
        Invoice,
        id=case.office.dice.id_at(at),
        number=case.office.numbers.take(NumberKind.INVOICE, pattern, at, order.channel),
        order_id=order.id,
        shipment_id=consignment.shipment.id,
        currency=order.currency,
        net_minor=sum(part.net_minor for part in worth),
        tax_minor=sum(part.tax_minor for part in worth),
        taxes=stored(worth),
        issued_at=at,
        due_at=at + timedelta(days=case.customer.terms_days),
    )


def _tell(case: Case, shipment: Shipment, at: datetime, actor: Actor) -> None:
    data = {"status": shipment.status, "number": shipment.number}
    kind = EventKind.SHIPMENT_STATUS_CHANGED
    case.office.journal.record(at, actor, shipment, kind, data, order=case.order)
