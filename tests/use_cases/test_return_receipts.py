"""Returned goods that have come: what can be received, and where it is put."""

import asyncio
from collections import Counter
from decimal import Decimal

import pytest

from models.events import Event
from models.fulfillment import Return, ReturnLine, Shipment, ShipmentLine
from models.inventory import StockItem, StockMovement, Warehouse
from models.orders import OrderLine
from models.payments import Invoice
from models.rules.access import OPEN
from models.rules.errors import IllegalTransition, Refused, VersionConflict
from models.rules.inventory import MAX_QUANTITY, StockChangeKind
from models.rules.order_states import OrderAction
from models.rules.payment_states import PaymentKind
from models.rules.return_states import Disposition, ReturnUnits
from services.fulfillment.returns import ReceiveReturn, receive_return
from tests.support.audit.auditor import audit
from tests.support.databases import Database
from tests.support.trade import (
    counters,
    lines_of,
    moves,
    nothing_written,
    open_trade,
    reasons,
    shipped,
)

RESTOCK, QUARANTINE, SCRAP = Disposition.RESTOCK, Disposition.QUARANTINE, Disposition.SCRAP
REFUND = PaymentKind.REFUND


async def test_goods_come_in_parts_and_each_gets_its_place(database: Database) -> None:
    trade = await open_trade()
    order, line = await shipped(trade)
    request = await trade.announce(order, (line, 5))
    half = await trade.receive(request, (line, 2, RESTOCK), (line, 1, QUARANTINE))
    request = await Return.get()
    assert (half.return_status, request.status, request.version) == (
        "PARTLY_RETURNED",
        "PARTLY_RECEIVED",
        2,
    )
    row = await ReturnLine.get()
    assert (row.received, row.disposition) == (3, "QUARANTINE")
    assert await counters("CUP") == {"NEAR": (3, 0, 1)}
    arrived = [("RETURN", 2), ("RETURN", 1), ("DAMAGE", 1)]
    assert (await moves("CUP"))[3:] == arrived
    movement = await StockMovement.filter(kind="DAMAGE").get()
    assert (movement.reason, movement.order_id) == (request.number, order.id)
    assert movement.order_line_id == line.id
    rest = await trade.receive(request, (line, 2, SCRAP))
    request = await Return.get()
    assert (rest.return_status, request.status, request.version) == ("RETURNED", "RECEIVED", 3)
    (line,) = await lines_of(order)
    assert (line.shipped, line.returned) == (5, 5)
    # what is thrown away never was in stock
    assert await counters("CUP") == {"NEAR": (3, 0, 1)}
    assert (await moves("CUP"))[3:] == arrived
    told = await Event.filter(subject_id=request.id).order_by("subject_seq")
    assert [each.data["status"] for each in told] == ["REQUESTED", "PARTLY_RECEIVED", "RECEIVED"]
    assert told[2].data["lines"] == [{"lineId": line.id.hex, "quantity": 2, "disposition": "SCRAP"}]
    assert await audit() == []


async def test_only_what_is_restocked_can_be_sold_again(sqlite_database: Database) -> None:
    trade = await open_trade()
    order, line = await shipped(trade)
    request = await trade.announce(order, (line, 5))
    await trade.receive(request, (line, 2, RESTOCK), (line, 2, QUARANTINE), (line, 1, SCRAP))
    assert await reasons(trade.place(("CUP", 3))) == [("INSUFFICIENT_STOCK", "lines.0.quantity")]
    assert (await trade.place(("CUP", 2))).fulfillment_status == "RESERVED"


async def test_what_cannot_be_received(sqlite_database: Database) -> None:
    trade = await open_trade()
    order, line = await shipped(trade)
    request = await trade.announce(order, (line, 3))

    async def refused(*lines: ReturnUnits, version: int = 1) -> list[tuple[str, str]]:
        return await reasons(receive_return(OPEN, ReceiveReturn(request.id, version, lines)))

    good = ReturnUnits(line.id, 1, RESTOCK)
    async with nothing_written():
        assert await refused(ReturnUnits(line.id, 4, RESTOCK)) == [("INVALID", "lines.0.quantity")]
        assert await refused(ReturnUnits(line.id, 0, RESTOCK)) == [("INVALID", "lines.0.quantity")]
        assert await refused(good, ReturnUnits(line.id, 3, SCRAP)) == [
            ("INVALID", "lines.1.quantity")
        ]
        assert await refused(good, ReturnUnits(line.id, 1)) == [("REQUIRED", "lines.1.disposition")]
        assert await refused(ReturnUnits(order.id, 1, SCRAP)) == [("NOT_FOUND", "lines.0.lineId")]
        assert await refused() == [("INVALID", "lines")]
        nobody = ReceiveReturn(order.id, 1, (good,))
        assert await reasons(receive_return(OPEN, nobody)) == [("NOT_FOUND", "id")]
        with pytest.raises(VersionConflict) as conflict:
            await receive_return(OPEN, ReceiveReturn(request.id, 2, (good,)))
    assert (conflict.value.expected, conflict.value.actual) == (2, 1)
    assert conflict.value.current.id == request.id


