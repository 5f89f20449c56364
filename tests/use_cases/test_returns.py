"""Returns: what can be announced, and what that changes for the order and its money."""

import asyncio
from collections import Counter

import pytest

from models.events import Event
from models.fulfillment import Return, ReturnLine
from models.rules.access import OPEN
from models.rules.errors import IllegalTransition, Refused
from models.rules.events import EventKind
from models.rules.order_states import OrderAction
from models.rules.payment_states import PaymentKind
from models.rules.return_states import Disposition, ReturnState, ReturnUnits
from models.rules.shipment_states import ShipmentStatus
from services.fulfillment.returns import RequestReturn, request_return
from services.work import clock, policy
from tests.support.audit.auditor import audit
from tests.support.databases import Database
from tests.support.trade import (
    NOON,
    counters,
    lines_of,
    nothing_written,
    open_trade,
    reasons,
    shipments_of,
    shipped,
)

RESTOCK, QUARANTINE, SCRAP = Disposition.RESTOCK, Disposition.QUARANTINE, Disposition.SCRAP
REFUND = PaymentKind.REFUND


async def test_a_return_is_announced(database: Database) -> None:
    with clock.frozen(NOON):
        trade = await open_trade()
        order, line = await shipped(trade)
        lines = (ReturnUnits(line.id, 2), ReturnUnits(line.id, 1))
        after = await request_return(OPEN, RequestReturn(order.id, lines, " too small "))
    assert (after.return_status, after.version) == ("REQUESTED", order.version + 1)
    request = await Return.get()
    assert (request.number, request.status, request.version) == (
        f"{order.number}-R1",
        "REQUESTED",
        1,
    )
    assert (request.reason, request.created_at) == ("too small", NOON)
    row = await ReturnLine.get()
    assert (row.order_line_id, row.quantity, row.received) == (line.id, 3, 0)
    assert not row.disposition
    assert await counters("CUP") == {"NEAR": (0, 0, 0)}
    event = await Event.get(kind=EventKind.RETURN_UPDATED)
    assert (event.subject_id, event.subject_seq, event.order_id) == (request.id, 1, order.id)
    assert event.data == {
        "status": "REQUESTED",
        "number": f"{order.number}-R1",
        "lines": [
            {"lineId": line.id.hex, "quantity": 2},
            {"lineId": line.id.hex, "quantity": 1},
        ],
    }
    moved = await Event.filter(subject_id=order.id).order_by("-subject_seq").first()
    assert moved is not None
    assert (moved.data, moved.before) == ({"changed": ["return"]}, {"return": "NONE"})
    assert await audit() == []


async def test_what_cannot_be_announced(sqlite_database: Database) -> None:
    trade = await open_trade()
    order, line = await shipped(trade)

    async def refused(*lines: ReturnUnits, reason: str = "why") -> list[tuple[str, str]]:
        return await reasons(request_return(OPEN, RequestReturn(order.id, lines, reason)))

    async with nothing_written():
        assert await refused(ReturnUnits(line.id, 6)) == [("INVALID", "lines.0.quantity")]
        assert await refused(ReturnUnits(line.id, 0)) == [("INVALID", "lines.0.quantity")]
        assert await refused(ReturnUnits(line.id, -1)) == [("INVALID", "lines.0.quantity")]
        assert await refused(ReturnUnits(line.id, 3), ReturnUnits(line.id, 3)) == [
            ("INVALID", "lines.1.quantity")
        ]
        assert await refused(ReturnUnits(order.id, 1), ReturnUnits(line.id, 1, SCRAP)) == [
            ("NOT_FOUND", "lines.0.lineId"),
            ("INVALID", "lines.1.disposition"),
        ]
        assert await refused() == [("INVALID", "lines")]
        most = policy.current().max_order_lines
        assert await refused(*[ReturnUnits(line.id, 1)] * (most + 1)) == [("INVALID", "lines")]
        assert await refused(ReturnUnits(line.id, 1), reason=" ") == [("REQUIRED", "reason")]
        odd = await refused(ReturnUnits(line.id, 1), reason="a\0")
        assert odd == [("INVALID", "reason")]
        long = await refused(ReturnUnits(line.id, 1), reason="x" * 1_001)
        assert long == [("INVALID", "reason")]
        nobody = RequestReturn(line.id, (ReturnUnits(line.id, 1),), "why")
        assert await reasons(request_return(OPEN, nobody)) == [("NOT_FOUND", "orderId")]


async def test_units_of_another_order_do_not_come_back(sqlite_database: Database) -> None:
    trade = await open_trade()
    order, _ = await shipped(trade, near=10)
    other = await trade.act(await trade.place(("CUP", 5)), OrderAction.SHIP)
    (foreign,) = await lines_of(other)
    async with nothing_written():
        assert await reasons(trade.announce(order, (foreign, 1))) == [
            ("NOT_FOUND", "lines.0.lineId")
        ]


