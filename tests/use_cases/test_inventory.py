"""Corrections of stock: each in the ledger, never below what is promised without saying so."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from models.columns import new_id
from models.events import Event
from models.inventory import Reservation, StockItem, StockMovement, Warehouse
from models.orders import Order, OrderLine
from models.rules.access import OPEN
from models.rules.catalog import BackorderPolicy
from models.rules.events import EventKind
from models.rules.inventory import MAX_QUANTITY, StockChangeKind
from models.rules.order_states import OrderAction
from services.aggregates.addresses import Address
from services.fulfillment.ship import CreateShipment, create_shipment
from services.inventory.adjust import ChangeStock, adjust_stock
from services.inventory.warehouses import SaveWarehouse, save_warehouse
from services.work import clock
from tests.support.audit.auditor import audit
from tests.support.databases import Database
from tests.support.trade import (
    NOON,
    counters,
    lines_of,
    moves,
    nothing_written,
    open_trade,
    reasons,
    shipments_of,
)

ADJUST, COUNT = StockChangeKind.ADJUST, StockChangeKind.COUNT
DAMAGE, SCRAP = StockChangeKind.DAMAGE, StockChangeKind.SCRAP


async def test_each_kind_of_change_is_a_line_of_the_ledger(database: Database) -> None:
    with clock.frozen(NOON):
        trade = await open_trade()
        await trade.product("CUP", near=10)
        await trade.adjust("CUP", -1)
        await trade.adjust("CUP", 4, DAMAGE)
        await trade.adjust("CUP", -1, DAMAGE)
        await trade.adjust("CUP", -2, SCRAP)
        counted = ChangeStock("CUP", trade.near_id, " counted ", COUNT, set_to=9)
        recounted = ChangeStock("CUP", trade.near_id, "again", COUNT, set_to=9)
        set_to = ChangeStock("CUP", trade.near_id, "found", set_to=12, if_on_hand=9)
        for change in (counted, recounted, set_to):
            await adjust_stock(OPEN, (change,))
    assert await moves("CUP") == [
        ("ADJUST", 10),
        ("ADJUST", -1),
        ("DAMAGE", 4),
        ("DAMAGE", -1),
        ("SCRAP", -2),
        ("COUNT", 2),
        ("COUNT", 0),
        ("ADJUST", 3),
    ]
    assert await counters("CUP") == {"NEAR": (12, 0, 1)}
    row = await StockMovement.get(sequence=6)
    assert (row.on_hand_after, row.reserved_after, row.damaged_after) == (9, 0, 1)
    assert (row.reason, row.actor_id, row.at) == ("counted", "open", NOON)
    item = await StockItem.get()
    assert (item.movement_seq, item.event_seq, item.version) == (8, 8, 9)
    event = await Event.get(subject_id=item.id, subject_seq=3)
    assert (event.kind, event.data) == (
        EventKind.STOCK_CHANGED,
        {"onHand": 9, "reserved": 0, "damaged": 4, "available": 5},
    )
    assert await audit() == []


async def test_changes_are_answered_in_their_order_and_are_all_or_nothing(
    database: Database,
) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=5)
    await trade.product("POT", near=5)

    def change(sku: str, delta: int) -> ChangeStock:
        return ChangeStock(sku, trade.near_id, "why", delta=delta)

    items = await adjust_stock(OPEN, (change("POT", 1), change("CUP", -2), change("POT", 1)))
    assert [each.on_hand for each in items] == [7, 3]
    async with nothing_written():
        bad = adjust_stock(OPEN, (change("POT", 1), change("CUP", -4)))
        assert await reasons(bad) == [("INVALID", "changes.1.delta")]
        twice = adjust_stock(OPEN, (change("CUP", -2), change("CUP", -2)))
        assert await reasons(twice) == [("INVALID", "changes.1.delta")]
    assert await audit() == []


@pytest.mark.parametrize(
    ("kind", "fields", "expected"),
    [
        (ADJUST, {"delta": 1, "reason": " "}, [("REQUIRED", "reason")]),
        (ADJUST, {"delta": 1, "reason": "x" * 501}, [("INVALID", "reason")]),
        (ADJUST, {}, [("INVALID", "delta")]),
        (ADJUST, {"delta": 1, "set_to": 1, "if_on_hand": 5}, [("INVALID", "delta")]),
        (ADJUST, {"delta": 0}, [("INVALID", "delta")]),
        (ADJUST, {"delta": MAX_QUANTITY + 1}, [("INVALID", "delta")]),
        (ADJUST, {"delta": MAX_QUANTITY}, [("INVALID", "delta")]),
        (ADJUST, {"delta": -6}, [("INVALID", "delta")]),
        (ADJUST, {"set_to": 1}, [("REQUIRED", "ifOnHand")]),
        (ADJUST, {"set_to": 1, "if_on_hand": 4}, [("VERSION_CONFLICT", "ifOnHand")]),
        (ADJUST, {"delta": 1, "if_on_hand": 4}, [("VERSION_CONFLICT", "ifOnHand")]),
        (ADJUST, {"set_to": 5, "if_on_hand": 5}, [("INVALID", "setTo")]),
        (COUNT, {"set_to": -1}, [("INVALID", "setTo")]),
        (DAMAGE, {"set_to": 1, "if_on_hand": 5}, [("INVALID", "setTo")]),
        (DAMAGE, {"delta": 6}, [("INVALID", "delta")]),
        (DAMAGE, {"delta": -1}, [("INVALID", "delta")]),
        (SCRAP, {"delta": 1}, [("INVALID", "delta")]),
        (SCRAP, {"delta": -1}, [("INVALID", "delta")]),
        (ADJUST, {"delta": 1, "sku": "GONE"}, [("NOT_FOUND", "sku")]),
    ],
)
async def test_what_is_no_change(
    sqlite_database: Database,
    kind: StockChangeKind,
    fields: dict[str, object],
    expected: list[tuple[str, str]],
) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=5)
    values = {"sku": "CUP", "warehouse_id": trade.near_id, "reason": "why", "kind": kind} | fields
    async with nothing_written():
        found = await reasons(adjust_stock(OPEN, (ChangeStock(**values),)))  # type: ignore[arg-type] # a row of the table
    assert found == [(code, f"changes.0.{path}") for code, path in expected]


async def test_a_call_makes_some_changes_in_warehouses_that_are_there(
    sqlite_database: Database,
) -> None:
    trade = await open_trade()
    product = await trade.product("CUP")
    change = ChangeStock("CUP", trade.near_id, "why", delta=1)
    nowhere = ChangeStock("CUP", product.id, "why", delta=1)
    async with nothing_written():
        assert await reasons(adjust_stock(OPEN, ())) == [("INVALID", "changes")]
        assert await reasons(adjust_stock(OPEN, (change,) * 501)) == [("INVALID", "changes")]
        lost = adjust_stock(OPEN, (change, nowhere))
        assert await reasons(lost) == [("NOT_FOUND", "changes.1.warehouseId")]


async def test_missing_units_are_taken_from_the_youngest_order(database: Database) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=10)
    orders = []
    for minute in range(3):
        with clock.frozen(NOON + timedelta(minutes=minute)):
            orders.append(await trade.place(("CUP", 3)))
    await trade.adjust("CUP", -6)
    lines = [(await lines_of(order))[0] for order in orders]
    assert [(line.reserved, line.backordered) for line in lines] == [(3, 0), (1, 2), (0, 3)]
    stored = [await Order.get(id=order.id) for order in orders]
    assert [each.fulfillment_status.value for each in stored] == [
        "RESERVED",
        "BACKORDERED",
        "BACKORDERED",
    ]
    assert [each.version for each in stored] == [1, 2, 2]
    event = await Event.get(subject_id=orders[1].id, subject_seq=2)
    assert event.data == {"lineId": lines[1].id.hex, "backordered": 2, "changed": ["fulfillment"]}
    assert await counters("CUP") == {"NEAR": (4, 4, 0)}
    assert (await moves("CUP"))[-3:] == [("RELEASE", -3), ("RELEASE", -2), ("ADJUST", -6)]
    assert await audit() == []


async def test_damaged_units_are_not_promised_any_longer(database: Database) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=5)
    order = await trade.place(("CUP", 4))
    await trade.adjust("CUP", 2, DAMAGE)
    (line,) = await lines_of(order)
    assert (line.reserved, line.backordered) == (3, 1)
    assert await counters("CUP") == {"NEAR": (5, 3, 2)}
    assert await audit() == []


async def test_units_of_a_pending_shipment_are_not_taken(database: Database) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=5)
    order = await trade.place(("CUP", 5))
    (line,) = await lines_of(order)
    three = CreateShipment(order.id, 1, trade.near_id, {line.id: 3})
    await create_shipment(OPEN, three)
    async with nothing_written():
        shrink = ChangeStock("CUP", trade.near_id, "lost", delta=-3)
        assert await reasons(adjust_stock(OPEN, (shrink,))) == [("INVALID", "changes")]
    await trade.adjust("CUP", -2)
    (line,) = await lines_of(order)
    assert (line.reserved, line.preparing, line.backordered) == (3, 3, 2)
    assert await audit() == []


async def test_a_pending_shipment_keeps_the_units_of_its_own_warehouse(database: Database) -> None:
    """Loose units of the line in another warehouse do not stand for those that lie packed here."""
    trade = await open_trade()
    await trade.product("CUP", near=3, far=3)
    order = await trade.place(("CUP", 6))
    await create_shipment(OPEN, CreateShipment(order.id, 1, trade.near_id))
    async with nothing_written():
        shrink = ChangeStock("CUP", trade.near_id, "lost", delta=-1)
        assert await reasons(adjust_stock(OPEN, (shrink,))) == [("INVALID", "changes")]
    await trade.adjust("CUP", -1, warehouse_id=trade.far_id)
    assert await counters("CUP") == {"NEAR": (3, 3, 0), "FAR": (2, 2, 0)}
    after = await trade.act(await Order.get(), OrderAction.SHIP)
    (line,) = await lines_of(order)
    assert (line.shipped, line.backordered, after.fulfillment_status) == (5, 1, "PARTLY_SHIPPED")
    assert len(await shipments_of(order)) == 2
    assert await audit() == []


async def test_stock_is_told_low_once(sqlite_database: Database) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=10)
    await StockItem.all().update(reorder_point=5)

    async def told() -> list[int]:
        events = Event.filter(kind=EventKind.STOCK_LOW).order_by("position")
        return [event.data["available"] for event in await events]

    await trade.place(("CUP", 4))
    assert await told() == []
    await trade.place(("CUP", 2))
    await trade.place(("CUP", 1))
    assert await told() == [4]
    await trade.adjust("CUP", 10)
    await trade.adjust("CUP", -8)
    assert await told() == [4, 5]
    assert await audit() == []


async def test_no_way_around_the_database_s_own_checks(database: Database) -> None:
    """What the guard would forget the table itself refuses."""
    trade = await open_trade()
    await trade.product("CUP", near=5)
    for wrong in (
        {"on_hand": -1},
        {"reserved": 6},
        {"reserved": -1},
        {"damaged": -1},
        {"reserved": 3, "damaged": 3},
        {"on_hand": MAX_QUANTITY + 1},
        {"safety_stock": -1},
    ):
        with pytest.raises(Exception, match=r"(?i)check|constraint"):
            await StockItem.all().update(**wrong)
    assert await counters("CUP") == {"NEAR": (5, 0, 0)}


async def test_forty_corrections_at_once_are_all_kept(database: Database) -> None:
    trade = await open_trade()
    await trade.product("CUP")
    await asyncio.gather(*(trade.adjust("CUP", 1 + n % 2) for n in range(40)))
    assert await counters("CUP") == {"NEAR": (60, 0, 0)}
    assert await StockItem.all().count() == 1
    assert await audit() == []


async def test_orders_and_a_shrinking_stock_at_once(database: Database) -> None:
    """Orders lock themselves before their stock, corrections the other way round: nobody hangs."""
    trade = await open_trade()
    await trade.product("CUP", near=20, backorder=BackorderPolicy.ALLOW)
    orders = [await trade.place(("CUP", 2)) for _ in range(10)]
    await asyncio.gather(
        *(trade.adjust("CUP", -1) for _ in range(6)),
        *(trade.act(order, OrderAction.CANCEL) for order in orders[:3]),
        *(trade.place(("CUP", 1)) for _ in range(4)),
        return_exceptions=True,
    )
    assert (await counters("CUP"))["NEAR"][0] == 14
    reserved = sum(line.reserved for line in await OrderLine.all())
    assert reserved == sum(each.quantity for each in await Reservation.all())
    assert await audit() == []


async def test_a_warehouse_is_saved(database: Database) -> None:
    with clock.frozen(datetime(2026, 1, 2, tzinfo=UTC)):
        made = await save_warehouse(OPEN, SaveWarehouse(name=" Nørd "))
    assert (made.code, made.name, made.priority, made.version) == ("Nørd", "Nørd", 100, 1)
    address = Address("Dock", (), "Aarhus", "dk")
    moved = SaveWarehouse(id=made.id, version=1, code="N", address=address, priority=0)
    await save_warehouse(OPEN, moved)
    await save_warehouse(OPEN, SaveWarehouse(id=made.id, name="North"))
    stored = await Warehouse.get()
    assert (stored.code, stored.name, stored.priority, stored.version) == ("N", "North", 0, 3)
    assert (stored.address["city"], stored.address["countryCode"]) == ("Aarhus", "DK")
    await save_warehouse(OPEN, SaveWarehouse(id=made.id, address=None, priority=None))
    stored = await Warehouse.get()
    assert (stored.address, stored.priority) == (None, 100)
    other = await save_warehouse(OPEN, SaveWarehouse(code="n", name="small"))
    async with nothing_written():
        for command, reason in (
            (SaveWarehouse(code="N", name="x"), ("DUPLICATE", "code")),
            (SaveWarehouse(id=other.id, code=" N "), ("DUPLICATE", "code")),
            (SaveWarehouse(code="X"), ("REQUIRED", "name")),
            (SaveWarehouse(id=other.id, name=None), ("REQUIRED", "name")),
            (SaveWarehouse(name="x", priority=-1), ("INVALID", "priority")),
            (SaveWarehouse(name="x" * 201), ("INVALID", "name")),
            (SaveWarehouse(id=made.id, version=1, name="x"), ("VERSION_CONFLICT", "version")),
            (SaveWarehouse(id=new_id(), name="x"), ("NOT_FOUND", "id")),
        ):
            assert await reasons(save_warehouse(OPEN, command)) == [reason]
