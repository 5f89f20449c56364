"""Shipments: made from what is promised, shipped out of stock, followed to the door."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from models.rules.access import OPEN
from models.rules.shipment_states import ShipmentStatus
from services.aggregates.shipments import NewParcel
from services.fulfillment.parcels import SaveParcel, save_parcel
from services.fulfillment.ship import CreateShipment, create_shipment
from services.fulfillment.track import Track, track_shipment
from tests.support.model.commands import Ask, Names, Written
from tests.support.model.paper import INSIDE, LEFT, No, Order, Paper
from tests.support.model.parts import Shipment
from tests.support.model.promises import give_up

NEXT: Final = {
    "PENDING": "PICKING PACKED SHIPPED IN_TRANSIT OUT_FOR_DELIVERY DELIVERED CANCELLED",
    "PICKING": "PACKED SHIPPED IN_TRANSIT OUT_FOR_DELIVERY DELIVERED CANCELLED",
    "PACKED": "SHIPPED IN_TRANSIT OUT_FOR_DELIVERY DELIVERED CANCELLED",
    "SHIPPED": "IN_TRANSIT OUT_FOR_DELIVERY DELIVERED EXCEPTION",
    "IN_TRANSIT": "OUT_FOR_DELIVERY DELIVERED EXCEPTION",
    "OUT_FOR_DELIVERY": "DELIVERED EXCEPTION",
    "DELIVERED": "EXCEPTION",
    "EXCEPTION": "IN_TRANSIT OUT_FOR_DELIVERY DELIVERED",
    "CANCELLED": "",
}


def loose(order: Order, warehouse: str) -> dict[int, int]:
    """Units by line that are promised from a warehouse and lie in no shipment."""
    held = (each for each in order.holds if each.warehouse == warehouse)
    return {each.line: units for each in held if (units := order.loose(each)) > 0}


def prepare(paper: Paper, order: Order) -> None:
    """Everything that is promised lies in a shipment, one a warehouse."""
    for warehouse in paper.warehouses:
        if units := loose(order, warehouse):
            add_shipment(order, warehouse, units)


def add_shipment(order: Order, warehouse: str, units: dict[int, int], parcels: int = 0) -> None:
    posted = [("Post", "")] * parcels
    order.shipments.append(Shipment(len(order.shipments) + 1, warehouse, units, posted))


def leave(paper: Paper, order: Order, shipment: Shipment, status: str) -> None:
    """Its units go out of stock, and are billed with what they add to the price of their lines."""
    net = tax = 0
    for number, units in shipment.units.items():
        line = order.line(number)
        before = order.shipped(number)
        net_before, tax_before, _ = line.cost(before)
        net_after, tax_after, _ = line.cost(before + units)
        net += net_after - net_before
        tax += tax_after - tax_before
        paper.item(line.product.sku, shipment.warehouse).on_hand -= units
        for held in [*order.holds]:
            if (held.line, held.warehouse) == (number, shipment.warehouse):
                give_up(order, held, units)
    shipping, freight = (0, 0) if order.invoices else (order.shipping, order.freight)
    order.invoices.append((net + shipping, tax + freight))
    move(shipment, status)


def move(shipment: Shipment, status: str) -> None:
    shipment.status = status
    shipment.version += 1
    shipment.told += 1


@dataclass(frozen=True, repr=False)
class Ship(Written):
    """A new shipment from a warehouse: of so many units by line, or of all that is promised."""

    order: int
    warehouse: str
    units: tuple[tuple[int, int], ...] | None = None
    parcels: int = 0
    stale: bool = False

    def foresee(self, paper: Paper) -> None:
        order = paper.orders[self.order]
        if self.stale:
            raise No("VERSION_CONFLICT")
        if order.status != "CONFIRMED":
            raise No("ILLEGAL_TRANSITION")
        promised = loose(order, self.warehouse)
        units = promised if self.units is None else dict(self.units)
        wrong = [
            "INVALID" for line, some in units.items() if not 1 <= some <= promised.get(line, 0)
        ]
        if wrong or not units:
            raise No(*wrong or ["INVALID"])
        add_shipment(order, self.warehouse, units, self.parcels)
        order.settle(paper.now)

    def ask(self, paper: Paper, names: Names) -> Ask:
        units = None
        if self.units is not None:
            units = {names.of("line", self.order, line): some for line, some in self.units}
        command = CreateShipment(
            names.of("order", self.order),
            paper.orders[self.order].version - self.stale,
            names.of("warehouse", self.warehouse),
            units,
            (NewParcel("Post"),) * self.parcels,
        )
        return lambda: create_shipment(OPEN, command)


@dataclass(frozen=True, repr=False)
class Follow(Written):
    """What became of a shipment, or of one of its parcels, so many hours ago.

    Parcels are counted from 0.
    """

    order: int
    shipment: int
    status: str
    parcel: int | None = None
    hours: int = 0

    def foresee(self, paper: Paper) -> None:
        order = paper.orders[self.order]
        shipment = order.shipments[self.shipment - 1]
        at = paper.now - timedelta(hours=self.hours)
        if at < order.since:
            raise No("INVALID")
        is_late = any(each > at for each in shipment.news)
        moves = self.status in NEXT[shipment.status].split()
        outside = self.status in LEFT and shipment.status in LEFT
        if not (moves or outside or self.status == shipment.status):
            raise No("ILLEGAL_TRANSITION")
        leaves = shipment.status in INSIDE and self.status in LEFT
        if leaves and order.status != "CONFIRMED":
            raise No("ILLEGAL_TRANSITION")
        shipment.news.append(at)
        if is_late and "EXCEPTION" in (self.status, shipment.status):
            moves = False
        if self.parcel is not None and self.status == "DELIVERED":
            shipment.arrived.add(self.parcel)
            moves = moves and len(shipment.arrived) == len(shipment.parcels)
        if not moves:
            shipment.told += 1
            return
        if self.status in LEFT and shipment.status in INSIDE:
            leave(paper, order, shipment, self.status)
        else:
            move(shipment, self.status)
        order.settle(paper.now)

    def ask(self, paper: Paper, names: Names) -> Ask:
        key = names.of("shipment", self.order, self.shipment)
        parcel = self.parcel
        parcel_id = (
            None if parcel is None else names.of("parcel", self.order, self.shipment, parcel)
        )
        at = paper.now - timedelta(hours=self.hours) if self.hours else None
        command = Track(key, ShipmentStatus(self.status), parcel_id, at)
        return lambda: track_shipment(OPEN, command)


@dataclass(frozen=True, repr=False)
class Label(Written):
    """What a parcel, counted from 0, is called by its carrier; without one, a new parcel.

    What is None stays, and an empty text clears.
    """

    order: int
    shipment: int
    parcel: int | None = None
    carrier: str | None = None
    number: str | None = None

    def foresee(self, paper: Paper) -> None:
        shipment = paper.orders[self.order].shipments[self.shipment - 1]
        if self.parcel is None:
            if shipment.status == "CANCELLED":
                raise No("INVALID")
            shipment.parcels.append((self.carrier or "", self.number or ""))
            shipment.told += 1
            return
        carrier, number = before = shipment.parcels[self.parcel]
        carrier = carrier if self.carrier is None else self.carrier
        number = number if self.number is None else self.number
        shipment.parcels[self.parcel] = carrier, number
        shipment.told += before != (carrier, number)

    def ask(self, paper: Paper, names: Names) -> Ask:
        where = (self.order, self.shipment)
        parcel = None if self.parcel is None else names.of("parcel", *where, self.parcel)
        texts = NewParcel(self.carrier, self.number)
        command = SaveParcel(names.of("shipment", *where), texts, parcel)
        return lambda: save_parcel(OPEN, command)
