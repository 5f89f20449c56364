"""Fields of events, timelines, and the root field that reads the feed."""

from dataclasses import dataclass
from typing import Annotated, Any, Final

import strawberry
from tortoise.expressions import Q

from models.customers import Customer
from models.events import Event
from models.orders import Order
from models.rules.access import ActorKind
from models.rules.events import EventKind
from resolvers.arguments import After, Before, First, Last
from resolvers.context import Info
from resolvers.cursors import FEED
from resolvers.identifiers import parse
from resolvers.loaders.subjects import SUBJECTS
from resolvers.paging import Listing, Page, PageRequest, page, page_below
from resolvers.scalars import Cursor

NUMBERED: Final = Q(position__isnull=False)

OF_ORDER: Final = Listing(
    table=Event,
    scope=FEED,
    sort="position",
    descending=True,
    where=NUMBERED,
    by="order_id",
    tied=False,
)
OF_CUSTOMER: Final = Listing(
    table=Event,
    scope=FEED,
    sort="position",
    descending=True,
    where=NUMBERED,
    by="customer_id",
    tied=False,
)


@dataclass(frozen=True)
class ActorName:
    """Who did something, as it stood at that time."""

    kind: ActorKind
    id: str
    name: str | None


def actor(row: strawberry.Parent[Any]) -> ActorName:
    return ActorName(row.actor_kind, row.actor_id, row.actor_name)


def cursor(event: strawberry.Parent[Event], info: Info) -> Cursor | None:
    if event.position is None:
        return None
    return Cursor(info.context.sealer.feed_cursor(event.position))


async def subject(event: strawberry.Parent[Event], info: Info) -> Any:
    return await info.context.related(SUBJECTS[event.subject_kind], event)


async def timeline_of_order(
    order: strawberry.Parent[Order],
    info: Info,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Page:
    request = PageRequest(first, after, last, before)
    return await page_below(info.context, OF_ORDER, request, order.id)


async def timeline_of_customer(
    customer: strawberry.Parent[Customer],
    info: Info,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Page:
    request = PageRequest(first, after, last, before)
    return await page_below(info.context, OF_CUSTOMER, request, customer.id)


async def events(
    info: Info,
    after: After = None,
    kinds: Annotated[
        list[EventKind] | None, strawberry.argument(description="Only of these kinds.")
    ] = None,
    subject_id: Annotated[
        strawberry.ID | None, strawberry.argument(description="Only about this object.")
    ] = None,
    first: Annotated[int, strawberry.argument(description="How many, at most 100.")] = 100,
) -> Page:
    where = NUMBERED
    if kinds is not None:
        where &= Q(kind__in=kinds)
    if subject_id is not None:
        where &= Q(subject_id=parse(subject_id)[1])
    listing = Listing(
        table=Event, scope=FEED, sort="position", descending=False, where=where, tied=False
    )
    return await page(info.context, listing, PageRequest(first=first, after=after))
