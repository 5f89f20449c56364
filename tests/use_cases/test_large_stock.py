"""Changes of many stock items, and of what many lines wait for, cost as much as changes of ten."""

import sys
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from models.catalog import Product
from models.events import Event
from models.orders import Order, OrderLine
from models.rules.access import OPEN
from models.rules.catalog import BackorderPolicy, TrackingPolicy
from models.rules.events import EventKind
from models.rules.inventory import StockChangeKind
from models.rules.order_states import OrderAction
from models.rules.tracking import NamedUnits
from services.inventory.adjust import ChangeStock, adjust_stock
from services.inventory.transfer import TransferStock, transfer_stock
from services.orders.entry import PlaceOrder
from services.orders.goods import NewLine
from services.orders.place import place_order
from tests.support.audit.auditor import audit
from tests.support.databases import Database
from tests.support.large import Large, open_large, reloaded
from tests.support.statements import counted
from tests.support.trade import Trade, counters, lines_of, moves, open_trade

MOST = 500


async def statements_of(done: Awaitable[object]) -> int:
    with counted() as statements:
        await done
    return len(statements)


@contextmanager
def calls() -> Iterator[list[int]]:
    """How many functions of Python are called in the block."""
    count = [0]

    def seen(_frame: FrameType, event: str, _argument: Any) -> None:
        count[0] += event == "call"

    before = sys.getprofile()
    sys.setprofile(seen)
    try:
        yield count
    finally:
        sys.setprofile(before)


def changes(trade: Trade, items: int, delta: int) -> tuple[ChangeStock, ...]:
    return tuple(
        ChangeStock(f"P{number}", trade.near_id, "for the test", delta=delta)
        for number in range(items)
    )


async def waiting(large: Large, lines: int) -> Order:
    """An order of so many lines that all wait, each for another product."""
    everything = tuple(
        ChangeStock(f"P{number}", large.trade.near_id, "gone", StockChangeKind.COUNT, set_to=0)
        for number in range(lines)
    )
    await adjust_stock(OPEN, everything)
    return await place_order(OPEN, large.wanted(lines, each=3))


async def test_stock_of_many_items_is_changed_together(database: Database) -> None:
    large = await open_large(MOST)
    trade = large.trade

    def adjusted(items: int) -> Awaitable[object]:
        return adjust_stock(OPEN, changes(trade, items, 2))

    def moved(items: int) -> Awaitable[object]:
        lines = tuple((f"P{number}", 1) for number in range(items))
        return transfer_stock(OPEN, TransferStock(trade.near_id, trade.far_id, lines))

    for made in (adjusted, moved):
        await made(MOST)  # the stock items of the other warehouse are there from now on
        ten, most = [await statements_of(made(items)) for items in (10, MOST)]
        assert most == ten <= 20
    assert await counters("P0") == {"NEAR": (1_003, 0, 0), "FAR": (3, 0, 0)}
    assert await audit(database) == []


async def test_changes_of_one_item_are_one_change_with_each_in_the_ledger(
    database: Database,
) -> None:
    trade = await open_trade()
    await trade.product("P0", near=5)
    order = await trade.place(("P0", 5))
    up, down = changes(trade, 1, 4)[0], changes(trade, 1, -6)[0]
    (item,) = await adjust_stock(OPEN, (up, down, up, down))
    assert (item.on_hand, item.reserved, item.version) == (1, 1, 5)
    assert (await moves("P0"))[2:] == [
        ("RELEASE", -4),
        ("ADJUST", 4),
        ("ADJUST", -6),
        ("ADJUST", 4),
        ("ADJUST", -6),
    ]
    (line,) = await lines_of(order)
    assert (line.reserved, line.backordered) == (1, 4)
    assert await audit(database) == []


async def test_an_order_is_served_once_however_many_of_its_lines_wait(database: Database) -> None:
    large = await open_large(MOST)
    await Product.all().update(backorder=BackorderPolicy.ALLOW)
    found = []
    for lines in (10, MOST):
        order = await waiting(large, lines)
        found.append(await statements_of(adjust_stock(OPEN, changes(large.trade, lines, 3))))
        assert (await reloaded(order)).version == order.version + 1
        assert {(line.reserved, line.backordered) for line in await lines_of(order)} == {(3, 0)}
        told = await Event.get(subject_id=order.id, subject_seq=2)
        assert (told.kind, told.data["served"]) == (EventKind.ORDER_STATUS_CHANGED, 3 * lines)
        await large.trade.act(await reloaded(order), OrderAction.CANCEL)
    ten, most = found
    assert most == ten <= 40
    assert await audit(database) == []


async def test_an_order_loses_promises_once_however_many_of_its_lines_do(
    database: Database,
) -> None:
    trade = await open_trade()
    await trade.product("P0", near=2_000)
    found = []
    for lines in (10, MOST):
        order = await place_order(OPEN, PlaceOrder(trade.customer_id, (NewLine("P0", 2),) * lines))
        on_hand, reserved, _ = (await counters("P0"))["NEAR"]
        lost = changes(trade, 1, reserved - on_hand - 2 * lines)
        found.append(await statements_of(adjust_stock(OPEN, lost)))
        assert (await reloaded(order)).version == order.version + 1
        assert {line.backordered for line in await lines_of(order)} == {2}
        told = await Event.get(subject_id=order.id, subject_seq=2)
        changed = ["fulfillment", "warehouses"]
        assert told.data == {"backordered": 2 * lines, "changed": changed}
        await trade.act(await reloaded(order), OrderAction.CANCEL)
        await trade.adjust("P0", 2_000)
    ten, most = found
    assert most == ten <= 40
    assert await audit(database) == []


async def test_pieces_of_many_lines_are_sorted_once(sqlite_database: Database) -> None:
    trade = await open_trade()
    await trade.product("PIECE", tracking=TrackingPolicy.SERIAL)
    pieces = tuple(NamedUnits(f"N{number}") for number in range(1_000))
    came = ChangeStock("PIECE", trade.near_id, "came", delta=1_000, units=pieces)
    await adjust_stock(OPEN, (came,))
    found = []
    for lines in (50, 400):
        wishes = (NewLine("PIECE", 1),) * lines
        order = await place_order(OPEN, PlaceOrder(trade.customer_id, wishes))
        with calls() as count:
            await trade.act(order, OrderAction.PREPARE)
        found.append(count[0])
    few, many = found
    assert many < 3 * few  # what lies there is looked at for both; sorted for each line it is 8
    assert {line.preparing for line in await OrderLine.all()} == {1}
    assert await audit(sqlite_database) == []
