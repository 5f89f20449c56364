"""Editing an order: its lines, its shipping and its addresses, for the difference and no more."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from models.catalog import Product
from models.customers import Customer
from models.inventory import Reservation
from models.orders import Order, OrderLine
from models.rules.access import Actor, Permission
from models.rules.errors import DomainError, Refused, invalid, not_found
from models.rules.events import EventKind
from models.rules.money import Amount, TaxedAmount
from models.rules.order_states import OrderAction, OrderStatus, order_actions
from models.rules.pricing import shortest
from models.rules.text import clean
from services import credit
from services.addresses import Address, check_address
from services.fulfillment import COUNTS, save_counts
from services.order_actions import MAX_REASON
from services.order_entry import (
    NewLine,
    amount,
    build_lines,
    goods_of,
    sum_up,
    totals_of,
)
from services.orders import (
    check_version,
    facts_with_stock,
    lines_of,
    lock_order,
    not_possible,
    settle,
    situation,
)
from services.placing import MAX_ATTRIBUTES, discount_of
from services.promising import promise
from services.reserving import give_back, keep, open_units
from services.saving import UNSET, Unset, given
from services.transaction import Work, run, use_case

PRICES: Final = (
    "quantity",
    "unit_price_minor",
    "discount_rate",
    "net_minor",
    "tax_minor",
    "discount_minor",
)


@dataclass(frozen=True)
class EditedLine(NewLine):
    """A line as it is to be. Without `line_id` it is new; a price that is not given stays."""

    line_id: UUID | None = None


@dataclass(frozen=True)
class EditOrder:
    """How an order is to be. `lines` is the complete new list; what is unset stays as it is."""

    order_id: UUID
    version: int | None
    reason: str
    lines: tuple[EditedLine, ...] | Unset = UNSET
    shipping: Decimal | Unset | None = UNSET
    shipping_address: Address | Unset | None = UNSET
    billing_address: Address | Unset | None = UNSET
    promised_at: datetime | Unset | None = UNSET
    attributes: dict[str, Any] | Unset = UNSET


@dataclass(frozen=True, slots=True)
class Preview:
    """What an edit would come to, and why it would be refused."""

    before: TaxedAmount
    after: TaxedAmount
    errors: list[DomainError]

    @property
    def difference(self) -> Amount:
        """What the order would come to more, with tax."""
        more = self.after.gross.minor - self.before.gross.minor
        return Amount(more, self.before.currency)


@dataclass(slots=True)
class Edit:
    """An edit under way: the rows as they are to be. `places` are the lines' in the new list."""

    order: Order
    lines: list[OrderLine]
    added: list[OrderLine] = field(default_factory=list)
    removed: list[OrderLine] = field(default_factory=list)
    grown: list[OrderLine] = field(default_factory=list)
    products: dict[UUID, Product] = field(default_factory=dict)
    places: dict[UUID, int] = field(default_factory=dict)


class Seen(Exception):
    """Ends a transaction whose outcome was only to be seen."""

    def __init__(self, preview: Preview) -> None:
        super().__init__()
        self.preview = preview


@use_case(Permission.ORDERS_WRITE)
async def edit_order(work: Work, command: EditOrder) -> Order:
    """The order after the edit; stock was reserved and released for the difference.

    A line that is left out is cancelled as far as it has not shipped; of a draft it is deleted.

    Raises:
        VersionConflict: the order has changed since the caller read it.
        IllegalTransition: its state allows no edit.
        Refused: every reason at once: what has shipped or is being prepared would shrink or change
            its price, unknown lines or SKUs, a StockShortage for each line that is short. Another
            shipping where it was billed. Nothing that would be left.
        CreditExceeded: it would take the customer over their limit.
    """
    if not clean(command.reason) or len(command.reason) > MAX_REASON:
        raise invalid(f"A reason has 1 to {MAX_REASON} characters.", "reason")
    order = await lock_order(work, command.order_id)
    if command.version is not None:
        check_version(order, command.version)
    before = await facts_with_stock(work, order)
    lines = await _edit(work, command, order)
    data = {"fields": _fields(command), "totalMinor": order.total_gross_minor}
    await settle(work, order, lines, before, EventKind.ORDER_EDITED, data)
    return order


