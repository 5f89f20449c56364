"""A demo order and its possible steps, by the rules of the services.

The services' steps decide, count and record; the rows stay in memory until the order is finished.
"""

from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from tortoise.models import Model

from models.fulfillment import Parcel, Return, ReturnLine, Shipment, TrackingEvent
from models.inventory import Reservation, StockItem
from models.orders import Order, OrderLine
from models.payments import Invoice, Payment
from models.rules import units as trade
from models.rules.access import Actor
from models.rules.events import EventKind, SubjectKind
from models.rules.numbering import NumberKind
from models.rules.order_states import PAYING, OrderAction, OrderGuard, OrderStatus
from models.rules.payment_states import PaymentKind, check_payment
from models.rules.return_states import AWAITED
from models.rules.shipment_states import ShipmentStatus, allowed_statuses, has_left
from services.aggregates import billing, credit, order_status, reservations, shipments
from services.aggregates.amounts import price, sum_up, sums_of, tax_freight
from services.aggregates.lines import carry_out, counts_of
from services.aggregates.lots.places import Homes
from services.aggregates.orders import begin, facts, restate
from services.aggregates.reservations import Held, Take, not_gone
from services.demo.office import CARRIER, FINANCE, SALES, SUPPORT, WAREHOUSE, Office
from services.demo.people import Buyer
from services.demo.stockroom import Stockroom
from services.demo.words import CARRIERS, TRACKING_MESSAGES
from services.storage.rows import fresh
from services.work import search
from services.work.events import record

OrderRun = Generator[timedelta | None, None, None]
"""An order's run: the time until each next step, or None while it waits for goods."""


class Consignment(NamedTuple):
    """A shipment with its units by line."""

    shipment: Shipment
    units: dict[UUID, int]


class GoodsReturn(NamedTuple):
    """A return with its lines, by those of the order."""

    request: Return
    lines: dict[UUID, ReturnLine]


