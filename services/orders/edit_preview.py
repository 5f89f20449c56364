"""The preview of an edit: the same computation, not stored."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from models.orders import Order
from models.rules import units as trade
from models.rules.access import Actor, Permission
from models.rules.errors import DomainError, Refused, refuse
from models.rules.events import SubjectKind
from models.rules.money import Amount, TaxedAmount
from models.rules.order_states import OrderStatus
from services.aggregates import credit
from services.aggregates.allocation import ReleasedUnits, foresee
from services.aggregates.lines import carry_out, lines_of
from services.aggregates.orders import read_order
from services.aggregates.reservations import loose_of
from services.orders.edit import EditOrder, draw_up, let_go, write_note
from services.orders.edited_lines import Edit
from services.storage import database
from services.work import clock, policy
from services.work.references import ExternalKey, check
from services.work.upserts import Unset
from services.work.visibility import visible
from services.work.work import Work


@dataclass(frozen=True, slots=True)
class Preview:
    """The totals before and after an edit, and the errors against it."""

    before: TaxedAmount
    after: TaxedAmount
    errors: list[DomainError]

    @property
    def difference(self) -> Amount:
        """The change of the gross total."""
        more = self.after.gross.minor - self.before.gross.minor
        return Amount(more, self.before.currency)


async def preview_edit(
    actor: Actor, command: EditOrder, weigh: Callable[[int], None] | None = None
) -> Preview:
    """The result of `edit_order` for the command now, or its errors.

    It only reads: it moves no stock or credit, and locks nothing. `weigh` gets the number of lines
    to compute in advance, and may stop it by an error.

    Raises:
        Forbidden: the actor may not edit orders.
        InputError: the actor sees no such order.
    """
    actor.require(Permission.ORDERS_WRITE)
    work = Work(actor, clock.now(), database.connection(), policy.current())
    order = await read_order(work, command.order_id)
    if weigh:
        wanted = 0 if isinstance(command.lines, Unset) else len(command.lines)
        weigh(order.line_count + wanted)
    before = _sums(order)
    try:
        await _try(work, command, order)
    except Refused as refusal:
        return Preview(before, _sums(order), refusal.errors)
    return Preview(before, _sums(order), [])


async def preview_of_nothing(
    actor: Actor, order_id: UUID, errors: list[DomainError]
) -> Preview | None:
    """The preview of an edit that is refused before any amount can be computed.

    None if the actor sees no such order.

    Raises:
        Forbidden: the actor may not edit orders.
    """
    actor.require(Permission.ORDERS_WRITE)
    order = await visible(Order, actor).get_or_none(id=order_id)
    return Preview(_sums(order), _sums(order), errors) if order else None


async def _try(work: Work, command: EditOrder, order: Order) -> None:
    """Sets the new values, and passes if all could be stored."""
    if not command.is_about_words:
        edit = await draw_up(work, command, order, await lines_of(work, order))
        await _try_stock(work, command, edit)
        if order.status is not OrderStatus.DRAFT:
            credit.check_more(order, edit.customer, work.policy.currency)
    write_note(command, order)
    if isinstance(command.external_key, ExternalKey):
        await check(work, SubjectKind.ORDER, order.id, command.external_key)


async def _try_stock(work: Work, command: EditOrder, edit: Edit) -> None:
    waited = _waiting(edit)
    hold, spare, wanting = await let_go(work, command, edit)
    lines = edit.by_id()
    promised: Counter[UUID] = Counter()
    for reservation, units in (await loose_of(work, spare)).items():
        carry_out(lines[reservation.order_line_id], trade.release, units)
        promised[reservation.stock_item_id] += units
    if edit.order.status is not OrderStatus.DRAFT or hold.until:
        given = ReleasedUnits(edit.order.id, promised, waited - _waiting(edit))
        foreseen = await foresee(work, wanting, edit.products, places=edit.places, given=given)
        refuse(foreseen.errors)


def _waiting(edit: Edit) -> Counter[UUID]:
    """The backordered units of the order's lines, by product."""
    units: Counter[UUID] = Counter()
    for line in edit.by_id().values():
        if line.product_id:
            units[line.product_id] += line.backordered
    return units


def _sums(order: Order) -> TaxedAmount:
    return TaxedAmount(order.total_net_minor, order.total_tax_minor, order.currency)