async def preview_edit(actor: Actor, command: EditOrder) -> Preview:
    """What the edit would come to, found out by doing it and taking it back.

    Raises:
        Forbidden: the actor may not edit orders.
        InputError: they see no such order.
    """
    actor.require(Permission.ORDERS_WRITE)

    async def see(work: Work) -> None:
        order = await lock_order(work, command.order_id)
        before = _sums(order)
        try:
            await _edit(work, command, order)
        except Refused as refusal:
            raise Seen(Preview(before, _sums(order), refusal.errors)) from None
        raise Seen(Preview(before, _sums(order), []))

    try:
        await run(actor, see)
    except Seen as seen:
        return seen.preview
    raise AssertionError("a preview never commits")


async def _edit(work: Work, command: EditOrder, order: Order) -> list[OrderLine]:
    """The order's lines after the edit, stored; the order itself is not saved yet."""
    lines = await lines_of(work, order)
    if OrderAction.EDIT not in order_actions(situation(order, lines)):
        raise await not_possible(work, order, lines, OrderAction.EDIT)
    edit = await _draw_up(work, command, order, lines)
    await _apply(work, edit)
    return edit.lines


def _sums(order: Order) -> TaxedAmount:
    return TaxedAmount(order.total_net_minor, order.total_tax_minor, order.currency)


async def _draw_up(work: Work, command: EditOrder, order: Order, lines: list[OrderLine]) -> Edit:
    """The order and its lines as they are to be; nothing is stored or promised yet."""
    edit = Edit(order, lines)
    if not isinstance(command.shipping, Unset):
        order.shipping_net_minor = _shipping(order, lines, command.shipping or Decimal(0))
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
    if not isinstance(command.lines, Unset):
        await _draw_lines(work, edit, command.lines)
    sum_up(order, edit.lines)
    return edit


def _shipping(order: Order, lines: list[OrderLine], cost: Decimal) -> int:
    minor = amount(cost, order.currency, "shipping")
    if minor != order.shipping_net_minor and any(line.shipped for line in lines):
        raise invalid("What has shipped was billed with its shipping.", "shipping")
    return minor


async def _draw_lines(work: Work, edit: Edit, wanted: tuple[EditedLine, ...]) -> None:
    known = {line.id: line for line in edit.lines}
    kept = {each.line_id for each in wanted if each.line_id}
    # What grows no further was sold when it was ordered, whatever has become of its product.
    settled = {index for index, each in enumerate(wanted) if _is_settled(known, each)}
    products = (await goods_of(work, wanted, settled)).products
    edit.products = {each.id: each for each in products.values()}
    errors: list[DomainError] = []
    for index, each in enumerate(wanted):
        path = ("lines", str(index))
        line = known.get(each.line_id) if each.line_id else None
        if each.line_id and line is None:
            errors.append(not_found("The order has no such line.", *path, "lineId"))
        elif line is not None:
            errors += _change(edit, line, each, path)
    if len(kept) < sum(1 for each in wanted if each.line_id):
        errors.append(invalid("A line is there once.", "lines"))
    errors += _foreign(edit.order, wanted, products, settled)
    for line in edit.lines:
        if line.id not in kept:
            errors += _remove(edit, line)
    if errors:
        raise Refused(errors)
    customer = await Customer.get(
        id=edit.order.customer_id, using_db=work.connection
    ).select_related("group")
    fresh = {index: each for index, each in enumerate(wanted) if each.line_id is None}
    discount_rate = discount_of(customer, customer.group)
    edit.added = build_lines(
        edit.order.id, tuple(fresh.values()), products, edit.order.currency, discount_rate
    )
    following = max((line.position for line in edit.lines), default=-1) + 1
    for position, (index, line) in enumerate(zip(fresh, edit.added, strict=True), following):
        line.position = position
        edit.places[line.id] = index
    gone = {line.id for line in edit.removed}
    edit.lines = [line for line in edit.lines if line.id not in gone] + edit.added
    if all(line.cancelled == line.quantity for line in edit.lines):
        raise invalid("Nothing would be left: cancel the order instead.", "lines")


def _is_settled(known: dict[UUID, OrderLine], wanted: EditedLine) -> bool:
    line = known.get(wanted.line_id) if wanted.line_id else None
    return line is not None and wanted.quantity <= line.quantity


