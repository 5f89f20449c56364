"""The preview of an order: the same computation, not stored."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from models.catalog import Product
from models.orders import Order, OrderLine
from models.rules.access import Actor, Permission
from models.rules.catalog import sendable_on
from models.rules.errors import DomainError, Refused, refuse
from models.rules.events import SubjectKind
from models.rules.freight import RatePart, sum_by_rate
from models.rules.money import Amount, TaxedAmount, UnknownCurrency, exponent
from models.rules.order_states import OrderAction, OrderStatus
from services.aggregates import credit, order_status
from services.aggregates.allocation import Foreseen, foresee, incoming
from services.aggregates.amounts import parts_of
from services.aggregates.lines import counts_of
from services.aggregates.selling import refuse_blocked
from services.orders.entry import Drawn, PlaceOrder, draw_up
from services.orders.place import channel_to_place
from services.storage import database
from services.work import clock, policy
from services.work.references import check
from services.work.work import Work


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """A line as it would be stored. `available` units can be promised now, all by `earliest`.

    `earliest` is None if it is unknown, or never.
    """

    sku: str
    name: str
    quantity: int
    unit_price: Amount
    discount_rate: Decimal
    tax_rate: Decimal
    total: TaxedAmount
    available: int
    earliest: date | None


@dataclass(frozen=True, slots=True)
class OrderPreview:
    """An order as it would be stored; `taxes` are those of its lines and its freight by rate.

    `status` is the status that it would get, None if it would be refused with `errors`.
    """

    currency: str
    subtotal: TaxedAmount
    discount: Amount
    shipping: TaxedAmount
    total: TaxedAmount
    taxes: list[RatePart] = field(default_factory=list)
    status: OrderStatus | None = None
    lines: list[PreviewLine] = field(default_factory=list)
    errors: list[DomainError] = field(default_factory=list)


async def preview_order(actor: Actor, command: PlaceOrder) -> OrderPreview:
    """The result of `place_order` for the command now, or its errors.

    It only reads: it takes no stock, credit or number, and no lock. A refused command is computed
    as far as possible: all of it if only stock, credit, the channel or the reference is refused;
    otherwise without the refused lines, and not at all if more than lines is wrong.

    Raises:
        Forbidden: the actor may not place orders.
    """
    actor.require(Permission.ORDERS_WRITE)
    work = Work(actor, clock.now(), database.connection(), policy.current())
    errors: list[DomainError] = []
    try:
        channel_to_place(command)
        drawn = await draw_up(work, command)
    except Refused as refusal:
        errors = refusal.errors
        try:
            drawn = await draw_up(work, _without_refused_lines(command, errors))
        except Refused:
            return preview_of_nothing(command.currency, errors)
    foreseen = await foresee(work, drawn.lines, drawn.products, stock=drawn.stock)
    errors = errors or await _refusals(work, command, drawn, foreseen)
    if not errors:
        guards = credit.foresee(drawn.order, drawn.customer, work.policy.currency)
        order_status.step(drawn.order, OrderAction.SUBMIT, *guards)
    return await _shown(work, drawn, foreseen.missing, errors)


def preview_of_nothing(currency: str | None, errors: list[DomainError]) -> OrderPreview:
    """The preview of an order that is refused before any amount can be computed."""
    try:
        exponent(currency or "")
    except UnknownCurrency:
        currency = None
    currency = currency or policy.current().currency
    none = TaxedAmount(0, 0, currency)
    return OrderPreview(currency, none, Amount(0, currency), none, none, errors=errors)


def _without_refused_lines(command: PlaceOrder, errors: list[DomainError]) -> PlaceOrder:
    """The command without the lines that the errors name by their places."""
    refused = {error.path[1] for error in errors if error.path[:1] == ("lines",) and error.path[1:]}
    lines = (line for place, line in enumerate(command.lines) if str(place) not in refused)
    return replace(command, lines=tuple(lines))


async def _refusals(
    work: Work, command: PlaceOrder, drawn: Drawn, foreseen: Foreseen
) -> list[DomainError]:
    """The errors of `place_order` for an order without errors of its input; in its sequence."""
    try:
        refuse_blocked(drawn.customer, drawn.order)
        refuse(foreseen.errors)
        if command.external_key is not None:
            await check(work, SubjectKind.ORDER, None, command.external_key)
    except Refused as refusal:
        return refusal.errors
    return []


async def _shown(
    work: Work, drawn: Drawn, missing: Mapping[UUID, int], errors: list[DomainError]
) -> OrderPreview:
    order, lines = drawn.order, drawn.lines
    currency = order.currency
    days = await _earliest(work, drawn, missing)
    await work.pause()
    return OrderPreview(
        currency=currency,
        subtotal=TaxedAmount(order.subtotal_net_minor, order.subtotal_tax_minor, currency),
        discount=Amount(order.discount_minor, currency),
        shipping=TaxedAmount(order.shipping_net_minor, order.shipping_tax_minor, currency),
        total=TaxedAmount(order.total_net_minor, order.total_tax_minor, currency),
        taxes=_taxes(order, lines),
        status=None if errors else order.status,
        lines=[_line(line, missing.get(line.id, 0), days[line.id]) for line in lines],
        errors=errors,
    )


def _line(line: OrderLine, missing: int, earliest: date | None) -> PreviewLine:
    return PreviewLine(
        sku=line.sku,
        name=line.name,
        quantity=line.quantity,
        unit_price=Amount(line.unit_price_minor, line.currency),
        discount_rate=line.discount_rate,
        tax_rate=line.tax_rate,
        total=TaxedAmount(line.net_minor, line.tax_minor, line.currency),
        available=counts_of(line).open - missing,
        earliest=earliest,
    )


def _taxes(order: Order, lines: list[OrderLine]) -> list[RatePart]:
    goods = [RatePart(line.tax_rate, line.net_minor, line.tax_minor) for line in lines]
    return sum_by_rate([*goods, *parts_of(order)])


async def _earliest(
    work: Work, drawn: Drawn, missing: Mapping[UUID, int]
) -> dict[UUID, date | None]:
    """The earliest date of all units of each line, by its id, in the business's time zone."""
    short = {line.product_id for line in drawn.lines if line.product_id and line.id in missing}
    coming = await incoming(work, short)
    lead_times = await _lead_times(work, short)
    today = work.today
    days: dict[UUID, date | None] = {}
    for line in drawn.lines:
        product = drawn.products[line.product_id]
        days[line.id] = sendable_on(
            today,
            missing.get(line.id, 0),
            coming.get(product.id, 0),
            product.backorder,
            lead_times.get(product.id),
        )
    return days


async def _lead_times(work: Work, products: set[UUID]) -> dict[UUID, int]:
    """The lead time in days of each product's supplier, if it has one."""
    if not products:
        return {}
    rows = work.rows(Product).filter(id__in=list(products), supplier_id__isnull=False)
    found = await rows.values_list("id", "supplier__lead_time_days")
    return dict(found)
