"""Fields of orders, and the root fields that find, place and act on them."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final
from uuid import UUID

import strawberry
from tortoise.expressions import Q

from models.orders import Order, OrderLine
from models.rules import delays
from models.rules.access import Permission
from models.rules.errors import ErrorCode, InputError
from models.rules.events import SubjectKind
from models.rules.money import Amount
from models.rules.order_states import (
    OrderAction,
    OrderFacts,
    OrderStatus,
    ReturnStatus,
    balance_minor,
    order_actions,
)
from models.rules.payment_states import PaymentSums
from resolvers.arguments import Descending, Id, OptionalId, OptionalRef, Search, Version
from resolvers.context import Context, Info, Lookup
from resolvers.cursors import TRACKING
from resolvers.enums import OrderSort
from resolvers.filters.orders import to_filter, to_query
from resolvers.filters.text import word_query
from resolvers.finding import find_one
from resolvers.identifiers import input_key
from resolvers.inputs.orders import LineQuantity, OrderEditInput, OrderInput, OrderWhere
from resolvers.inputs.sending import sent, to_address, to_key, to_object
from resolvers.listing import Listing, scope_of
from resolvers.loaders.relation import ToOne
from services import clock, placing
from services import order_actions as actions
from services import order_editing as editing
from services import orders as services
from services.order_actions import ActOnOrder
from services.order_entry import NewLine
from services.placing import PlaceOrder
from services.saving import UNSET

SORTS: Final = {
    OrderSort.PLACED_AT: "sorted_at",
    OrderSort.UPDATED_AT: "updated_at",
    OrderSort.NUMBER: "number",
    OrderSort.TOTAL: "total_gross_minor",
}

WhereOrder = Annotated[OrderWhere | None, strawberry.argument(description="Which ones.")]
SortOrder = Annotated[OrderSort, strawberry.argument(description="By what.")]


def available_actions(
    context: Context,
    status: OrderStatus,
    total_minor: int,
    authorized_minor: int,
    charged_minor: int,
    refunded_minor: int,
    lines: list[OrderLine],
    announced_units: int,
) -> list[OrderAction]:
    facts = OrderFacts(
        status=status,
        lines=tuple(services.counts_of(line) for line in lines),
        payments=PaymentSums(total_minor, authorized_minor, charged_minor, refunded_minor),
        announced_units=announced_units,
    )
    may_approve = context.actor.may(Permission.ORDERS_APPROVE)
    return [each for each in order_actions(facts) if may_approve or each is not OrderAction.APPROVE]


def paid(charged_minor: int, refunded_minor: int, currency: str) -> Amount:
    return Amount(charged_minor - refunded_minor, currency)


def balance(
    status: OrderStatus,
    returned: ReturnStatus,
    total_minor: int,
    charged_minor: int,
    refunded_minor: int,
    currency: str,
) -> Amount:
    payments = PaymentSums(total_minor, charged_minor=charged_minor, refunded_minor=refunded_minor)
    return Amount(balance_minor(status, returned, payments), currency)


def is_delayed(stage_due_at: datetime | None) -> bool:
    return delays.is_delayed(stage_due_at, clock.now())


def tracking_token(context: Context, order_id: UUID) -> str:
    return context.sealer.seal(TRACKING, [order_id])


def orders_of_customer(
    where: WhereOrder = None,
    sort: SortOrder = OrderSort.PLACED_AT,
    desc: Descending = True,
) -> Listing:
    return _listing("customer.orders", where, None, sort, desc, by="customer_id")


def order(
    info: Info,
    id: OptionalId = None,
    number: Annotated[str | None, strawberry.argument(description="By the number.")] = None,
    external_ref: OptionalRef = None,
    tracking_token: Annotated[
        str | None, strawberry.argument(description="By the token of a tracking link.")
    ] = None,
) -> Lookup:
    if tracking_token is not None:
        key = info.context.sealer.open(TRACKING, tracking_token)[0]
        return info.context.look_up(ToOne(Order, key="id"), key)
    return find_one(info.context, Order, id, external_ref, number=number)


def orders(
    where: WhereOrder = None,
    search: Search = None,
    sort: SortOrder = OrderSort.PLACED_AT,
    desc: Descending = True,
) -> Listing:
    return _listing("orders", where, search, sort, desc)


def _listing(
    name: str,
    where: OrderWhere | None,
    search: str | None,
    sort: OrderSort,
    descending: bool,
    by: str | None = None,
) -> Listing:
    query = to_query(to_filter(where), clock.now()) if where else Q()
    if search is not None:
        query &= word_query(search, SubjectKind.ORDER)
    return Listing(
        table=Order,
        scope=scope_of(name, sort, descending, where, search),
        sort=SORTS[sort],
        descending=descending,
        where=query,
        by=by,
    )


Ordered = Annotated[OrderInput, strawberry.argument(description="What is ordered.")]


async def order_place(info: Info, input: Ordered) -> Order:
    return await placing.place_order(info.context.actor, _command(input))


async def order_draft(info: Info, input: Ordered) -> Order:
    return await placing.draft_order(info.context.actor, _command(input))


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
    action: Annotated[OrderAction, strawberry.argument(description="The step to take.")],
    lines: Annotated[
        list[LineQuantity] | None,
        strawberry.argument(description="For CANCEL: these units only."),
    ] = None,
    reason: Annotated[str | None, strawberry.argument(description="Why, for the timeline.")] = None,
) -> Order:
    command = ActOnOrder(
        order_id=input_key("Order", id, ("id",)),
        version=version,
        action=action,
        lines=None if lines is None else line_units(lines, "lines"),
        reason=reason,
    )
    return await actions.act_on_order(info.context.actor, command)


Edited = Annotated[OrderEditInput, strawberry.argument(description="How it is to be.")]


async def order_edit(
    info: Info,
    id: Id,
    version: Version,
    input: Edited,
    reason: Annotated[str, strawberry.argument(description="Why, for the timeline.")],
) -> Order:
    command = _edit(input_key("Order", id, ("id",)), version, input, reason)
    return await editing.edit_order(info.context.actor, command)


async def order_edit_preview(info: Info, id: Id, input: Edited) -> editing.Preview | None:
    try:
        command = _edit(input_key("Order", id, ("id",)), None, input, "")
        return await editing.preview_edit(info.context.actor, command)
    except InputError as error:
        if error.code is ErrorCode.NOT_FOUND and error.path == ("id",):
            return None
        raise


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
        shipping_address=to_address(input.shipping_address),
        billing_address=to_address(input.billing_address),
        promised_at=sent(input.promised_at),
        attributes=to_object(input.attributes, "attributes"),
    )


def _edited_line(index: int, line: Any) -> editing.EditedLine:
    path = ("lines", str(index), "lineId")
    key = input_key("OrderLine", line.line_id, path) if line.line_id else None
    return editing.EditedLine(line.sku, line.quantity, line.unit_price, line.discount_rate, key)


async def order_note(
    info: Info,
    id: Id,
    text: Annotated[str, strawberry.argument(description="What is to be noted.")],
) -> Order:
    return await services.note_on_order(info.context.actor, input_key("Order", id, ("id",)), text)


def line_units(lines: list[Any], *path: str) -> dict[Any, int]:
    """Units by line; a line that is named twice is summed."""
    units: dict[Any, int] = {}
    for index, line in enumerate(lines):
        key = input_key("OrderLine", line.line_id, (*path, str(index), "lineId"))
        units[key] = units.get(key, 0) + line.quantity
    return units