def _foreign(
    order: Order,
    wanted: tuple[EditedLine, ...],
    products: dict[str, Product],
    settled: Collection[int],
) -> list[DomainError]:
    """Products that more is ordered of, in another currency than the order's."""
    skus = {clean(each.sku or "") for at, each in enumerate(wanted) if at not in settled}
    found = [each for sku, each in products.items() if sku in skus]
    return [
        invalid(f"{each.sku} is priced in {each.currency}.", "lines")
        for each in found
        if each.currency != order.currency
    ]


def _change(
    edit: Edit, line: OrderLine, wanted: EditedLine, path: tuple[str, ...]
) -> list[DomainError]:
    """Give a line the quantity and prices that are wanted; why that cannot be."""
    if clean(wanted.sku or "") != line.sku:
        return [invalid("A line keeps its product: leave it out, and add another.", *path, "sku")]
    errors: list[DomainError] = []
    price_minor, discount_rate = line.unit_price_minor, line.discount_rate
    if wanted.unit_price is not None:
        price_minor = amount(wanted.unit_price, line.currency, *path, "unitPrice")
    if wanted.discount_rate is not None:
        discount_rate = shortest(wanted.discount_rate)
    is_other = (price_minor, discount_rate) != (line.unit_price_minor, line.discount_rate)
    if is_other and line.shipped:
        errors.append(invalid("What has shipped keeps its price.", *path))
    least = line.shipped + line.preparing + line.cancelled
    if wanted.quantity < least:
        message = f"{least} units of this line have shipped, are being prepared or were cancelled."
        errors.append(invalid(message, *path, "quantity"))
    if errors:
        return errors
    if wanted.quantity > line.quantity:
        edit.grown.append(line)
    edit.places[line.id] = int(path[1])
    line.quantity, line.unit_price_minor = wanted.quantity, price_minor
    line.discount_rate = discount_rate
    _price(line)
    return []


def _remove(edit: Edit, line: OrderLine) -> list[DomainError]:
    if line.preparing:
        return [invalid(f"{line.preparing} units of {line.sku} are being prepared.", "lines")]
    if line.shipped:
        return [invalid(f"{line.shipped} units of {line.sku} have shipped.", "lines")]
    line.cancelled = line.quantity
    _price(line)
    if edit.order.status is OrderStatus.DRAFT:
        edit.removed.append(line)
    return []


def _price(line: OrderLine) -> None:
    totals = totals_of(line)
    line.net_minor, line.tax_minor = totals.net_minor, totals.tax_minor
    line.discount_minor = totals.discount_minor


async def _apply(work: Work, edit: Edit) -> None:
    """Release, promise, and store. Stock is given back, and nobody waits, before more is taken."""
    order = edit.order
    held = Reservation.filter(order_line__order_id=order.id).using_db(work.connection)
    until = await held.exclude(expires_at=None).first()
    for line in [*edit.lines, *edit.removed]:
        await _release(work, line)
    for line in edit.removed:
        await line.delete(using_db=work.connection)
    for line in edit.lines:
        if line not in edit.added:
            await line.save(update_fields=[*COUNTS, *PRICES], using_db=work.connection)
    reservations: list[Reservation] = []
    if order.status is not OrderStatus.DRAFT or until:
        wanting = [*edit.grown, *edit.added]
        promised = await promise(work, wanting, edit.products, places=edit.places)
        reservations = promised.reservations
    for each in reservations:
        each.expires_at = until.expires_at if until else None
    if order.status is not OrderStatus.DRAFT:
        await credit.take_more(work, order)
    await save_counts(work, edit.grown)
    await work.insert(edit.added)
    await keep(work, reservations)


async def _release(work: Work, line: OrderLine) -> None:
    """Give back what a line has too much now: first units that wait, then reserved ones."""
    spare = max(0, -open_units(line))
    waiting = min(spare, line.backordered)
    line.backordered -= waiting
    if spare > waiting:
        await give_back(work, line, spare - waiting, "edited")


def _fields(command: EditOrder) -> list[str]:
    names = {
        "lines": command.lines,
        "shipping": command.shipping,
        "shippingAddress": command.shipping_address,
        "billingAddress": command.billing_address,
        "promisedAt": command.promised_at,
        "attributes": command.attributes,
    }
    return [name for name, value in names.items() if given(value)]
