"""Fields of orders, and the root fields that find, place and act on them."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final
from uuid import UUID

import strawberry
from tortoise.expressions import Q

from models.orders import Order, OrderLine
from models.rules import delays
from models.rules.access import Actor, Permission
from models.rules.errors import InputError
from models.rules.money import Amount
from models.rules.order_states import (
    OrderAction,
    OrderFacts,
    OrderStatus,
    order_actions,
)
from resolvers.arguments import Descending, Id, OptionalId, OptionalRef, OrderSearch, Version
from resolvers.context import Context, Info
from resolvers.cursors import TRACKING
from resolvers.enums import OrderSort
from resolvers.filters.orders import to_filter, to_query
from resolvers.filters.search import order_search
from resolvers.finding import Found, find_one
from resolvers.identifiers import input_key
from resolvers.inputs.orders import LineQuantity, OrderEditInput, OrderInput, OrderWhere
from resolvers.inputs.sending import optional_key, sent, to_address, to_key, to_object
from resolvers.listing import Listing, scope_of
from resolvers.loaders.relation import ToOne
from resolvers.metering import OBJECT
from services.aggregates.lines import counts_of
from services.orders import act as actions
from services.orders import edit as editing
from services.orders import edit_preview, place
from services.orders import preview as previewing
from services.orders.act import ActOnOrder
from services.orders.edited_lines import EditedLine
from services.orders.entry import PlaceOrder
from services.orders.goods import NewLine
from services.orders.note import note_on_order
from services.work import clock
from services.work.upserts import UNSET

SORTS: Final = {
    OrderSort.PLACED_AT: "sorted_at",
    OrderSort.UPDATED_AT: "updated_at",
    OrderSort.NUMBER: "number",
    OrderSort.TOTAL: "sort_total",
    OrderSort.PROMISED_AT: "sort_promised",
    OrderSort.STAGE_DUE_AT: "sort_due",
}

PREVIEWED_LINE_COST: Final = 10 * OBJECT
"""The cost of a line in the preview of an edit: of the order, and of the edit."""
MAX_PREVIEWED_LINES: Final = 4_000
"""The most lines that one preview is charged for, so that each order's edit can be previewed."""

WhereOrder = Annotated[
    OrderWhere | None, strawberry.argument(description="The filter. Without it: all orders.")
]
SortOrder = Annotated[OrderSort, strawberry.argument(description="The sort key.")]


def available_actions(
    context: Context,
    status: OrderStatus,
    charged_minor: int,
    refunded_minor: int,
    balance_minor: int,
    placed_at: datetime | None,
    lines: list[OrderLine],
    announced_units: int,
) -> list[OrderAction]:
    facts = OrderFacts(
        status=status,
        lines=tuple(counts_of(line) for line in lines),
        paid_minor=charged_minor - refunded_minor,
        balance_minor=balance_minor,
        announced_units=announced_units,
        is_placed=placed_at is not None,
    )
    may_approve = context.actor.may(Permission.ORDERS_APPROVE)
    return [each for each in order_actions(facts) if may_approve or each is not OrderAction.APPROVE]


def paid(charged_minor: int, refunded_minor: int, currency: str) -> Amount:
    return Amount(charged_minor - refunded_minor, currency)


def is_delayed(stage_due_at: datetime | None) -> bool:
    return delays.is_delayed(stage_due_at, clock.now())


def tracking_token(context: Context, order_id: UUID) -> str:
    return context.sealer.seal(TRACKING, [order_id])


def orders_of_customer(
    actor: Actor,
    where: WhereOrder = None,
    sort: SortOrder = OrderSort.PLACED_AT,
    desc: Descending = True,
) -> Listing:
    return _listing(actor, "customer.orders", where, None, sort, desc, by="customer_id")


def order(
    info: Info,
    id: OptionalId = None,
    number: Annotated[str | None, strawberry.argument(description="The order's number.")] = None,
    external_ref: OptionalRef = None,
    tracking_token: Annotated[
        str | None, strawberry.argument(description="The token of the order's tracking link.")
    ] = None,
) -> Found:
    if tracking_token is not None:
        key = info.context.sealer.open(TRACKING, tracking_token)[0]
        return info.context.look_up(ToOne(Order, key="id"), key)
    return find_one(info.context, Order, id, external_ref, number=number)


def orders(
    actor: Actor,
    where: WhereOrder = None,
    search: OrderSearch = None,
    sort: SortOrder = OrderSort.PLACED_AT,
    desc: Descending = True,
) -> Listing:
    return _listing(actor, "orders", where, search, sort, desc)


def _listing(
    actor: Actor,
    name: str,
    where: OrderWhere | None,
    search: str | None,
    sort: OrderSort,
    descending: bool,
    by: str | None = None,
) -> Listing:
    query = to_query(actor, to_filter(where), clock.now()) if where else Q()
    if search is not None:
        query &= order_search(actor, search)
    return Listing(
        table=Order,
        scope=scope_of(name, sort, descending, where, search),
        sort=SORTS[sort],
        descending=descending,
        where=query,
        by=by,
    )


