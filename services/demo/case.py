"""An order under way: what may be done with it, with all that follows for stock and money.

It mirrors what the services do, on objects in memory instead of locked rows.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from models.customers import Customer
from models.fulfillment import Parcel, Return, ReturnLine, Shipment, ShipmentLine, TrackingEvent
from models.inventory import Reservation, StockItem
from models.orders import Order, OrderLine
from models.payments import Invoice, Payment
from models.references import SearchToken
from models.rules.access import Actor
from models.rules.events import EventKind, SubjectKind
from models.rules.inventory import MovementKind
from models.rules.order_states import OrderAction, OrderStatus
from models.rules.return_states import AWAITED
from services.aggregates import order_status
from services.aggregates.amounts import sum_up, tax_freight
from services.aggregates.orders import completes, derive, enter_stage, facts
from services.demo.dice import Dice
from services.demo.journal import WAREHOUSE, Journal
from services.demo.numbers import Numbers
from services.demo.rows import Rows, made
from services.demo.stockroom import Stockroom
from services.work import search

Story = Generator[timedelta | None, datetime, None]
"""What becomes of an order: how long until the next step, None until goods have come."""


@dataclass(frozen=True, slots=True)
class Office:
    """Where the papers lie: what every order of the history is worked on with.

    `resume` goes on with an order that waited for goods.
    """

    dice: Dice
    rows: Rows
    journal: Journal
    stockroom: Stockroom
    numbers: Numbers
    resume: Callable[["Case", datetime], None]


@dataclass(slots=True)
class Consignment:
    """A shipment with its units by line."""

    shipment: Shipment
    units: dict[UUID, int]


@dataclass(slots=True)
class Comeback:
    """A return with its lines."""

    request: Return
    lines: list[ReturnLine]


@dataclass(slots=True)
class Case:
    """One order with everything that belongs to it.

    `back` counts what is in a warehouse again, by line and warehouse.
    """

    office: Office
    customer: Customer
    order: Order
    lines: list[OrderLine]
    held: dict[tuple[UUID, UUID], Reservation] = field(default_factory=dict)
    consignments: list[Consignment] = field(default_factory=list)
    parcels: list[Parcel] = field(default_factory=list)
    tracking: list[dict[str, Any]] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    invoices: list[Invoice] = field(default_factory=list)
    comebacks: list[Comeback] = field(default_factory=list)
    back: defaultdict[UUID, Counter[UUID]] = field(default_factory=lambda: defaultdict(Counter))
    story: Story | None = None
    waits: bool = False

    @property
    def is_waiting(self) -> bool:
        """Whether goods are still to come for it."""
        return any(line.backordered for line in self.lines)

    def line(self, key: UUID) -> OrderLine:
        return next(line for line in self.lines if line.id == key)

    def place(self, at: datetime, actor: Actor, status: OrderStatus) -> None:
        """The order comes in: what can be promised is reserved, the rest waits."""
        order_status.arrive(self.order, status)
        self.promise(at, actor)
        tax_freight(self.order, self.lines)
        sum_up(self.order, self.lines, self.office.numbers.policy.currency)
        derive(self.order, self.lines, 0)
        enter_stage(self.order, at, self.office.numbers.policy.deadlines)
        data = {"lines": len(self.lines), "totalMinor": self.order.total_gross_minor}
        after = facts(self.order)
        journal = self.office.journal
        kind = EventKind.ORDER_PLACED
        journal.record(at, actor, self.order, kind, data, order=self.order, after=after)

    def draft(self, at: datetime, actor: Actor) -> None:
        """Somebody begins an order and leaves it for later; nothing is promised."""
        order_status.arrive(self.order, OrderStatus.DRAFT)
        self.order.placed_at = None
        tax_freight(self.order, self.lines)
        sum_up(self.order, self.lines, self.office.numbers.policy.currency)
        derive(self.order, self.lines, 0)
        enter_stage(self.order, at, self.office.numbers.policy.deadlines)
        data = {"lines": len(self.lines), "totalMinor": self.order.total_gross_minor}
        after = facts(self.order)
        kind = EventKind.ORDER_EDITED
        self.office.journal.record(at, actor, self.order, kind, data, order=self.order, after=after)

    def promise(self, at: datetime, actor: Actor) -> None:
        """Reserve for every line what its product has, and queue up for what is missing."""
        stockroom = self.office.stockroom
        plan = stockroom.promise(at, self.lines)
        for take in plan.takes:
            self._hold(
                self.line(take.line_key),
                stockroom.by_id[take.stock_item_id],
                take.quantity,
                at,
                actor,
            )
        for key, missing in plan.shortages.items():
            line = self.line(key)
            line.backordered += missing
            stockroom.wait(self, line, at)

    def _hold(
        self, line: OrderLine, item: StockItem, units: int, at: datetime, actor: Actor
    ) -> None:
        self.office.stockroom.move(at, actor, item, MovementKind.RESERVE, units, line=line)
        self.office.stockroom.replenish(item, at)
        line.reserved += units
        reservation = self.held.get((line.id, item.id))
        if reservation is None:
            self.held[line.id, item.id] = made(
                Reservation,
                id=self.office.dice.id_at(at),
                order_line_id=line.id,
                stock_item_id=item.id,
                quantity=units,
                created_at=at,
            )
        else:
            reservation.quantity += units

    def release(self, line: OrderLine, units: int, at: datetime, actor: Actor, why: str) -> None:
        """Give units of a line, which lie in no shipment, back to the shelves."""
        remaining = units
        for (line_id, item_id), reservation in list(self.held.items()):
            given = min(remaining, reservation.quantity)
            if line_id != line.id or not given:
                continue
            item = self.office.stockroom.by_id[item_id]
            self.office.stockroom.move(at, actor, item, MovementKind.RELEASE, -given, why, line)
            self.shrink((line_id, item_id), given)
            remaining -= given
        line.reserved -= units

    def shrink(self, key: tuple[UUID, UUID], units: int) -> None:
        """Take units off a reservation; one that holds none any more is gone."""
        self.held[key].quantity -= units
        if not self.held[key].quantity:
            del self.held[key]

    def settle(
        self,
        at: datetime,
        actor: Actor,
        before: dict[str, Any],
        data: dict[str, Any] | None = None,
        kind: EventKind = EventKind.ORDER_STATUS_CHANGED,
    ) -> None:
        """Derive the axes anew and tell what changed; what is settled completes."""
        order = self.order
        derive(order, self.lines, self._requested_units())
        if order.status is OrderStatus.CONFIRMED and completes(order, self.lines):
            order_status.step(order, OrderAction.COMPLETE)
        enter_stage(order, at, self.office.numbers.policy.deadlines)
        order.version += 1
        order.updated_at = at
        after = facts(order)
        changed = {name: value for name, value in after.items() if before[name] != value}
        self.office.journal.record(
            at,
            actor,
            order,
            kind,
            {**(data or {}), "changed": sorted(changed.keys() - {"updatedAt"})},
            order=order,
            before={name: before[name] for name in changed},
            after=changed,
        )

    def _requested_units(self) -> int:
        return sum(
            line.quantity - line.received
            for comeback in self.comebacks
            if comeback.request.status in AWAITED
            for line in comeback.lines
        )

    def fill(self, line: OrderLine, item: StockItem, units: int, at: datetime) -> None:
        """Goods have come that the line waited for: they are its own now."""
        before = facts(self.order)
        line.backordered -= units
        self._hold(line, item, units, at, WAREHOUSE)
        self.settle(at, WAREHOUSE, before, {"lineId": line.id.hex, "reserved": units})
        self.office.resume(self, at)

    def keep(self) -> None:
        """Hand over the rows: the order as it stands now, and all that belongs to it."""
        rows = self.office.rows
        for row in (
            *(self.order, *self.lines, *self.held.values()),
            *(consignment.shipment for consignment in self.consignments),
            *(comeback.request for comeback in self.comebacks),
            *(line for comeback in self.comebacks for line in comeback.lines),
            *(*self.parcels, *self.payments, *self.invoices),
        ):
            rows.add_model(row)
        for news in self.tracking:
            rows.add(TrackingEvent, news)
        for consignment in self.consignments:
            self._keep_contents(consignment)
        self._keep_words()

    def _keep_contents(self, consignment: Consignment) -> None:
        for line_id, quantity in consignment.units.items():
            self.office.rows.add(
                ShipmentLine,
                {
                    "id": self.office.dice.id_at(consignment.shipment.created_at),
                    "shipment_id": consignment.shipment.id,
                    "order_line_id": line_id,
                    "quantity": quantity,
                },
            )

    def _keep_words(self) -> None:
        for name, word in search.words_of(search.order_texts(self.order)):
            self.office.rows.add(
                SearchToken,
                {
                    "id": self.office.dice.id_at(self.order.created_at),
                    "subject_kind": SubjectKind.ORDER,
                    "subject_id": self.order.id,
                    "field": name,
                    "token": word,
                },
            )
