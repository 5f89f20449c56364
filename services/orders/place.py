"""Placing and drafting orders: all or nothing, with every error at once."""

from models.orders import Order
from models.rules.access import Actor, Permission
from models.rules.errors import invalid
from models.rules.events import EventKind, SubjectKind
from models.rules.numbering import NumberKind
from models.rules.order_states import OrderAction
from services.aggregates import credit, order_status
from services.aggregates.allocation import promise
from services.aggregates.orders import begin
from services.aggregates.reservations import Promised, check_hold
from services.aggregates.selling import refuse_blocked
from services.orders.entry import Drawn, PlaceOrder, draw_up
from services.use_case import use_case
from services.work import clock, numbering, policy, search
from services.work.inputs import clean_channel
from services.work.references import ExternalKey, refer
from services.work.work import Work


async def place_order(actor: Actor, command: PlaceOrder) -> Order:
    """The order with its stock reserved, or a refusal that changed nothing.

    It is confirmed; above its customer's credit limit it waits for approval.

    Raises:
        Refused: every reason at once: an unknown customer or SKU, a bad quantity, price or
            currency, a StockShortage for each short line without a backorder.
        CreditExceeded: the customer is blocked.
    """
    actor.require(Permission.ORDERS_WRITE)
    channel = channel_to_place(command)
    return await _place(actor, command, channel, await _number(channel))


def channel_to_place(command: PlaceOrder) -> str:
    """The channel of an order that is placed and not drafted.

    Raises:
        InputError: it is no channel, or the command has `reserve_until`.
    """
    if command.reserve_until is not None:
        raise invalid("Only a draft holds its stock for a time.", "reserveUntil")
    return clean_channel(command.channel)


async def draft_order(actor: Actor, command: PlaceOrder) -> Order:
    """A draft. It uses no credit, and reserves stock only with `reserve_until`.

    Raises:
        Refused: as for `place_order`; stock is checked only if it is to be reserved.
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
    # Checked in the transaction, so that a retry after that time is replayed.
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


async def _store(
    work: Work,
    drawn: Drawn,
    promised: Promised,
    kind: EventKind,
    external_key: ExternalKey | None,
) -> None:
    order, lines = drawn.order, drawn.lines
    begin(work, order, lines, kind, promised.warehouses)
    tokens = search.tokens(SubjectKind.ORDER, order.id, search.order_texts(order))
    await work.insert([order], lines, promised.reservations, tokens)
    await refer(work, SubjectKind.ORDER, order.id, external_key)
