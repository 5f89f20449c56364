"""Streams tell when an order becomes late, whoever wanted to hear of late ones or of the others."""

from datetime import UTC, datetime, timedelta

import pytest

from models.rules.access import SYSTEM
from models.rules.events import EventKind
from models.rules.order_states import OrderAction
from resolvers.identifiers import to_global
from resolvers.inputs.orders import OrderWhere
from services.orders.delays import record_delays
from services.work import clock
from subscriptions.feed.runtime import FeedRuntime
from subscriptions.streams.items import Heartbeat, OrderUpdate
from tests.support.databases import Database
from tests.support.shop import open_shop
from tests.support.watching import QUICK, number_all, take, updates, watching

NOON = datetime(2026, 3, 9, 12, tzinfo=UTC)
LATE = NOON + timedelta(days=2)


@pytest.mark.parametrize(("wanted", "matches"), [(True, True), (False, False)])
async def test_an_order_that_becomes_late_is_told_to_both_sides(
    database: Database, wanted: bool, matches: bool
) -> None:
    """Who watches the late ones gets it; who watches the others hears that it left them."""
    shop = await open_shop()
    with clock.frozen(NOON):
        order = await shop.place()
    await number_all()
    where = OrderWhere(is_delayed=wanted)
    with clock.frozen(LATE):
        async with FeedRuntime(QUICK) as live, watching(live, where) as stream:
            await take(stream, Heartbeat)
            assert await record_delays(SYSTEM) == 1
            (told,) = await updates(stream, 1)
    assert told.event is not None
    assert (told.event.kind, told.order.id) == (EventKind.ORDER_DELAYED, order.id)
    assert told.matches is matches


async def test_a_late_order_that_goes_on_leaves_the_late_ones(database: Database) -> None:
    shop = await open_shop()
    with clock.frozen(NOON):
        order, other = await shop.place(), await shop.place()
    await number_all()
    with clock.frozen(LATE):
        async with (
            FeedRuntime(QUICK) as live,
            watching(live, OrderWhere(is_delayed=True)) as late,
            watching(live, OrderWhere(is_delayed=False)) as punctual,
        ):
            await take(late, Heartbeat)
            await take(punctual, Heartbeat)
            await shop.note(other)
            await shop.act(order, OrderAction.PREPARE)
            seen = [(each.order.id, each.matches) for each in await updates(late, 3)]
            assert seen == [(other.id, True), (order.id, False), (order.id, False)]
            gone_on = (await updates(punctual, 1))[0]
    assert (gone_on.order.id, gone_on.matches) == (order.id, True)


async def test_a_watcher_of_one_order_hears_that_it_is_late(sqlite_database: Database) -> None:
    shop = await open_shop()
    with clock.frozen(NOON):
        order = await shop.place()
    with clock.frozen(LATE):
        async with (
            FeedRuntime(QUICK) as live,
            watching(live, id=to_global("Order", order.id)) as stream,
        ):
            await take(stream, OrderUpdate)
            await record_delays(SYSTEM)
            (told,) = await updates(stream, 1)
    assert told.event is not None
    assert told.event.data == {"stage": "PREPARE", "dueAt": LATE.isoformat()}