async def test_units_are_announced_once(database: Database) -> None:
    trade = await open_trade()
    order, line = await shipped(trade)
    first = await trade.announce(order, (line, 3))
    async with nothing_written():
        assert await reasons(trade.announce(order, (line, 3))) == [("INVALID", "lines.0.quantity")]
    await trade.receive(first, (line, 1, RESTOCK))
    # one is back, two are awaited: two are left to be announced
    assert await reasons(trade.announce(order, (line, 3))) == [("INVALID", "lines.0.quantity")]
    await trade.announce(order, (line, 2))
    with pytest.raises(IllegalTransition) as refusal:
        await trade.announce(order, (line, 1))
    assert refusal.value.allowed == ("HOLD", "RECORD_PAYMENT")
    # what was refused or called off is not awaited
    await Return.filter(status=ReturnState.REQUESTED).update(status=ReturnState.REJECTED)
    await trade.announce(order, (line, 2))
    assert await audit() == []


async def test_nothing_comes_back_of_what_has_not_left(sqlite_database: Database) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=5)
    order = await trade.place(("CUP", 5))
    (line,) = await lines_of(order)
    async with nothing_written():
        with pytest.raises(IllegalTransition) as refusal:
            await trade.announce(order, (line, 1))
    assert (refusal.value.attempted, refusal.value.state) == ("RETURN", "CONFIRMED")
    assert refusal.value.allowed == (
        *("EDIT", "HOLD", "PREPARE", "SHIP", "RECORD_PAYMENT", "CANCEL"),
    )


async def test_a_completed_order_comes_back_until_all_of_it_is_here(database: Database) -> None:
    trade = await open_trade()
    order, line = await shipped(trade)
    (shipment,) = await shipments_of(order)
    await trade.track(shipment, ShipmentStatus.DELIVERED)
    completed = await trade.pay(order, "50.00")
    assert completed.status == "COMPLETED"
    request = await trade.announce(order, (line, 5))
    after = await trade.receive(request, (line, 5, RESTOCK))
    assert (after.status, after.fulfillment_status, after.return_status) == (
        "COMPLETED",
        "DELIVERED",
        "RETURNED",
    )
    async with nothing_written():
        assert await reasons(trade.announce(order, (line, 1))) == [("ILLEGAL_TRANSITION", "")]
    assert await audit() == []


async def test_a_paid_order_is_returned_and_refunded(database: Database) -> None:
    """The return changes no money; its refund does, and then nothing is owed by anybody."""
    trade = await open_trade()
    order, line = await shipped(trade)
    paid = await trade.pay(order, "50.00")
    assert (paid.payment_status, paid.balance_minor) == ("PAID", 0)
    request = await trade.announce(order, (line, 2))
    returned = await trade.receive(request, (line, 2, RESTOCK))
    assert (returned.payment_status, returned.balance_minor) == ("PAID", 0)
    assert returned.total_gross_minor == 5000
    some = await trade.pay(order, "20.00", REFUND)
    assert (some.payment_status, some.refunded_minor, some.balance_minor) == (*("PAID", 2000, 0),)
    request = await trade.announce(order, (line, 3))
    await trade.receive(request, (line, 3, SCRAP))
    async with nothing_written():
        assert await reasons(trade.pay(order, "30.01", REFUND)) == [("INVALID", "amount")]
    rest = await trade.pay(order, "30.00", REFUND)
    assert (rest.payment_status, rest.return_status, rest.balance_minor) == (
        "REFUNDED",
        "RETURNED",
        0,
    )
    assert rest.total_gross_minor == 5000
    assert await audit() == []


async def test_a_refund_before_the_goods_are_back_leaves_them_to_be_paid(
    sqlite_database: Database,
) -> None:
    trade = await open_trade()
    order, line = await shipped(trade)
    await trade.pay(order, "50.00")
    request = await trade.announce(order, (line, 2))
    refunded = await trade.pay(order, "20.00", REFUND)
    assert (refunded.payment_status, refunded.balance_minor) == ("PARTLY_PAID", 2000)
    assert (await trade.receive(request, (line, 2, RESTOCK))).balance_minor == 0


async def test_requests_at_the_same_time_announce_no_unit_twice(database: Database) -> None:
    trade = await open_trade()
    order, line = await shipped(trade)

    async def one() -> str:
        try:
            await trade.announce(order, (line, 1))
        except Refused as refusal:
            return "/".join(error.code for error in refusal.errors)
        return "REQUESTED"

    answers = Counter(await asyncio.gather(*(one() for _ in range(9))))
    assert answers == {"REQUESTED": 5, "ILLEGAL_TRANSITION": 4}
    assert len({each.number for each in await Return.all()}) == 5
    assert await audit() == []
