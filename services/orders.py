"""Placing orders, noting on them, and keeping their derived axes true."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from tortoise.backends.base.client import BaseDBAsyncClient

from models.columns import new_id
from models.customers import Customer, CustomerAddress
from models.fulfillment import Return, ReturnLine, Shipment
from models.inventory import Reservation, StockItem
from models.orders import Order, OrderLine
from models.rules.access import Actor, Permission
from models.rules.delays import due_at, stage_of
from models.rules.errors import (
    DomainError,
    ErrorCode,
    VersionConflict,
    invalid,
    not_found,
    required,
)
from models.rules.events import EventKind, SubjectKind
from models.rules.numbering import NumberKind
from models.rules.order_states import (
    FulfillmentStatus,
    LineCounts,
    OrderStatus,
    PaymentStatus,
    ReturnStatus,
    fulfillment_status,
    payment_status,
    return_status,
)
from models.rules.payment_states import PaymentSums
from models.rules.return_states import ReturnState
from models.rules.text import clean
from services import clock, numbering, policy, search
from services.addresses import Address, check_address, snapshot
from services.events import record
from services.order_entry import (
    NewLine,
    amount,
    build_lines,
    clean_channel,
    currency_of,
    products_of,
    sum_up,
)
from services.references import ExternalKey, refer
from services.reserving import promise
from services.transaction import Work, use_case
from services.visibility import visible

MAX_NOTE: Final = 10_000
MAX_ATTRIBUTES: Final = 100


@dataclass(frozen=True)
class PlaceOrder:
    """What somebody orders. Without an address the customer's default is taken."""

    customer_id: UUID
    lines: tuple[NewLine, ...]
    channel: str = "default"
    currency: str | None = None
    shipping: Decimal = Decimal(0)
    shipping_address: Address | None = None
    billing_address: Address | None = None
    external_key: ExternalKey | None = None
    promised_at: datetime | None = None
    note: str | None = None
    attributes: dict[str, Any] = field(default_factory=dict)


async def place_order(actor: Actor, command: PlaceOrder) -> Order:
    """A confirmed order with its stock reserved, or a refusal that changed nothing.

    Raises:
        Refused: every reason at once: an unknown customer or SKU, a bad quantity, price or
            currency, a StockShortage for each line that is short and may not wait.
    """
    actor.require(Permission.ORDERS_WRITE)
    channel = clean_channel(command.channel)
    pattern = policy.current().order_number_pattern
    number = await numbering.reserve(NumberKind.ORDER, pattern, clock.now(), channel)
    return await _place(actor, command, channel, number)


@use_case(Permission.ORDERS_WRITE)
async def _place(work: Work, command: PlaceOrder, channel: str, number: str) -> Order:
    customer = await _buyer(work, command.customer_id)
    products = await products_of(work, command.lines)
    currency = currency_of(command.currency, products)
    order = await _blank(work, command, customer, currency)
    order.channel, order.number = channel, number
    lines = build_lines(order.id, command.lines, products, currency)
    sum_up(order, lines)
    by_id = {product.id: product for product in products.values()}
    reservations = await promise(work, lines, by_id)
    derive(order, lines, requested_units=0)
    enter_stage(order, work.now)
    record(
        work,
        order,
        EventKind.ORDER_PLACED,
        order=order,
        data={"lines": len(lines), "totalMinor": order.total_gross_minor},
        after={**facts(order), "warehouses": await _promised_in(work, reservations)},
    )
    await order.save(force_create=True, using_db=work.connection)
    await work.insert(lines)
    await work.insert(reservations)
    await refer(work, SubjectKind.ORDER, order.id, command.external_key)
    found_by = {"number": number, "customer": customer.name}
    await work.insert(search.tokens(SubjectKind.ORDER, order.id, found_by))
    return order


@use_case(Permission.ORDERS_WRITE)
async def note_on_order(work: Work, order_id: UUID, text: str) -> Order:
    """The order with a line added to its note. Nobody's version is in the way of a note.

    Raises:
        InputError: no such order; an empty text, or a note that would become too long.
    """
    order = await lock_order(work, order_id)
    added = clean(text)
    if not added:
        raise required("What is to be noted?", "text")
    note = f"{order.note}\n{added}" if order.note else added
    if len(note) > MAX_NOTE:
        raise invalid(f"A note has at most {MAX_NOTE} characters.", "text")
    order.note = note
    data = {"field": "note"}
    record(work, order, EventKind.NOTE_ADDED, order=order, data=data, after=facts(order))
    order.updated_at = work.now
    await order.save(update_fields=["note", "event_seq", "updated_at"], using_db=work.connection)
    return order


