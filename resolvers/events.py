"""Fields of events, timelines, and the root field that reads the feed."""

from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

import strawberry
from tortoise.expressions import Q

from models.customers import Customer
from models.events import Event
from models.rules.access import ActorKind
from models.rules.events import EventKind
from resolvers.arguments import After
from resolvers.context import Context, Info, Lookup
from resolvers.cursors import FEED
from resolvers.identifiers import parse
from resolvers.listing import Listing, PageRequest
from resolvers.loaders import customers
from resolvers.loaders.subjects import SUBJECTS
from resolvers.paging import Listed
from resolvers.scalars import Cursor

NUMBERED: Final = Q(position__isnull=False)

OF_ORDER: Final = Listing(
    table=Event,
    scope=FEED,
    sort="position",
    descending=True,
    where=NUMBERED,
    by="order_id",
)
OF_CUSTOMER: Final = Listing(
    table=Event,
    scope=FEED,
    sort="position",
    descending=True,
    where=NUMBERED,
    by="customer_id",
)


@dataclass(frozen=True)
class ActorName:
    """The actor of a change, as recorded with it."""

    kind: ActorKind
    key: str
    name: str | None

    @property
    def id(self) -> str:
        """An id that is unique over all kinds."""
        return f"{self.kind}:{self.key}"

    @property
    def customer_id(self) -> UUID | None:
        """The id of the customer who acted; None for other kinds and for foreign keys."""
        if self.kind is not ActorKind.CUSTOMER:
            return None
        try:
            return UUID(hex=self.key)
        except ValueError:
            return None


def actor_name(stored: str | None, customer: Customer | None) -> str | None:
    return stored or (customer.name if customer else None)


def acting(actor: strawberry.Parent[ActorName], info: Info) -> Lookup | None:
    key = actor.customer_id
    return None if key is None else info.context.look_up(customers.customer, key)


def cursor(context: Context, position: int | None) -> Cursor | None:
    return None if position is None else Cursor(context.sealer.feed_cursor(position))


def subject(event: strawberry.Parent[Event], info: Info) -> Lookup:
    return info.context.look_up(SUBJECTS[event.subject_kind], event.subject_id)


def timeline_of_order() -> Listing:
    return OF_ORDER


def timeline_of_customer() -> Listing:
    return OF_CUSTOMER


def events(
    info: Info,
    after: After = None,
    kinds: Annotated[
        list[EventKind] | None, strawberry.argument(description="Only events of these kinds.")
    ] = None,
    subject_id: Annotated[
        strawberry.ID | None,
        strawberry.argument(description="Only events of the object with this id."),
    ] = None,
    first: Annotated[int, strawberry.argument(description="The number of events, 0 to 100.")] = 100,
) -> Listed:
    where = NUMBERED
    if kinds is not None:
        where &= Q(kind__in=kinds)
    if subject_id is not None:
        where &= Q(subject_id=parse(subject_id)[1])
    listing = Listing(table=Event, scope=FEED, sort="position", descending=False, where=where)
    return Listed(info.context, listing, PageRequest(first=first, after=after))
