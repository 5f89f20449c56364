"""What a stream of orders tells, and what it does not."""

from datetime import timedelta

import pytest

from models.events import Event
from models.inventory import Reservation
from models.orders import OrderLine
from models.references import ExternalRef
from models.rules.access import OPEN, Actor, ActorKind, Permission
from models.rules.errors import BadRequest
from models.rules.events import EventKind, StreamResetReason
from models.rules.order_states import OrderAction, OrderStatus
from resolvers.identifiers import to_global
from resolvers.inputs.filtering import ExternalRefInput, StringOp
from resolvers.inputs.orders import OrderWhere
from services.customers.save import SaveCustomer, save_customer
from services.orders.edit import EditOrder, edit_order
from services.orders.entry import PlaceOrder
from services.orders.goods import NewLine
from services.orders.place import draft_order, place_order
from services.work import clock, feed
from services.work.references import ExternalKey
from subscriptions.feed.runtime import FeedRuntime
from subscriptions.feed.settings import StreamSettings
from subscriptions.streams.items import Heartbeat, OrderUpdate, StreamReset
from tests.support.databases import Database
from tests.support.hidden import DESK, hide
from tests.support.shop import open_shop
from tests.support.watching import (
    QUICK,
    SEALER,
    cursor,
    number_all,
    take,
    updates,
    watching,
)


async def test_a_stream_on_one_order_begins_with_it_and_goes_on_with_its_events(
    database: Database,
) -> None:
    shop = await open_shop()
    order, other = await shop.place(), await shop.place()
    await number_all()
    async with (
        FeedRuntime(QUICK) as live,
        watching(live, id=to_global("Order", order.id)) as stream,
    ):
        first = await take(stream, OrderUpdate)
        assert (first.event, first.order.id, first.matches) == (None, order.id, True)
        await shop.note(other)
        await shop.note(order)
        held = await shop.act(order, OrderAction.HOLD)
        seen = await updates(stream, 2)
    assert [each.event.kind for each in seen if each.event] == [
        EventKind.NOTE_ADDED,
        EventKind.ORDER_STATUS_CHANGED,
    ]
    assert (seen[1].order.status, seen[1].order.version) == (OrderStatus.ON_HOLD, held.version)


async def test_a_stream_on_many_begins_with_the_position_of_the_feed(database: Database) -> None:
    shop = await open_shop()
    await shop.place()
    await number_all()
    async with FeedRuntime(QUICK) as live, watching(live) as stream:
        beat = await take(stream, Heartbeat)
        assert SEALER.feed_position(beat.cursor) == await feed.last_position()


async def test_an_order_that_leaves_the_filter_is_told_of_once(database: Database) -> None:
    shop = await open_shop()
    await number_all()
    wanted = OrderWhere(status=[OrderStatus.CONFIRMED])
    async with FeedRuntime(QUICK) as live, watching(live, wanted) as stream:
        await take(stream, Heartbeat)
        order = await shop.place()
        (placed,) = await updates(stream, 1)
        order = await shop.act(order, OrderAction.HOLD)
        (held,) = await updates(stream, 1)
        await shop.note(order)  # nobody is told: the order was out, and stays out
        await shop.act(order, OrderAction.RELEASE)
        (released,) = await updates(stream, 1)
    assert [each.matches for each in (placed, held, released)] == [True, False, True]
    assert [each.order.status for each in (placed, held, released)] == [
        OrderStatus.CONFIRMED,
        OrderStatus.ON_HOLD,
        OrderStatus.CONFIRMED,
    ]


