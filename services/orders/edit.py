"""Editing an order: its lines, its shipping and its addresses, by the difference."""

from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from models.customers import Customer
from models.inventory import Reservation
from models.orders import Order, OrderLine
from models.rules.access import Permission
from models.rules.errors import invalid, required
from models.rules.events import EventKind, SubjectKind
from models.rules.order_states import OrderAction, OrderStatus, order_actions
from models.rules.text import clean
from models.rules.units import settle_for
from services.aggregates import credit, order_status
from services.aggregates.addresses import Address, check_address
from services.aggregates.allocation import promise
from services.aggregates.amounts import rule_of, sum_up, tax_freight
from services.aggregates.lines import counts_of, lines_of, recount, save_lines, stop_waiting
from services.aggregates.orders import (
    check_version,
    facts_with_stock,
    lock_order,
    not_possible,
    references_of,
    settle,
    situation,
)
from services.aggregates.reservations import hold_until, release_units, store_reservations
from services.aggregates.selling import refuse_blocked
from services.orders.act import MAX_REASON
from services.orders.changes import EventFields, changes, event_fields
from services.orders.drafts import Hold, change_customer, held_until, hold_of, look_anew
from services.orders.edited_lines import Edit, EditedLine, draw_lines
from services.orders.entry import MAX_ATTRIBUTES
from services.orders.note import MAX_NOTE
from services.storage.statements import Statement
from services.use_case import use_case
from services.work.inputs import amount
from services.work.references import ExternalKey, keys_of, refer
from services.work.upserts import UNSET, Unset, given, optional_text
from services.work.work import Work

WORDS: Final = frozenset({"note", "external_key"})
"""Fields that an edit may change in any state: they concern neither goods nor money."""
# unscoped: lines of an order that the actor sees
DELETE: Final = Statement("DELETE FROM order_line WHERE id IN ?")


@dataclass(frozen=True)
class EditOrder:
    """The new values of an order. `lines` is the complete new list; unset fields stay.

    A draft can get another customer, and another end of its reservations; None releases them.
    """

    order_id: UUID
    version: int | None
    reason: str
    lines: tuple[EditedLine, ...] | Unset = UNSET
    shipping: Decimal | Unset | None = UNSET
    shipping_tax_rate: Decimal | Unset | None = UNSET
    shipping_address: Address | Unset | None = UNSET
    billing_address: Address | Unset | None = UNSET
    promised_at: datetime | Unset | None = UNSET
    attributes: dict[str, Any] | Unset = UNSET
    customer_id: UUID | Unset | None = UNSET
    reserve_until: datetime | Unset | None = UNSET
    note: str | Unset | None = UNSET
    external_key: ExternalKey | Unset | None = UNSET

    @property
    def is_about_words(self) -> bool:
        """Whether it changes only the note and the external reference."""
        optional = (field.name for field in fields(self) if field.default is UNSET)
        wanted = {name for name in optional if given(getattr(self, name))}
        return bool(wanted) and wanted <= WORDS


@use_case(Permission.ORDERS_WRITE)
async def edit_order(work: Work, command: EditOrder) -> Order:
    """The order after the edit; the difference in stock was reserved and released.

    A missing line is cancelled as far as it has not shipped; of a draft it is deleted.
    `services.orders.drafts` changes the customer and the reservations of a draft. An edit of note
    and key alone is possible in every state.

    Raises:
        VersionConflict: the order has changed since the caller read it.
        IllegalTransition: its state allows no edit.
        Refused: every reason at once: shipped or preparing units would shrink or change their
            price, unknown lines or SKUs, a StockShortage for each short line. Another shipping
            after the first invoice. No lines left. Another customer of a placed order, or an end of
            its reservations. A key of another order.
        CreditExceeded: it would exceed the customer's limit, or a blocked customer's order would
            grow.
    """
    if not clean(command.reason) or len(command.reason) > MAX_REASON:
        raise invalid(f"A reason has 1 to {MAX_REASON} characters.", "reason")
    order = await lock_order(work, command.order_id)
    if command.version is not None:
        check_version(order, command.version)
    before = await facts_with_stock(work, order)
    if given(command.external_key):
        before["references"] = await references_of(order.id, work.connection)
    lines = await lines_of(work, order)
    seen = await _event_fields(work, command, order, lines)
    lines = await _edit(work, command, order, lines)
    await work.pause()
    data = {
        "reason": clean(command.reason),
        **changes(seen, await _event_fields(work, command, order, lines)),
        "totalMinor": order.total_gross_minor,
    }
    await settle(work, order, lines, before, EventKind.ORDER_EDITED, data)
    return order


async def _edit(
    work: Work, command: EditOrder, order: Order, lines: list[OrderLine]
) -> list[OrderLine]:
    """The order's lines after the edit, stored; the order itself is not saved yet."""
    if not command.is_about_words:
        edit = await draw_up(work, command, order, lines)
        await _apply(work, command, edit)
        order_status.step(order, OrderAction.EDIT)
        lines = edit.lines
    write_note(command, order)
    if isinstance(command.external_key, ExternalKey):
        await refer(work, SubjectKind.ORDER, order.id, command.external_key)
    return lines


def write_note(command: EditOrder, order: Order) -> None:
    """Sets the order's note, if the command has one.

    Raises:
        InputError: it is too long.
    """
    if not isinstance(command.note, Unset):
        order.note = optional_text(command.note, "note", MAX_NOTE)


