"""Where returned goods are put: each unit where it left from, or all where somebody says."""

from collections import Counter
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from models.catalog import Product
from models.events import Event
from models.fulfillment import Return
from models.inventory import Reservation
from models.orders import Order, OrderLine
from models.rules.access import OPEN
from models.rules.catalog import BackorderPolicy, TrackingPolicy
from models.rules.events import EventKind
from models.rules.order_states import OrderAction
from models.rules.return_states import Disposition, ReturnUnits
from models.rules.tracking import NamedUnits
from models.tracking import UnitMovement, UnitStock
from services.catalog.products import SaveProduct, save_product
from services.fulfillment.returns import ReceiveReturn, receive_return
from services.inventory.adjust import ChangeStock, adjust_stock
from services.operations.audits.stock import verify_stock
from tests.support.audit.auditor import audit
from tests.support.databases import Database
from tests.support.trade import (
    Trade,
    counters,
    lines_of,
    moves,
    nothing_written,
    open_trade,
    reasons,
    shipped,
)

RESTOCK, QUARANTINE, SCRAP = Disposition.RESTOCK, Disposition.QUARANTINE, Disposition.SCRAP


async def latest(request: Return) -> Return:
    """The return as it is now."""
    return await Return.get(id=request.id)


async def test_each_unit_goes_back_to_the_warehouse_that_it_left_from(database: Database) -> None:
    """Two cups left from NEAR and three from FAR; they come back in three parts."""
    trade = await open_trade()
    order, line = await shipped(trade, near=2, far=3)
    request = await trade.announce(order, (line, 5))
    await trade.receive(request, (line, 1, RESTOCK))
    assert await counters("CUP") == {"NEAR": (1, 0, 0), "FAR": (0, 0, 0)}
    await trade.receive(await latest(request), (line, 2, RESTOCK), (line, 1, QUARANTINE))
    assert await counters("CUP") == {"NEAR": (2, 0, 0), "FAR": (2, 0, 1)}
    await trade.receive(await latest(request), (line, 1, RESTOCK))
    assert await counters("CUP") == {"NEAR": (2, 0, 0), "FAR": (3, 0, 1)}
    assert (await moves("CUP"))[-2:] == [("RETURN", 1), ("RETURN", 1)]
    assert (await moves("CUP", "FAR"))[-4:] == [
        *(("RETURN", 1), ("RETURN", 1), ("DAMAGE", 1), ("RETURN", 1)),
    ]
    assert await audit() == []
    assert await audit(database) == []


async def test_all_at_once_is_shared_out_as_it_left(database: Database) -> None:
    trade = await open_trade()
    order, line = await shipped(trade, near=2, far=3)
    request = await trade.announce(order, (line, 5))
    await trade.receive(request, (line, 5, RESTOCK))
    assert await counters("CUP") == {"NEAR": (2, 0, 0), "FAR": (3, 0, 0)}
    assert (await moves("CUP"))[-1] == ("RETURN", 2)
    assert (await moves("CUP", "FAR"))[-1] == ("RETURN", 3)
    assert await audit(database) == []


async def test_what_is_thrown_away_takes_nobody_s_place(sqlite_database: Database) -> None:
    trade = await open_trade()
    order, line = await shipped(trade, near=2, far=3)
    request = await trade.announce(order, (line, 5))
    await trade.receive(request, (line, 2, SCRAP))
    assert await counters("CUP") == {"NEAR": (0, 0, 0), "FAR": (0, 0, 0)}
    await trade.receive(await latest(request), (line, 3, RESTOCK))
    assert await counters("CUP") == {"NEAR": (2, 0, 0), "FAR": (1, 0, 0)}
    assert await audit(sqlite_database) == []


async def test_two_lines_of_one_product_come_back_by_line(database: Database) -> None:
    """The first line was served from NEAR, the second from FAR."""
    trade = await open_trade()
    await trade.product("CUP", near=2, far=2)
    order = await trade.act(await trade.place(("CUP", 2), ("CUP", 2)), OrderAction.SHIP)
    first, second = await lines_of(order)
    request = await trade.announce(order, (first, 2), (second, 2))
    await trade.receive(request, (second, 2, QUARANTINE))
    assert await counters("CUP") == {"NEAR": (0, 0, 0), "FAR": (2, 0, 2)}
    await trade.receive(await latest(request), (first, 2, RESTOCK))
    assert await counters("CUP") == {"NEAR": (2, 0, 0), "FAR": (2, 0, 2)}
    assert await audit(database) == []


