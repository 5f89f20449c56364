"""Placing orders and drafting them: all or nothing, with every reason against it at once."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from models.customers import Customer, CustomerAddress, CustomerGroup
from models.orders import Order, OrderLine
from models.rules.access import Actor, Permission
from models.rules.allocation import StockRow
from models.rules.errors import invalid, not_found
from models.rules.events import EventKind, SubjectKind
from models.rules.insights import standing
from models.rules.numbering import NumberKind
from models.rules.order_states import (
    FulfillmentStatus,
    OrderAction,
    OrderStatus,
    PaymentStatus,
    ReturnStatus,
)
from services.aggregates import credit, exchange, order_status
from services.aggregates.addresses import Address, check_address, snapshot
from services.aggregates.allocation import promise
from services.aggregates.amounts import rule_of, sum_up, tax_freight
from services.aggregates.orders import derive, enter_stage, facts
from services.aggregates.reservations import Promised, check_hold
from services.aggregates.selling import Products, refuse_blocked
from services.orders.entry import NewLine, build_lines, currency_of, goods_of
from services.orders.note import MAX_NOTE
from services.storage.statements import Query, fresh
from services.use_case import use_case
from services.work import clock, numbering, policy, search
from services.work.events import record
from services.work.inputs import amount, clean_channel
from services.work.references import ExternalKey, refer
from services.work.upserts import optional_text
from services.work.visibility import among
from services.work.work import Work

MAX_ATTRIBUTES: Final = 100
BUYER: Final = Query(
    """SELECT {columns} FROM customer
    LEFT JOIN customer_group ON customer_group.id = customer.group_id
    LEFT JOIN customer_address ON customer_address.customer_id = customer.id
        AND customer_address.position = 0
    WHERE customer.id = ?""",
    (
        Customer,
        (
            *("id", "name", "group_id", "blocked", "credit_limit_minor", "credit_used_minor"),
            "lifetime_minor",
        ),
    ),
    (CustomerGroup, ("id", "discount_rate")),
    (
        CustomerAddress,
        ("id", "name", "lines", "city", "region", "postal_code", "country_code", "phone"),
    ),
)


@dataclass(frozen=True)
class PlaceOrder:
    """What somebody orders. Without an address the customer's default is taken.

    Without a rate shipping bears the tax that the operator decided for freight.

    A draft with `reserve_until` holds its stock until then.
    """

    customer_id: UUID
    lines: tuple[NewLine, ...]
    channel: str = "default"
    currency: str | None = None
    shipping: Decimal = Decimal(0)
    shipping_tax_rate: Decimal | None = None
    shipping_address: Address | None = None
    billing_address: Address | None = None
    external_key: ExternalKey | None = None
    promised_at: datetime | None = None
    reserve_until: datetime | None = None
    note: str | None = None
    attributes: dict[str, Any] = field(default_factory=dict)


async def place_order(actor: Actor, command: PlaceOrder) -> Order:
    """An order with its stock reserved, or a refusal that changed nothing.

    It is confirmed; where it takes its customer over their credit limit, it waits for approval.

    Raises:
        Refused: every reason at once: an unknown customer or SKU, a bad quantity, price or
            currency, a StockShortage for each line that is short and may not wait.
        CreditExceeded: the customer is blocked.
    """
    actor.require(Permission.ORDERS_WRITE)
    channel = channel_to_place(command)
    return await _place(actor, command, channel, await _number(channel))


def channel_to_place(command: PlaceOrder) -> str:
    """The name of the channel by which an order, and no draft, is placed.

    Raises:
        InputError: it is none, or stock is to be held for a time.
    """
    if command.reserve_until is not None:
        raise invalid("Only a draft holds its stock for a time.", "reserveUntil")
    return clean_channel(command.channel)


async def draft_order(actor: Actor, command: PlaceOrder) -> Order:
    """A draft, to be submitted later. It owes nothing, and holds stock only if it asks for it.

    Raises:
        Refused: as for `place_order`; stock is looked at only where it is to be held.
    """
    actor.require(Permission.ORDERS_WRITE)
    channel = clean_channel(command.channel)
    return await _draft(actor, command, channel, await _number(channel))


async def _number(channel: str) -> str:
    company = policy.current()
    day = company.local(clock.now()).date()
    return await numbering.reserve(NumberKind.ORDER, company.order_number_pattern, day, channel)


@use_case(Permission.ORDERS_WRITE)
async def _place(work: Work, command: PlaceOrder, channel: str, number: str) -> Order:
    drawn = await draw_up(work, command)
    drawn.order.channel, drawn.order.number = channel, number
    refuse_blocked(drawn.customer, drawn.order)
    promised = await promise(work, drawn.lines, drawn.products, stock=drawn.stock)
    guards = await credit.take(work, drawn.order)
    order_status.step(drawn.order, OrderAction.SUBMIT, *guards)
    await _store(work, drawn, promised, EventKind.ORDER_PLACED, command.external_key)
    return drawn.order


@use_case(Permission.ORDERS_WRITE)
async def _draft(work: Work, command: PlaceOrder, channel: str, number: str) -> Order:
    # Here, and not before, so that a retry which comes later than that time is replayed.
    if command.reserve_until is not None:
        check_hold(command.reserve_until, work.now)
    drawn = await draw_up(work, command)
    drawn.order.channel, drawn.order.number = channel, number
    drawn.order.placed_at = None
    promised = Promised([], set())
    if command.reserve_until is not None:
        promised = await promise(work, drawn.lines, drawn.products, stock=drawn.stock)
        for each in promised.reservations:
            each.expires_at = command.reserve_until
    await _store(work, drawn, promised, EventKind.ORDER_EDITED, command.external_key)
    return drawn.order


@dataclass(frozen=True, slots=True)
class Drawn:
    """An order as it was asked for, with its prices, before anything is promised or stored."""

    customer: Customer
    products: Products
    stock: list[StockRow]
    order: Order
    lines: list[OrderLine]


async def draw_up(work: Work, command: PlaceOrder) -> Drawn:
    """The order without channel and number, with its lines and amounts; it only reads.

    Raises:
        Refused: an unknown customer or SKU, a bad quantity, price, currency, address ...
    """
    customer, group, default = await buyer(work, command.customer_id)
    goods = await goods_of(work, command.lines)
    currency = currency_of(command.currency, goods.products, work.policy.currency)
    order = _blank(work, command, default, currency)
    order.company_rate = await company_rate(work, customer, currency)
    discount_rate = discount_of(customer, group)
    await work.pause()
    lines = build_lines(
        order.id, command.lines, goods.products, currency, discount_rate, order.rounding
    )
    await work.pause()
    tax_freight(order, lines)
    sum_up(order, lines, work.policy.currency)
    await work.pause()
    products: Products = {each.id: each for each in goods.products.values()}
    return Drawn(customer, products, goods.stock, order, lines)


async def company_rate(
    work: Work, customer: Customer, currency: str, field: str = "currencyCode"
) -> Decimal | None:
    """What the order's currency is worth today; None for the company's own, and where nobody knows.

    Raises:
        InputError: at the field: nobody knows, and the customer's limit could not be kept.
    """
    if currency == work.policy.currency:
        return None
    rate = await exchange.rate_on(work, currency, work.today)
    if rate is None and customer.credit_limit_minor is not None:
        raise invalid(f"There is no exchange rate for {currency} yet.", field)
    return rate


async def _store(
    work: Work,
    drawn: Drawn,
    promised: Promised,
    kind: EventKind,
    external_key: ExternalKey | None,
) -> None:
    order, lines = drawn.order, drawn.lines
    derive(order, lines, requested_units=0)
    enter_stage(order, work.now, work.policy.deadlines)
    record(
        work,
        order,
        kind,
        order=order,
        data={"lines": len(lines), "totalMinor": order.total_gross_minor},
        after={**facts(order), "warehouses": sorted(key.hex for key in promised.warehouses)},
    )
    tokens = search.tokens(SubjectKind.ORDER, order.id, search.order_texts(order))
    await work.insert([order], lines, promised.reservations, tokens)
    await refer(work, SubjectKind.ORDER, order.id, external_key)


def discount_of(customer: Customer, group: CustomerGroup | None) -> Decimal:
    """The better of what the customer's group and their loyalty give, as a rate."""
    of_group = group.discount_rate if group else Decimal(0)
    return max(of_group, standing(customer.lifetime_minor).discount_rate)