async def lock_order(work: Work, order_id: UUID, *path: str) -> Order:
    """The order, locked until the transaction ends.

    Raises:
        InputError: the actor sees no such order.
    """
    rows = visible(Order, work.actor).using_db(work.connection).select_for_update()
    order = await rows.get_or_none(id=order_id)
    if order is None:
        raise not_found("There is no such order.", *(path or ("id",)))
    return order


def check_version(order: Order, version: int) -> None:
    """Pass where the caller saw the order as it is.

    Raises:
        VersionConflict: it has changed since.
    """
    if order.version != version:
        raise VersionConflict(version, order.version, order)


async def lines_of(work: Work, order: Order) -> list[OrderLine]:
    """The order's lines in their order."""
    rows = OrderLine.filter(order_id=order.id).using_db(work.connection)
    return await rows.order_by("position")


async def settle(
    work: Work,
    order: Order,
    lines: list[OrderLine],
    before: dict[str, Any],
    kind: EventKind = EventKind.ORDER_STATUS_CHANGED,
    data: dict[str, Any] | None = None,
) -> None:
    """Derive the order's axes anew, save it, and record what changed since `before`.

    The event keeps all facts as they are now and those that changed as they were, so that a stream
    can tell who is concerned without asking the database about a past that is gone.
    An order whose units have all arrived and that is paid completes by itself.
    """
    derive(order, lines, await _requested_units(work, order))
    if (
        order.status is OrderStatus.CONFIRMED
        and order.fulfillment_status is FulfillmentStatus.DELIVERED
        and order.payment_status in (PaymentStatus.PAID, PaymentStatus.OVERPAID)
    ):
        order.status = OrderStatus.COMPLETED
    enter_stage(order, work.now)
    order.version += 1
    order.updated_at = work.now
    after = facts(order)
    if "warehouses" in before:
        after["warehouses"] = await warehouses_of(order.id, work.connection)
    changed = sorted(name for name, value in after.items() if before[name] != value)
    record(
        work,
        order,
        kind,
        order=order,
        data={**(data or {}), "changed": changed},
        before={name: before[name] for name in changed},
        after=after,
    )
    await order.save(using_db=work.connection)


def derive(order: Order, lines: list[OrderLine], requested_units: int) -> None:
    """Set the derived axes from the lines' counts and the sums of the payments."""
    counts = [counts_of(line) for line in lines]
    order.fulfillment_status = fulfillment_status(counts)
    order.payment_status = payment_status(sums_of(order))
    order.return_status = return_status(counts, requested_units)


def enter_stage(order: Order, at: datetime) -> None:
    """Set what the order waits for by its axes, and until when; a stage that is new begins at `at`.

    The due time is set anew also where the stage stays: what was promised may have changed.
    """
    stage = stage_of(order.status, order.fulfillment_status)
    if stage is not order.stage:
        order.stage, order.stage_since, order.delayed_stage = stage, at, None
    if stage is None:
        order.stage_since = order.stage_due_at = None
        return
    deadlines = policy.current().deadlines
    order.stage_due_at = due_at(stage, order.stage_since, order.promised_at, deadlines)


def counts_of(line: OrderLine) -> LineCounts:
    """Where the line's units are, for the rules."""
    return LineCounts(
        quantity=line.quantity,
        reserved=line.reserved,
        backordered=line.backordered,
        preparing=line.preparing,
        shipped=line.shipped,
        delivered=line.delivered,
        returned=line.returned,
        cancelled=line.cancelled,
    )


def sums_of(order: Order) -> PaymentSums:
    """The order's total and payments, for the rules."""
    return PaymentSums(
        total_minor=order.total_gross_minor,
        authorized_minor=order.authorized_minor,
        charged_minor=order.charged_minor,
        refunded_minor=order.refunded_minor,
    )


async def facts_with_stock(work: Work, order: Order) -> dict[str, Any]:
    """As `facts`, for what may change the warehouses that the order has units in."""
    return {**facts(order), "warehouses": await warehouses_of(order.id, work.connection)}


