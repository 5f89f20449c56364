"""Orders and drafts that wait for stock while they are themselves being changed."""

from datetime import datetime, timedelta

from models.orders import Order
from models.rules.access import OPEN
from models.rules.catalog import BackorderPolicy
from models.rules.order_states import OrderAction
from services.orders.edit import EditOrder, edit_order
from services.orders.edited_lines import EditedLine
from services.orders.entry import PlaceOrder
from services.orders.goods import NewLine
from services.orders.place import draft_order
from services.work import clock
from tests.support.audit.auditor import audit
from tests.support.databases import Database
from tests.support.trade import NOON, Trade, counters, lines_of, open_trade


async def draft(trade: Trade, units: int, until: datetime) -> Order:
    """A draft of so many pots that holds them until then."""
    wanted = (NewLine("POT", units),)
    return await draft_order(OPEN, PlaceOrder(trade.customer_id, wanted, reserve_until=until))


async def edited(order: Order, *lines: EditedLine) -> Order:
    return await edit_order(OPEN, EditOrder(order.id, order.version, "they called", lines))


async def waits(order: Order) -> list[tuple[int, int]]:
    """Of each line: units that are promised, units that wait."""
    return [(line.reserved, line.backordered) for line in await lines_of(order)]


async def sound(database: Database) -> bool:
    return await audit(database, backorders_served=True) == []


async def test_a_draft_that_waits_gets_what_is_there_when_it_is_submitted(
    database: Database,
) -> None:
    trade = await open_trade()
    await trade.product("POT", near=1, backorder=BackorderPolicy.ALLOW)
    order = await draft(trade, 3, NOON + timedelta(days=3_650))
    await trade.adjust("POT", 9)
    assert await waits(order) == [(1, 2)]
    order = await trade.act(order, OrderAction.SUBMIT)
    assert await waits(order) == [(3, 0)]
    assert order.fulfillment_status == "RESERVED"
    assert await sound(database)


async def test_what_an_edit_gives_back_is_first_for_the_edit(database: Database) -> None:
    """Nobody's hold is over, and whoever waits is served from what is left."""
    trade = await open_trade()
    await trade.product("POT", near=5, backorder=BackorderPolicy.ALLOW)
    order = await trade.place(("POT", 5))
    other = await trade.place(("POT", 9))
    (line,) = await lines_of(order)
    order = await edited(order, EditedLine("POT", 1, line_id=line.id), EditedLine("POT", 6))
    assert await waits(order) == [(1, 0), (4, 2)]
    assert await waits(other) == [(0, 9)]
    assert await sound(database)


async def test_a_hold_that_is_over_stays_while_its_draft_is_changed(database: Database) -> None:
    with clock.frozen(NOON):
        trade = await open_trade()
        await trade.product("POT", near=5, backorder=BackorderPolicy.ALLOW)
        order = await draft(trade, 3, NOON + timedelta(hours=1))
        await draft(trade, 1, NOON + timedelta(hours=1))
    with clock.frozen(NOON + timedelta(hours=2)):
        (line,) = await lines_of(order)
        order = await edited(order, EditedLine("POT", 8, line_id=line.id))
        assert await waits(order) == [(5, 3)]
        assert await counters("POT") == {"NEAR": (5, 5, 0)}
        order = await trade.act(order, OrderAction.SUBMIT)
    assert await waits(order) == [(5, 3)]
    assert await sound(database)


async def test_an_order_that_waits_itself_is_served_after_its_edit(database: Database) -> None:
    """What a draft held too long is more than the edit wants: the order's own line gets the rest,
    after one that waited before it.
    """
    with clock.frozen(NOON):
        trade = await open_trade()
        await trade.product("POT", near=9, backorder=BackorderPolicy.ALLOW)
        await draft(trade, 9, NOON + timedelta(hours=1))
        first = await trade.place(("POT", 2))
    with clock.frozen(NOON + timedelta(minutes=1)):
        order = await trade.place(("POT", 4))
        (line,) = await lines_of(order)
    with clock.frozen(NOON + timedelta(hours=2)):
        order = await edited(order, EditedLine("POT", 4, line_id=line.id), EditedLine("POT", 5))
    assert await waits(first) == [(2, 0)]
    assert await waits(order) == [(2, 2), (5, 0)]
    assert await sound(database)


async def test_an_order_is_answered_as_it_is_after_it_was_served(database: Database) -> None:
    """One line gives back what another line of the same order waits for."""
    trade = await open_trade()
    await trade.product("POT", near=3, backorder=BackorderPolicy.ALLOW)
    order = await trade.place(("POT", 3), ("POT", 2))
    first, _ = await lines_of(order)
    order = await trade.act(order, OrderAction.CANCEL, lines={first.id: 2})
    stored = await Order.get(id=order.id)
    assert (order.version, order.fulfillment_status) == (3, "RESERVED")
    assert (stored.version, stored.fulfillment_status) == (3, "RESERVED")
    # Whoever goes on with what was answered is not told that somebody was quicker.
    await trade.act(order, OrderAction.HOLD)
    assert await sound(database)