@pytest.mark.parametrize("state", ["RECEIVED", "REJECTED", "CANCELLED"])
async def test_nothing_is_received_of_a_return_that_is_over(
    sqlite_database: Database, state: str
) -> None:
    trade = await open_trade()
    order, line = await shipped(trade)
    request = await trade.announce(order, (line, 3))
    await Return.all().update(status=state)
    async with nothing_written():
        with pytest.raises(IllegalTransition) as refusal:
            await trade.receive(request, (line, 1, RESTOCK))
    assert (refusal.value.attempted, refusal.value.state) == ("RECEIVE", state)
    assert (refusal.value.subject.id, refusal.value.allowed) == (request.id, ())


async def test_units_go_back_to_where_they_were_shipped_from(database: Database) -> None:
    trade = await open_trade()
    order, line = await shipped(trade, near=0, far=5)
    request = await trade.announce(order, (line, 2))
    await trade.receive(request, (line, 2, RESTOCK))
    assert await counters("CUP") == {"FAR": (2, 0, 0)}
    assert await audit() == []


async def test_what_no_shipment_tells_of_goes_to_the_first_warehouse(database: Database) -> None:
    """As with imported orders, whose goods may never have been in any stock of ours."""
    trade = await open_trade()
    order, line = await shipped(trade, near=0, far=5)
    await ShipmentLine.all().delete()
    request = await trade.announce(order, (line, 2))
    await trade.receive(request, (line, 1, RESTOCK), (line, 1, QUARANTINE))
    assert await counters("CUP") == {"NEAR": (2, 0, 1), "FAR": (0, 0, 0)}
    assert await moves("CUP") == [("RETURN", 1), ("RETURN", 1), ("DAMAGE", 1)]


async def test_without_any_warehouse_goods_can_only_be_thrown_away(
    sqlite_database: Database,
) -> None:
    trade = await open_trade()
    order, line = await shipped(trade)
    request = await trade.announce(order, (line, 2))
    for table in (StockMovement, StockItem, Invoice, ShipmentLine, Shipment, Warehouse):
        await table.all().delete()
    assert await reasons(trade.receive(request, (line, 1, RESTOCK))) == [("INVALID", "lines")]
    after = await trade.receive(request, (line, 1, SCRAP))
    assert after.return_status == "PARTLY_RETURNED"


async def test_a_line_without_a_product_has_no_place_in_stock(sqlite_database: Database) -> None:
    trade = await open_trade()
    order, line = await shipped(trade)
    await OrderLine.all().update(product_id=None)
    request = await trade.announce(order, (line, 2))
    async with nothing_written():
        for kind in (RESTOCK, QUARANTINE):
            kept = trade.receive(request, (line, 1, kind))
            assert await reasons(kept) == [("INVALID", "lines.0.disposition")]
    await trade.receive(request, (line, 2, SCRAP))
    assert (await Return.get()).status == "RECEIVED"


async def test_a_counter_that_cannot_hold_them(database: Database) -> None:
    trade = await open_trade()
    order, line = await shipped(trade)
    request = await trade.announce(order, (line, 2))
    await trade.adjust("CUP", MAX_QUANTITY - 1)
    async with nothing_written():
        full = trade.receive(request, (line, 2, RESTOCK))
        assert await reasons(full) == [("INVALID", "lines")]
    await trade.receive(request, (line, 1, RESTOCK))
    assert await counters("CUP") == {"NEAR": (MAX_QUANTITY, 0, 0)}


async def test_of_ten_who_saw_one_version_one_receives(database: Database) -> None:
    trade = await open_trade()
    order, line = await shipped(trade)
    request = await trade.announce(order, (line, 5))

    async def one() -> str:
        try:
            await trade.receive(request, (line, 1, RESTOCK))
        except Refused as refusal:
            return "/".join(error.code for error in refusal.errors)
        return "RECEIVED"

    answers = Counter(await asyncio.gather(*(one() for _ in range(10))))
    assert answers == {"RECEIVED": 1, "VERSION_CONFLICT": 9}
    assert await counters("CUP") == {"NEAR": (1, 0, 0)}
    assert await audit() == []


async def test_damage_of_what_came_back_is_taken_back_by_a_correction(
    sqlite_database: Database,
) -> None:
    """Goods that were kept aside turn out to be good."""
    trade = await open_trade()
    order, line = await shipped(trade)
    request = await trade.announce(order, (line, 2))
    await trade.receive(request, (line, 2, QUARANTINE))
    await trade.adjust("CUP", -2, StockChangeKind.DAMAGE)
    assert await counters("CUP") == {"NEAR": (2, 0, 0)}
    assert await audit() == []


async def test_several_lines_come_back_to_several_places(database: Database) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=2)
    await trade.product("POT", far=3, tax_rate=Decimal("0.19"))
    order = await trade.act(await trade.place(("CUP", 2), ("POT", 3)), OrderAction.SHIP)
    cup, pot = await lines_of(order)
    request = await trade.announce(order, (pot, 3), (cup, 1))
    await trade.receive(request, (cup, 1, RESTOCK), (pot, 1, QUARANTINE))
    assert (await Return.get()).status == "PARTLY_RECEIVED"
    request = await Return.get()
    await trade.receive(request, (pot, 2, RESTOCK))
    assert (await Return.get()).status == "RECEIVED"
    assert await counters("CUP") == {"NEAR": (1, 0, 0)}
    assert await counters("POT") == {"FAR": (3, 0, 1)}
    assert [(line.shipped, line.returned) for line in await lines_of(order)] == [(2, 1), (3, 3)]
    assert await audit() == []