async def test_a_receipt_can_name_its_warehouse(database: Database) -> None:
    trade = await open_trade()
    order, line = await shipped(trade, near=2, far=3)
    request = await trade.announce(order, (line, 5))
    await trade.receive(
        request, (line, 3, RESTOCK), (line, 1, QUARANTINE), warehouse_id=trade.near_id
    )
    assert await counters("CUP") == {"NEAR": (4, 0, 1), "FAR": (0, 0, 0)}
    told = await Event.filter(kind=EventKind.RETURN_UPDATED).order_by("subject_seq")
    assert [each.data.get("warehouseId") for each in told] == [None, trade.near_id.hex]
    # NEAR has more than it sent by now
    await trade.receive(await latest(request), (line, 1, RESTOCK))
    assert await counters("CUP") == {"NEAR": (4, 0, 1), "FAR": (1, 0, 0)}
    assert await audit() == []
    assert await audit(database) == []


async def test_a_warehouse_that_never_held_the_product_gets_it(sqlite_database: Database) -> None:
    trade = await open_trade()
    order, line = await shipped(trade, near=5)
    request = await trade.announce(order, (line, 2))
    await trade.receive(request, (line, 2, RESTOCK), warehouse_id=trade.far_id)
    assert await counters("CUP") == {"NEAR": (0, 0, 0), "FAR": (2, 0, 0)}
    assert await audit(sqlite_database) == []


async def test_a_warehouse_that_nobody_knows(database: Database) -> None:
    trade = await open_trade()
    order, line = await shipped(trade)
    request = await trade.announce(order, (line, 2))
    async with nothing_written():
        for kind in (RESTOCK, SCRAP):
            nowhere = trade.receive(request, (line, 1, kind), warehouse_id=order.id)
            assert await reasons(nowhere) == [("NOT_FOUND", "warehouseId")]


async def test_who_waits_is_served_from_where_the_goods_are(database: Database) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=2, far=3, backorder=BackorderPolicy.ALLOW)
    order = await trade.act(await trade.place(("CUP", 5)), OrderAction.SHIP)
    (line,) = await lines_of(order)
    waiting = await trade.place(("CUP", 4))
    request = await trade.announce(order, (line, 5))
    await trade.receive(request, (line, 4, RESTOCK))
    held = await Reservation.filter(order_line__order_id=waiting.id).select_related(
        "stock_item__warehouse"
    )
    assert {each.stock_item.warehouse.code: each.quantity for each in held} == {"NEAR": 2, "FAR": 2}
    assert [each.backordered for each in await lines_of(waiting)] == [0]
    assert await audit(database, backorders_served=True) == []


@dataclass(frozen=True)
class Sold:
    """An order of tracked units that have left, its line, and its return of all of them."""

    trade: Trade
    order: Order
    line: OrderLine
    request: Return

    async def receive(
        self, kind: Disposition, *named: NamedUnits, warehouse_id: UUID | None = None
    ) -> None:
        """These units came."""
        units = ReturnUnits(self.line.id, sum(each.quantity for each in named), kind, named)
        request = await latest(self.request)
        command = ReceiveReturn(request.id, request.version, (units,), warehouse_id)
        await receive_return(OPEN, command)


async def sold(
    tracking: TrackingPolicy, near: dict[str, int], far: dict[str, int], **fields: Any
) -> Sold:
    """Everything that lies in two warehouses is ordered, has left, and is to come back."""
    trade = await open_trade()
    await trade.product("TEA", tracking=tracking, **fields)
    for warehouse_id, lots in ((trade.near_id, near), (trade.far_id, far)):
        units = tuple(NamedUnits(code, quantity) for code, quantity in lots.items())
        delta = sum(lots.values())
        change = ChangeStock("TEA", warehouse_id, "delivery", delta=delta, units=units)
        await adjust_stock(OPEN, (change,))
    total = sum((*near.values(), *far.values()))
    order = await trade.act(await trade.place(("TEA", total)), OrderAction.SHIP)
    (line,) = await lines_of(order)
    return Sold(trade, order, line, await trade.announce(order, (line, total)))