Ordered = Annotated[OrderInput, strawberry.argument(description="The order.")]


async def order_place(info: Info, input: Ordered) -> Order:
    return await place.place_order(info.context.actor, _command(input))


async def order_draft(info: Info, input: Ordered) -> Order:
    return await place.draft_order(info.context.actor, _command(input))


async def order_preview(info: Info, input: Ordered) -> previewing.OrderPreview:
    try:
        command = _command(input)
    except InputError as error:
        return previewing.preview_of_nothing(input.currency_code, [error])
    return await previewing.preview_order(info.context.actor, command)


def _command(input: OrderInput) -> PlaceOrder:
    return PlaceOrder(
        customer_id=input_key("Customer", input.customer_id, ("customerId",)),
        lines=tuple(
            NewLine(line.sku, line.quantity, line.unit_price, line.discount_rate)
            for line in input.lines
        ),
        channel=input.channel,
        currency=input.currency_code,
        shipping=input.shipping or Decimal(0),
        shipping_tax_rate=input.shipping_tax_rate,
        shipping_address=to_address(input.shipping_address),
        billing_address=to_address(input.billing_address),
        external_key=to_key(input.external_ref),
        promised_at=input.promised_at,
        reserve_until=input.reserve_until,
        note=input.note,
        attributes=to_object(input.attributes, "attributes"),
    )


async def order_act(
    info: Info,
    id: Id,
    version: Version,
    action: Annotated[OrderAction, strawberry.argument(description="The action.")],
    lines: Annotated[
        list[LineQuantity] | None,
        strawberry.argument(
            description="Only with CANCEL: the units to cancel. Without lines: all units that have "
            "not shipped."
        ),
    ] = None,
    reason: Annotated[
        str | None,
        strawberry.argument(description="The reason for the timeline, at most 1000 characters."),
    ] = None,
) -> Order:
    command = ActOnOrder(
        order_id=input_key("Order", id, ("id",)),
        version=version,
        action=action,
        lines=None if lines is None else line_units(lines, "lines"),
        reason=reason,
    )
    return await actions.act_on_order(info.context.actor, command)


Edited = Annotated[
    OrderEditInput,
    strawberry.argument(description="The fields to replace. A field that is left out stays."),
]


async def order_edit(
    info: Info,
    id: Id,
    version: Version,
    input: Edited,
    reason: Annotated[
        str, strawberry.argument(description="The reason for the timeline, 1 to 1000 characters.")
    ],
) -> Order:
    command = _edit(input_key("Order", id, ("id",)), version, input, reason)
    return await editing.edit_order(info.context.actor, command)


async def order_edit_preview(info: Info, id: Id, input: Edited) -> edit_preview.Preview | None:
    actor, meter = info.context.actor, info.context.meter
    try:
        key = input_key("Order", id, ("id",))
    except InputError:
        return None
    try:
        return await edit_preview.preview_edit(
            actor,
            _edit(key, None, input, ""),
            lambda lines: meter.charge(min(lines, MAX_PREVIEWED_LINES) * PREVIEWED_LINE_COST),
        )
    except InputError as error:
        return await edit_preview.preview_of_nothing(actor, key, [error])


def _edit(key: UUID, version: int | None, input: OrderEditInput, reason: str) -> editing.EditOrder:
    lines: Any = sent(input.lines)
    if isinstance(lines, list):
        lines = tuple(_edited_line(index, line) for index, line in enumerate(lines))
    return editing.EditOrder(
        order_id=key,
        version=version,
        reason=reason,
        lines=UNSET if lines is None else lines,
        shipping=sent(input.shipping),
        shipping_tax_rate=sent(input.shipping_tax_rate),
        shipping_address=to_address(input.shipping_address),
        billing_address=to_address(input.billing_address),
        promised_at=sent(input.promised_at),
        attributes=to_object(input.attributes, "attributes"),
        customer_id=optional_key("Customer", input.customer_id, "customerId"),
        reserve_until=sent(input.reserve_until),
        note=sent(input.note),
        external_key=to_key(input.external_ref),
    )


def _edited_line(index: int, line: Any) -> EditedLine:
    path = ("lines", str(index), "lineId")
    key = input_key("OrderLine", line.line_id, path) if line.line_id else None
    return EditedLine(line.sku, line.quantity, line.unit_price, line.discount_rate, key)


async def order_note(
    info: Info,
    id: Id,
    text: Annotated[
        str,
        strawberry.argument(
            description="The line to add. The whole note has at most 10000 characters."
        ),
    ],
) -> Order:
    return await note_on_order(info.context.actor, input_key("Order", id, ("id",)), text)


def line_units(lines: list[Any], *path: str) -> dict[Any, int]:
    """Units by line; quantities of a line that occurs twice are added."""
    units: dict[Any, int] = {}
    for index, line in enumerate(lines):
        key = input_key("OrderLine", line.line_id, (*path, str(index), "lineId"))
        units[key] = units.get(key, 0) + line.quantity
    return units