@dataclass(slots=True)
class Case:
    """One order with all its rows.

    `resume` continues it when goods arrive. `homes` are the warehouses that units have left,
    `papers` the rows that no later step needs.
    """

    office: Office
    stockroom: Stockroom
    buyer: Buyer
    order: Order
    lines: list[OrderLine]
    resume: Callable[["Case"], None]
    by_id: dict[UUID, OrderLine] = field(init=False)
    held: dict[tuple[UUID, UUID], Reservation] = field(default_factory=dict)
    consignments: list[Consignment] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    invoices: list[Invoice] = field(default_factory=list)
    goods_returns: list[GoodsReturn] = field(default_factory=list)
    papers: list[Model] = field(default_factory=list)
    homes: Homes = field(init=False)
    run: OrderRun | None = None
    waits: bool = False

    def __post_init__(self) -> None:
        self.by_id = {line.id: line for line in self.lines}
        self.homes = Homes(self.stockroom.priorities)

    @property
    def currency(self) -> str:
        """The company's currency."""
        return self.office.work.policy.currency

    @property
    def is_waiting(self) -> bool:
        """Whether the order still waits for goods."""
        return any(line.backordered for line in self.lines)

    @contextmanager
    def changed(
        self, actor: Actor, kind: EventKind = EventKind.ORDER_STATUS_CHANGED, **data: Any
    ) -> Iterator[dict[str, Any]]:
        """A change of the order by an actor: on exit statuses are derived and the event recorded.

        `data` are further data of the event.
        """
        self.office.by(actor)
        before = facts(self.order)
        yield data
        awaited = [each for each in self.goods_returns if each.request.status in AWAITED]
        announced = sum(
            row.quantity - row.received for each in awaited for row in each.lines.values()
        )
        work = self.office.by(actor)
        restate(work, self.order, self.lines, before, kind, data, announced)
        self._owe()

    def _owe(self) -> None:
        """Counts the order's balance; a lower one may have other orders approved."""
        change = credit.count_in(self.order, self.buyer.customer, self.currency)
        if change.credit_minor < 0:
            self.buyer.unapproved = [waits for waits in self.buyer.unapproved if waits()]

    def waits_for_approval(self) -> bool:
        """Whether the order still waits, after an automatic confirmation if credit allows it."""
        is_unapproved = self.order.status is OrderStatus.AWAITING_APPROVAL
        if is_unapproved and credit.may_owe(self.order, self.buyer.customer):
            self.decide(OrderAction.APPROVE, self.office.work.actor, byItself=True)
            return False
        return is_unapproved

    def draft(self) -> None:
        """Saves the order as a draft; nothing is reserved."""
        self.order.placed_at = None
        self._sum_up()
        begin(self.office.by(SALES), self.order, self.lines, EventKind.ORDER_EDITED, ())

    def place(self, actor: Actor) -> None:
        """Places the order: reserves available units, backorders the rest."""
        self.office.by(actor)
        self._sum_up()
        self._submit()
        places = {each.warehouse_id for each in self._held()}
        begin(self.office.work, self.order, self.lines, EventKind.ORDER_PLACED, places)
        self._owe()

    def submit(self) -> None:
        """Submits a draft."""
        with self.changed(SALES, EventKind.ORDER_PLACED, action=OrderAction.SUBMIT.value):
            self.order.placed_at = self.order.sorted_at = self.office.work.now
            self._submit()

    def _sum_up(self) -> None:
        tax_freight(self.order, self.lines)
        sum_up(self.order, self.lines, self.currency)

    def _submit(self) -> None:
        """Reserves available units, backorders the rest, and confirms if credit allows it."""
        plan = self.stockroom.plan(self.lines)
        self._hold(reservations.takes_of(plan, self.by_id))
        for line_id, missing in plan.shortages.items():
            carry_out(self.by_id[line_id], trade.wait, missing)
            self.stockroom.wait(self, self.by_id[line_id])
        guards = credit.foresee(self.order, self.buyer.customer, self.currency)
        order_status.step(self.order, OrderAction.SUBMIT, *guards)
        if guards:
            self.buyer.unapproved.append(self.waits_for_approval)

    def _hold(self, takes: list[Take]) -> None:
        self.stockroom.apply(reservations.counted(takes), promise=True)
        for each in reservations.reservations_of(self.office.work, takes):
            known = self.held.setdefault((each.order_line_id, each.stock_item_id), each)
            if known is not each:
                known.quantity += each.quantity

    def _held(self) -> list[Held]:
        items = self.stockroom.by_id
        return [Held(each, items[each.stock_item_id].warehouse_id) for each in self.held.values()]

    def _take_off(
        self, units: Mapping[Reservation, int], rule: trade.Rule, reason: str | None = None
    ) -> None:
        self.stockroom.apply(reservations.taken_off(units, self.by_id, rule, reason))
        for each in units:
            if not each.quantity:
                del self.held[each.order_line_id, each.stock_item_id]

    def fill(self, line: OrderLine, item: StockItem, units: int) -> None:
        """Gives a line the units that it waited for."""
        with self.changed(WAREHOUSE, served=units):
            carry_out(line, trade.stop_waiting, units)
            self._hold([Take(line, item.id, units)])
        self.resume(self)

    def decide(self, action: OrderAction, actor: Actor = SALES, **data: Any) -> None:
        """Approves, holds or releases the order."""
        with self.changed(actor, action=action.value, **data):
            order_status.step(self.order, action)

    def cancel(self, lines: list[OrderLine] | None = None) -> None:
        """Cancels unshipped units of lines, or of all, and releases their reservations."""
        chosen = self.lines if lines is None else lines
        with self.changed(SUPPORT, action=OrderAction.CANCEL.value):
            for consignment in self.consignments:
                is_packed = any(line.id in consignment.units for line in chosen)
                if is_packed and not_gone(consignment.shipment.status):
                    self._enter(consignment, ShipmentStatus.CANCELLED)
            for line in chosen:
                if inside := counts_of(line).inside:
                    carry_out(line, trade.cancel, inside)
            surplus = {line.id: counts_of(line).surplus for line in chosen}
            spare = reservations.loose_among(self._held(), {}, surplus)
            self._take_off(spare, trade.release, "the customer changed their mind")
            if all(line.cancelled == line.quantity for line in self.lines):
                order_status.step(self.order, OrderAction.CANCEL, OrderGuard.NOTHING_LEFT)
                return
            order_status.step(self.order, OrderAction.CANCEL)
            for line in self.lines:
                price(line, self.order.rounding)
            sum_up(self.order, self.lines, self.currency)

    def note(self, text: str) -> None:
        """Adds a note to the order."""
        order, work = self.order, self.office.by(SUPPORT)
        order.note = f"{order.note}\n{text}" if order.note else text
        order.updated_at = work.now
        record(work, order, EventKind.NOTE_ADDED, order=order, data={"field": "note"})

    def pay(
        self, kind: PaymentKind, amount_minor: int, method: str, earlier: Payment | None = None
    ) -> None:
        """Records a payment; `earlier` is the one that it captures, releases or refunds.

        Raises:
            ImpossiblePayment: the earlier payments do not allow it.
            NotAllowed: the order's status does not allow it.
        """
        left_minor = self.left(earlier) if earlier else None
        check_payment(sums_of(self.order), kind, amount_minor, left_minor)
        with self.changed(FINANCE, EventKind.PAYMENT_RECORDED) as data:
            payment = billing.payment_of(
                self.office.work,
                self.order,
                kind,
                amount_minor,
                method,
                reference=f"{method[:2].upper()}-{self.office.dice.between(10**7, 10**8 - 1)}",
                earlier_id=earlier.id if earlier else None,
            )
            data.update(billing.count_payment(self.order, payment))
            order_status.step(self.order, PAYING[kind])
            self.payments.append(payment)

    def refund(self, amount_minor: int) -> None:
        """Refunds an amount of the charges, the latest first."""
        for charge in [each for each in self.payments[::-1] if each.kind is PaymentKind.CHARGE]:
            if refunded := min(amount_minor, self.left(charge)):
                self.pay(PaymentKind.REFUND, refunded, charge.method, charge)
                amount_minor -= refunded

    def left(self, payment: Payment) -> int:
        """The part of the payment that no other payment has used, in minor units."""
        taken = (each.amount_minor for each in self.payments if each.payment_id == payment.id)
        return int(payment.amount_minor - sum(taken))

    @property
    def due(self) -> int:
        """The open amount, in minor units; below zero if too much was paid."""
        return int(self.order.total_gross_minor - sums_of(self.order).paid_minor)

    def last(self, kind: PaymentKind) -> Payment | None:
        """The latest payment of a kind."""
        return next((each for each in self.payments[::-1] if each.kind is kind), None)

    def prepare(self, share: float = 1) -> list[Consignment]:
        """Packs the reserved units, or a share of them, into one shipment for each warehouse."""
        packed: Counter[tuple[UUID, UUID]] = Counter()
        for each in self.consignments:
            for line_id, some in each.units.items() if not_gone(each.shipment.status) else ():
                packed[each.shipment.warehouse_id, line_id] += some
        loose = reservations.loose_by_place(self._held(), packed)
        if not loose:
            return []
        with self.changed(WAREHOUSE, action=OrderAction.PREPARE.value):
            order_status.step(self.order, OrderAction.PREPARE)
            return [self._pack(warehouse_id, units, share) for warehouse_id, units in loose.items()]

    def _pack(self, warehouse_id: UUID, units: dict[UUID, int], share: float) -> Consignment:
        number = self.office.number_in(self.order, NumberKind.SHIPMENT, len(self.consignments))
        some = {line_id: max(1, int(count * share)) for line_id, count in units.items()}
        work, order = self.office.work, self.order
        shipment, rows = shipments.pack(work, order, number, warehouse_id, some, self.by_id)
        self.papers += [shipment, *rows]
        self.consignments.append(Consignment(shipment, some))
        return self.consignments[-1]

    def advance(self, consignment: Consignment, status: ShipmentStatus) -> None:
        """Brings a shipment one step on, with the changes of stock, lines and invoice.

        Raises:
            ValueError: the step is not allowed.
        """
        shipment = consignment.shipment
        if status not in allowed_statuses(shipment.status):
            raise ValueError(f"{shipment.number}: {status} does not follow {shipment.status}")
        with self.changed(CARRIER if has_left(shipment.status) else WAREHOUSE):
            self._enter(consignment, status)

    def _enter(self, consignment: Consignment, status: ShipmentStatus) -> None:
        work, order, shipment = self.office.work, self.order, consignment.shipment
        news = None
        if shipments.leaves(shipment, status):
            self._send(consignment)
        if has_left(status):
            news = fresh(
                TrackingEvent,
                shipment_id=shipment.id,
                status=status,
                at=work.now,
                place=order.shipping_address["city"] if has_left(shipment.status) else None,
                message=TRACKING_MESSAGES[status],
            )
            self.papers.append(news)
        if status is ShipmentStatus.CANCELLED:
            others = [each.shipment for each in self.consignments if each is not consignment]
            order.has_shipment = any(each.status is not status for each in others)
        units = consignment.units
        shipments.enter(work, order, shipment, status, units, self.by_id, work.now, news)

    def _send(self, consignment: Consignment) -> None:
        """Ships the units: takes them out of stock and reservations, and bills them."""
        work, order, shipment = self.office.work, self.order, consignment.shipment
        taken = shipments.taken_out(shipment, consignment.units, self._held())
        self._take_off(taken, trade.ship)
        for line_id, some in consignment.units.items():
            self.homes.room[line_id, None][shipment.warehouse_id] += some
        self.papers += [
            self._parcel(shipment, position)
            for position in range(2 if len(consignment.units) > 4 else 1)
        ]
        pattern = work.policy.invoice_number_pattern
        number = self.office.number(NumberKind.INVOICE, pattern, order.channel)
        is_first = not self.invoices
        worth = billing.worth_of(order, consignment.units, self.lines, is_first=is_first)
        terms_days = self.buyer.customer.terms_days
        self.invoices.append(billing.invoice_of(work, order, shipment, number, worth, terms_days))

    def _parcel(self, shipment: Shipment, position: int) -> Parcel:
        carrier, prefix, url = self.office.dice.one(CARRIERS)
        number = f"{prefix}{self.office.dice.between(10**9, 10**10 - 1)}"
        return fresh(
            Parcel,
            shipment_id=shipment.id,
            position=position,
            carrier=carrier,
            tracking_number=number,
            tracking_url=f"{url}{number}",
        )

    def hand_over(self) -> None:
        """Hands over the rows of the order, to be written."""
        rows, texts = self.office.rows, search.order_texts(self.order)
        rows.add(self.order, *self.lines, *self.held.values(), *self.papers)
        rows.add(*self.payments, *self.invoices)
        rows.add(*search.tokens(SubjectKind.ORDER, self.order.id, texts))