async def lying() -> dict[str, dict[str, int]]:
    """The units in each warehouse, by code."""
    there: dict[str, dict[str, int]] = {}
    for row in await UnitStock.all().select_related("unit", "stock_item__warehouse"):
        there.setdefault(row.stock_item.warehouse.code, {})[row.unit.code] = row.quantity
    return there


async def test_a_serial_number_goes_back_to_where_it_left_from(database: Database) -> None:
    case = await sold(TrackingPolicy.SERIAL, {"N1": 1, "N2": 1}, {"F1": 1, "F2": 1})
    await case.receive(RESTOCK, NamedUnits("F2"))
    assert await lying() == {"FAR": {"F2": 1}}
    await case.receive(QUARANTINE, NamedUnits("N2"), NamedUnits("F1"))
    assert await lying() == {"NEAR": {"N2": 1}, "FAR": {"F1": 1, "F2": 1}}
    assert await counters("TEA") == {"NEAR": (1, 0, 1), "FAR": (2, 0, 1)}
    await case.receive(SCRAP, NamedUnits("N1"))
    assert await lying() == {"NEAR": {"N2": 1}, "FAR": {"F1": 1, "F2": 1}}
    way = await UnitMovement.filter(unit__code="F1").order_by("sequence")
    assert [each.kind.value for each in way] == ["ADJUST", "SHIP", "RETURN", "DAMAGE"]
    assert len({each.stock_item_id for each in way}) == 1
    assert (await verify_stock(OPEN)).is_clean
    assert await audit(database) == []


async def test_a_lot_that_left_from_two_warehouses_goes_back_to_both(database: Database) -> None:
    case = await sold(TrackingPolicy.LOT, {"L1": 2}, {"L1": 3, "L2": 1})
    await case.receive(RESTOCK, NamedUnits("L2", 1), NamedUnits("L1", 1))
    assert await lying() == {"NEAR": {"L1": 1}, "FAR": {"L2": 1}}
    await case.receive(RESTOCK, NamedUnits("L1", 3))
    assert await lying() == {"NEAR": {"L1": 2}, "FAR": {"L1": 2, "L2": 1}}
    await case.receive(SCRAP, NamedUnits("L1", 1))
    assert await counters("TEA") == {"NEAR": (2, 0, 0), "FAR": (3, 0, 0)}
    assert (await verify_stock(OPEN)).is_clean
    assert await audit(database) == []


async def test_named_units_go_to_the_warehouse_that_is_named(sqlite_database: Database) -> None:
    case = await sold(TrackingPolicy.SERIAL, {"N1": 1}, {"F1": 1, "F2": 1})
    named = (NamedUnits("N1"), NamedUnits("F1"))
    await case.receive(RESTOCK, *named, warehouse_id=case.trade.far_id)
    assert await lying() == {"FAR": {"N1": 1, "F1": 1}}
    await case.receive(RESTOCK, NamedUnits("F2"))
    assert await lying() == {"FAR": {"N1": 1, "F1": 1, "F2": 1}}
    assert (await verify_stock(OPEN)).is_clean
    assert await audit(sqlite_database) == []


async def test_what_left_before_it_had_a_code_goes_back_by_the_line(database: Database) -> None:
    """Two left from NEAR and three from FAR without a code; they get codes as they come."""
    trade = await open_trade()
    order, line = await shipped(trade, near=2, far=3)
    cup = await Product.get(sku="CUP")
    tracked = SaveProduct(id=cup.id, version=cup.version, tracking=TrackingPolicy.SERIAL)
    await save_product(OPEN, tracked)
    case = Sold(trade, order, line, await trade.announce(order, (line, 5)))
    await case.receive(RESTOCK, NamedUnits("A"), NamedUnits("B"))
    await case.receive(RESTOCK, NamedUnits("C"), NamedUnits("D"), NamedUnits("E"))
    assert await lying() == {"NEAR": {"A": 1, "B": 1}, "FAR": {"C": 1, "D": 1, "E": 1}}
    assert Counter(each.kind.value for each in await UnitMovement.all()) == {"RETURN": 5}
    assert (await verify_stock(OPEN)).is_clean
    assert await audit(database) == []