async def _event_fields(
    work: Work, command: EditOrder, order: Order, lines: list[OrderLine]
) -> EventFields:
    """The order's fields for its event, with those stored beside it if they may change."""
    beside: dict[str, Any] = {}
    if given(command.reserve_until):
        until = await held_until(work, order)
        beside["reserveUntil"] = until.isoformat() if until else None
    if given(command.external_key):
        known = await keys_of(SubjectKind.ORDER, order.id, work.connection)
        beside["externalRef"] = {each.system: each.key for each in known}
    return event_fields(order, lines, beside)


async def draw_up(work: Work, command: EditOrder, order: Order, lines: list[OrderLine]) -> Edit:
    """The edited order and its lines; nothing is stored or reserved yet.

    Raises:
        IllegalTransition: the order's state allows no edit.
        Refused: as `edit_order`, for errors of the input itself.
    """
    if OrderAction.EDIT not in order_actions(situation(order, lines)):
        raise await not_possible(work, order, lines, OrderAction.EDIT)
    theirs = order.customer_id
    if not isinstance(command.customer_id, Unset):
        if command.customer_id is None:
            raise required("An order has a customer.", "customerId")
        await change_customer(work, order, lines, command.customer_id)
    # unscoped: the order's own customer decides on prices and credit
    customers = Customer.filter(id=order.customer_id).using_db(work.connection)
    edit = Edit(order, await customers.select_related("group").get(), lines)
    if not isinstance(command.shipping, Unset):
        order.shipping_net_minor = _shipping(order, lines, command.shipping or Decimal(0))
    if not isinstance(command.shipping_tax_rate, Unset):
        order.shipping_tax_rule = _tax_rule(work, order, lines, command.shipping_tax_rate)
    _write_down(command, order)
    if not isinstance(command.lines, Unset):
        await draw_lines(work, edit, command.lines)
    prices = (command.lines, command.shipping, command.shipping_tax_rate)
    is_priced = any(map(given, prices)) or order.customer_id != theirs
    if is_priced and not _is_billed(lines):
        tax_freight(order, edit.lines)
    await work.pause()
    sum_up(order, edit.lines, work.policy.currency)
    return edit


def _write_down(command: EditOrder, order: Order) -> None:
    """Sets the order's fields beside goods and money."""
    if not isinstance(command.shipping_address, Unset):
        order.shipping_address = check_address(command.shipping_address, "shippingAddress")
        there = order.shipping_address
        order.shipping_country = there["countryCode"] if there else None
    if not isinstance(command.billing_address, Unset):
        order.billing_address = check_address(command.billing_address, "billingAddress")
    if not isinstance(command.promised_at, Unset):
        order.promised_at = command.promised_at
    if not isinstance(command.attributes, Unset):
        if len(command.attributes) > MAX_ATTRIBUTES:
            raise invalid(f"An order has at most {MAX_ATTRIBUTES} attributes.", "attributes")
        order.attributes = command.attributes


def _is_billed(lines: list[OrderLine]) -> bool:
    """Whether anything has left: the freight was billed with it, and stays."""
    return any(line.shipped for line in lines)


def _tax_rule(work: Work, order: Order, lines: list[OrderLine], rate: Decimal | None) -> str:
    rule = rule_of(rate, work.policy.freight_tax)
    if rule != order.shipping_tax_rule and _is_billed(lines):
        raise invalid("What has shipped was billed with its shipping.", "shippingTaxRate")
    return rule


def _shipping(order: Order, lines: list[OrderLine], cost: Decimal) -> int:
    minor = amount(cost, order.currency, "shipping")
    if minor != order.shipping_net_minor and _is_billed(lines):
        raise invalid("What has shipped was billed with its shipping.", "shipping")
    return minor


async def _apply(work: Work, command: EditOrder, edit: Edit) -> None:
    """Releases, reserves, and stores. Stock is released before more is taken."""
    order = edit.order
    hold, spare, wanting = await let_go(work, command, edit)
    await release_units(work, spare, edit.by_id(), "edited")
    if edit.removed:
        await DELETE.change(work.connection, [line.id for line in edit.removed])
    await save_lines(work, edit.lines)  # the database counts the backorders
    reservations: list[Reservation] = []
    if order.status is not OrderStatus.DRAFT or hold.until:
        promised = await promise(work, wanting, edit.products, places=edit.places)
        reservations = promised.reservations
    for each in reservations:
        each.expires_at = hold.until
    if order.status is not OrderStatus.DRAFT:
        await credit.take_more(work, order)
    await work.insert(edit.added)
    await store_reservations(work, reservations)
    if hold.until and hold.was:
        await hold_until(work, edit.lines, hold.until)


async def let_go(
    work: Work, command: EditOrder, edit: Edit
) -> tuple[Hold, dict[UUID, int], list[OrderLine]]:
    """The change of the reservations' end, the units to release, and the lines that grow.

    Surplus backorders are ended; surplus reserved units are only counted, by line. Nothing is
    stored.

    Raises:
        CreditExceeded: the customer is blocked, and the order would grow.
        InputError: the end of the reservations is not possible.
        Refused: a draft would begin to reserve a discontinued product.
    """
    order = edit.order
    if order.status is not OrderStatus.DRAFT and (edit.grown or edit.added):
        refuse_blocked(edit.customer, order)
    hold = await hold_of(work, order, command.reserve_until)
    lines = edit.by_id()
    if hold.ends:
        stop_waiting(lines.values())
        spare: dict[UUID, int] = {line_id: line.reserved for line_id, line in lines.items()}
    else:
        for line in lines.values():
            recount(line, settle_for(counts_of(line)))
        spare = {line_id: counts_of(line).surplus for line_id, line in lines.items()}
    if not hold.begins:
        return hold, spare, [*edit.grown, *edit.added]
    edit.products = await look_anew(work, edit.lines, edit.places)
    return hold, spare, edit.lines