async def test_a_draft_leaves_its_customer_and_an_order_its_key(database: Database) -> None:
    shop = await open_shop()
    bob = await save_customer(OPEN, SaveCustomer(code="BOB", name="Bob"))
    await number_all()
    theirs = OrderWhere(customer_id=to_global("Customer", shop.customer_id))  # type: ignore[arg-type]
    keyed = OrderWhere(external_ref=ExternalRefInput(system="SHOP", key="1"))
    command = PlaceOrder(
        shop.customer_id, (NewLine("CUP", 1),), external_key=ExternalKey("SHOP", "1")
    )
    draft = await draft_order(OPEN, command)
    await number_all()
    start = cursor(await feed.last_position())
    await edit_order(OPEN, EditOrder(draft.id, 1, "they called", customer_id=bob.id))
    other = ExternalKey("SHOP", "2")
    await edit_order(OPEN, EditOrder(draft.id, 2, "they called", external_key=other))
    await edit_order(OPEN, EditOrder(draft.id, 3, "they called", note="told to nobody"))
    await place_order(OPEN, command)
    await number_all()
    for wanted, version in ((theirs, 2), (keyed, 3)):
        async with FeedRuntime(QUICK) as live, watching(live, wanted, start) as stream:
            seen = await updates(stream, 2)
        assert [each.event.subject_version for each in seen if each.event] == [version, 1]
        assert [each.matches for each in seen] == [False, True]


async def test_an_order_whose_stock_is_freed_leaves_its_warehouse(database: Database) -> None:
    shop = await open_shop()
    await number_all()
    wanted = OrderWhere(warehouse_id=to_global("Warehouse", shop.warehouse_id))  # type: ignore[arg-type]
    async with FeedRuntime(QUICK) as live, watching(live, wanted) as stream:
        await take(stream, Heartbeat)
        order = await shop.place()
        await shop.act(order, OrderAction.CANCEL)
        placed, cancelled = await updates(stream, 2)
        again = cursor(SEALER.feed_position(placed.cursor) - 1)
    assert (cancelled.order.status, cancelled.matches) == (OrderStatus.CANCELLED, False)
    async with FeedRuntime(QUICK) as live, watching(live, wanted, again) as stream:
        replayed = await updates(stream, 2)
    assert [each.cursor for each in replayed] == [placed.cursor, cancelled.cursor]
    assert [each.matches for each in replayed] == [False, False]


async def test_a_replay_tells_what_matched_then_and_not_what_matches_now(
    database: Database,
) -> None:
    shop = await open_shop()
    order = await shop.place()
    await shop.note(order)
    await shop.act(order, OrderAction.HOLD)
    await number_all()
    wanted = OrderWhere(status=[OrderStatus.CONFIRMED])
    async with FeedRuntime(QUICK) as live, watching(live, wanted, cursor(0)) as stream:
        seen = await updates(stream, 3)
    kinds = [each.event.kind for each in seen if each.event]
    assert kinds == [
        EventKind.ORDER_PLACED,
        EventKind.NOTE_ADDED,
        EventKind.ORDER_STATUS_CHANGED,
    ]
    assert [each.matches for each in seen] == [False, False, False]


async def test_events_without_facts_are_asked_of_the_order_as_it_is(
    sqlite_database: Database,
) -> None:
    shop = await open_shop()
    await shop.place()
    await Event.all().update(before={}, after={})
    wanted = OrderWhere(status=[OrderStatus.CONFIRMED])
    async with FeedRuntime(QUICK) as live, watching(live, wanted, cursor(0)) as stream:
        (placed,) = await updates(stream, 1)
    assert placed.matches