async def buyer(
    work: Work, customer_id: UUID
) -> tuple[Customer, CustomerGroup | None, CustomerAddress | None]:
    """The customer with their group and default address.

    Raises:
        InputError: the actor sees no such customer.
    """
    found = await BUYER.rows(work.connection, customer_id)
    if not found or not await among(Customer, work.actor, [customer_id], work.connection):
        raise not_found("There is no such customer.", "customerId")
    customer, group, address = found[0]
    return customer, group, address


def _blank(
    work: Work, command: PlaceOrder, default: CustomerAddress | None, currency: str
) -> Order:
    """The order as it is before its lines are looked at."""
    home = snapshot(default) if default else None
    shipping_address = check_address(command.shipping_address, "shippingAddress") or home
    if len(command.attributes) > MAX_ATTRIBUTES:
        raise invalid(f"An order has at most {MAX_ATTRIBUTES} attributes.", "attributes")
    return fresh(
        Order,
        customer_id=command.customer_id,
        currency=currency,
        status=OrderStatus.DRAFT,
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
        shipping_tax_rule=rule_of(command.shipping_tax_rate, work.policy.freight_tax),
        rounding=work.policy.rounding,
        shipping_address=shipping_address,
        billing_address=check_address(command.billing_address, "billingAddress") or home,
        shipping_country=shipping_address["countryCode"] if shipping_address else None,
        note=optional_text(command.note, "note", MAX_NOTE),
        attributes=command.attributes,
    )
