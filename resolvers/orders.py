"""Fields of orders, and the root fields that find, place and act on them."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final

import strawberry
from tortoise.expressions import Q

from models.customers import Customer
from models.orders import Order
from models.rules import delays
from models.rules.events import SubjectKind
from models.rules.money import Amount
from models.rules.order_states import Milestone, OrderAction, OrderStatus, order_actions
from models.rules.order_states import milestone as rule_milestone
from resolvers.arguments import (
    After,
    Before,
    Descending,
    First,
    Id,
    Last,
    OptionalId,
    Search,
    Version,
)
from resolvers.context import Info
from resolvers.cursors import TRACKING
from resolvers.enums import OrderSort
from resolvers.filters.orders import to_filter, to_query
from resolvers.filters.text import word_query
from resolvers.finding import find_one
from resolvers.identifiers import input_key
from resolvers.inputs.filtering import ExternalRefInput
from resolvers.inputs.orders import LineQuantity, OrderInput, OrderWhere
from resolvers.inputs.sending import to_address, to_key, to_object
from resolvers.loaders import orders as loaders
from resolvers.paging import Listing, Page, PageRequest, page, page_below, scope_of
from services import clock
from services import order_actions as actions
from services import orders as services
from services.addresses import Address, restored
from services.order_actions import ActOnOrder, situation
from services.order_entry import NewLine
from services.orders import PlaceOrder
from services.visibility import visible

SORTS: Final = {
    OrderSort.PLACED_AT: "sorted_at",
    OrderSort.UPDATED_AT: "updated_at",
    OrderSort.NUMBER: "number",
    OrderSort.TOTAL: "total_gross_minor",
}

WhereOrder = Annotated[OrderWhere | None, strawberry.argument(description="Which ones.")]
SortOrder = Annotated[OrderSort, strawberry.argument(description="By what.")]


def milestone(order: strawberry.Parent[Order]) -> Milestone | None:
    return rule_milestone(order.status, order.fulfillment_status, order.has_shipment)


async def available_actions(order: strawberry.Parent[Order], info: Info) -> list[OrderAction]:
    lines = await info.context.related(loaders.lines_of_order, order)
    return list(order_actions(situation(order, lines)))


def billing_address(order: strawberry.Parent[Order]) -> Address | None:
    return restored(order.billing_address) if order.billing_address else None


def shipping_address(order: strawberry.Parent[Order]) -> Address | None:
    return restored(order.shipping_address) if order.shipping_address else None


def discount(order: strawberry.Parent[Order]) -> Amount:
    return Amount(order.discount_minor, order.currency)


def paid(order: strawberry.Parent[Order]) -> Amount:
    return Amount(order.charged_minor - order.refunded_minor, order.currency)


def balance(order: strawberry.Parent[Order]) -> Amount:
    owed = 0 if order.status is OrderStatus.CANCELLED else order.total_gross_minor
    return Amount(owed - order.charged_minor + order.refunded_minor, order.currency)


def stage_due_at(order: strawberry.Parent[Order]) -> datetime | None:
    return delays.due_at(order.promised_at, order.status, order.fulfillment_status)


def is_delayed(order: strawberry.Parent[Order]) -> bool:
    return delays.is_delayed(stage_due_at(order), clock.now())


def tracking_token(order: strawberry.Parent[Order], info: Info) -> str:
    return info.context.sealer.seal(TRACKING, [order.id])


async def orders_of_customer(
    customer: strawberry.Parent[Customer],
    info: Info,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
    where: WhereOrder = None,
    sort: SortOrder = OrderSort.PLACED_AT,
    desc: Descending = True,
) -> Page:
    listing = _listing("customer.orders", where, None, sort, desc, by="customer_id")
    request = PageRequest(first, after, last, before)
    return await page_below(info.context, listing, request, customer.id)


async def order(
    info: Info,
    id: OptionalId = None,
    number: Annotated[str | None, strawberry.argument(description="By the number.")] = None,
    external_ref: Annotated[
        ExternalRefInput | None, strawberry.argument(description="By another system's key.")
    ] = None,
    tracking_token: Annotated[
        str | None, strawberry.argument(description="By the token of a tracking link.")
    ] = None,
) -> Order | None:
    if tracking_token is not None:
        key = info.context.sealer.open(TRACKING, tracking_token)[0]
        return await visible(Order, info.context.actor).get_or_none(id=key)
    found: Order | None = await find_one(
        info.context,
        Order,
        id=id,
        number=number,
        external_ref=external_ref,
        kind=SubjectKind.ORDER,
    )
    return found


async def orders(
    info: Info,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
    where: WhereOrder = None,
    search: Search = None,
    sort: SortOrder = OrderSort.PLACED_AT,
    desc: Descending = True,
) -> Page:
    listing = _listing("orders", where, search, sort, desc)
    return await page(info.context, listing, PageRequest(first, after, last, before))


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


async def order_place(
    info: Info,
    input: Annotated[OrderInput, strawberry.argument(description="What is ordered.")],
) -> Order:
    command = PlaceOrder(
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
        note=input.note,
        attributes=to_object(input.attributes, "attributes"),
    )
    return await services.place_order(info.context.actor, command)


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