def facts(order: Order) -> dict[str, Any]:
    """What a filter may ask of the order's own columns, and its promise, as an event keeps it."""
    return {
        "number": order.number,
        "channel": order.channel,
        "customerId": order.customer_id.hex,
        "status": order.status.value,
        "fulfillment": order.fulfillment_status.value,
        "payment": order.payment_status.value,
        "totalMinor": order.total_gross_minor,
        "currency": order.currency,
        "country": order.shipping_country,
        "placedAt": order.placed_at.isoformat() if order.placed_at else None,
        "promisedAt": order.promised_at.isoformat() if order.promised_at else None,
        "stageDueAt": order.stage_due_at.isoformat() if order.stage_due_at else None,
    }


async def warehouses_of(order_id: UUID, connection: BaseDBAsyncClient | None = None) -> list[str]:
    """The ids, as hex, of the warehouses in which units are promised or which a shipment names."""
    shipped = Shipment.filter(order_id=order_id).using_db(connection)
    promised = Reservation.filter(order_line__order_id=order_id).using_db(connection)
    found: set[Any] = {*await shipped.distinct().values_list("warehouse_id", flat=True)}
    found |= {*await promised.distinct().values_list("stock_item__warehouse_id", flat=True)}
    return sorted(key.hex for key in found)


async def _promised_in(work: Work, reservations: list[Reservation]) -> list[str]:
    """As `warehouses_of`, for an order whose promises are not stored yet."""
    items = StockItem.filter(id__in=[each.stock_item_id for each in reservations])
    found: set[Any] = {
        *await items.using_db(work.connection).values_list("warehouse_id", flat=True)
    }
    return sorted(key.hex for key in found)


async def _requested_units(work: Work, order: Order) -> int:
    """Units that are announced to come back and have not arrived."""
    waiting = (ReturnState.REQUESTED, ReturnState.PARTLY_RECEIVED)
    if (
        not await Return.filter(order_id=order.id, status__in=waiting)
        .using_db(work.connection)
        .exists()
    ):
        return 0
    rows = ReturnLine.filter(
        return_request__order_id=order.id, return_request__status__in=waiting
    ).using_db(work.connection)
    return sum(row.quantity - row.received for row in await rows)


async def _buyer(work: Work, customer_id: UUID) -> Customer:
    rows = visible(Customer, work.actor).using_db(work.connection)
    customer = await rows.get_or_none(id=customer_id)
    if customer is None:
        raise not_found("There is no such customer.", "customerId")
    if customer.blocked:
        message = "This customer may not order at present."
        raise DomainError(ErrorCode.CREDIT_EXCEEDED, message, ("customerId",))
    return customer


async def _blank(work: Work, command: PlaceOrder, customer: Customer, currency: str) -> Order:
    """The order as it is before its lines are looked at."""
    default = await (
        CustomerAddress.filter(customer_id=customer.id, position=0)
        .using_db(work.connection)
        .first()
    )
    home = snapshot(default) if default else None
    shipping_address = check_address(command.shipping_address, "shippingAddress") or home
    note = clean(command.note) if command.note else None
    if note and len(note) > MAX_NOTE:
        raise invalid(f"A note has at most {MAX_NOTE} characters.", "note")
    if len(command.attributes) > MAX_ATTRIBUTES:
        raise invalid(f"An order has at most {MAX_ATTRIBUTES} attributes.", "attributes")
    return Order(
        id=new_id(),
        customer_id=customer.id,
        currency=currency,
        status=OrderStatus.CONFIRMED,
        fulfillment_status=FulfillmentStatus.UNFULFILLED,
        payment_status=PaymentStatus.UNPAID,
        return_status=ReturnStatus.NONE,
        placed_at=work.now,
        sorted_at=work.now,
        created_at=work.now,
        updated_at=work.now,
        promised_at=command.promised_at,
        shipping_net_minor=amount(command.shipping, currency, "shipping"),
        shipping_tax_minor=0,
        shipping_address=shipping_address,
        billing_address=check_address(command.billing_address, "billingAddress") or home,
        shipping_country=shipping_address["countryCode"] if shipping_address else None,
        note=note,
        attributes=command.attributes,
    )