async def test_a_filter_is_compared_with_rows_that_the_actor_sees(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By hidden rows no event matches, though it keeps facts of all rows."""
    shop = await open_shop()
    keys = [ExternalKey("SHOP", key) for key in "12"]
    hidden, shown = [
        await place_order(
            OPEN, PlaceOrder(shop.customer_id, (NewLine("CUP", 1),), external_key=key)
        )
        for key in keys
    ]
    line = await OrderLine.get(order_id=hidden.id)
    hide(monkeypatch, OrderLine, id=line.id)
    hide(monkeypatch, Reservation, order_line_id=line.id)
    hide(monkeypatch, ExternalRef, subject_id=hidden.id)
    await number_all()
    known = [
        OrderWhere(external_ref=ExternalRefInput(system=each.system, key=each.key)) for each in keys
    ]
    for wanted in (
        OrderWhere(sku=StringOp(eq="CUP")),
        OrderWhere(warehouse_id=to_global("Warehouse", shop.warehouse_id)),  # type: ignore[arg-type]
        OrderWhere(or_=known),
    ):
        for actor, first in ((OPEN, hidden), (DESK, shown)):
            async with (
                FeedRuntime(QUICK) as live,
                watching(live, wanted, cursor(0), actor) as stream,
            ):
                (update,) = await updates(stream, 1)
            assert (update.order.id, update.matches) == (first.id, True), wanted


async def test_too_old_a_cursor_gets_a_fresh_one_and_a_beginning(database: Database) -> None:
    with clock.frozen(clock.now() - timedelta(days=31)):
        shop = await open_shop()
        await shop.place()
    order = await shop.place()
    await number_all()
    last = await feed.last_position()
    async with FeedRuntime(QUICK) as live, watching(live, after=cursor(0)) as stream:
        reset = await take(stream, StreamReset)
        beat = await take(stream, Heartbeat)
        await shop.note(order)
        (noted,) = await updates(stream, 1)
    assert reset == StreamReset(StreamResetReason.CURSOR_TOO_OLD, cursor(last))
    assert (beat.cursor, noted.cursor) == (cursor(last), cursor(last + 1))


async def test_a_cursor_from_beyond_the_feed_tells_that_the_feed_was_rebuilt(
    sqlite_database: Database,
) -> None:
    async with FeedRuntime(QUICK) as live, watching(live, after=cursor(7)) as stream:
        reset = await take(stream, StreamReset)
    assert reset == StreamReset(StreamResetReason.FEED_REBUILT, cursor(0))


async def test_a_quiet_stream_gives_heartbeats_whose_cursor_moves_on(database: Database) -> None:
    shop = await open_shop()
    order = await shop.place()
    nothing = OrderWhere(or_=[])
    settings = StreamSettings(poll_seconds=0.05, heartbeat_seconds=0.05)
    async with FeedRuntime(settings) as live, watching(live, nothing) as stream:
        beat = await take(stream, Heartbeat)
        await shop.note(order)
        while SEALER.feed_position(beat.cursor) < await Event.all().count():
            beat = await take(stream, Heartbeat)


async def test_what_the_caller_may_not_see_does_not_exist(sqlite_database: Database) -> None:
    shop = await open_shop()
    order = await shop.place()
    blind = Actor(ActorKind.STAFF, "blind", None, frozenset({Permission.EVENTS_READ}))
    settings = StreamSettings(poll_seconds=0.05, heartbeat_seconds=0.05)
    async with FeedRuntime(settings) as live:
        async with watching(live, after=cursor(0), actor=blind) as stream:
            beat = await take(stream, Heartbeat)
            assert beat.cursor == cursor(await feed.last_position())
        with pytest.raises(BadRequest, match="There is no such order"):
            async with watching(live, id=to_global("Order", order.id), actor=blind) as stream:
                await anext(stream)
        deaf = Actor(ActorKind.STAFF, "deaf", None, OPEN.permissions - {Permission.EVENTS_READ})
        async with watching(live, after=cursor(0), actor=deaf) as stream:
            (placed,) = await updates(stream, 1)
            assert (placed.event, placed.order.id) == (None, order.id)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"id": None}, "exactly one"),
        ({"id": "x", "where": OrderWhere()}, "exactly one"),
        ({"id": "x"}, "not an id of ours"),
        ({"tracking_token": "AAAA"}, "changed"),
        ({"where": OrderWhere(), "after": cursor(3)[:-2] + "AA"}, "changed"),
    ],
    ids=["neither", "both", "foreign id", "foreign token", "tampered cursor"],
)
async def test_arguments_that_mean_nothing_are_refused(
    sqlite_database: Database, arguments: dict[str, object], message: str
) -> None:
    async with FeedRuntime(QUICK) as live:
        with pytest.raises(BadRequest, match=message):
            async with watching(live, **arguments) as stream:  # type: ignore[arg-type]
                await anext(stream)
