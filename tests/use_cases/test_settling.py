"""When an order is settled and completes, however often money went to and fro."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from models.rules.access import OPEN
from models.rules.order_states import OrderAction
from models.rules.payment_states import PaymentKind
from models.rules.return_states import Disposition
from models.rules.shipment_states import ShipmentStatus
from services.orders.entry import PlaceOrder
from services.orders.goods import NewLine
from services.orders.place import draft_order
from services.payments.record import RecordPayment, record_payment
from services.work import clock
from tests.support.audit.auditor import audit
from tests.support.databases import Database
from tests.support.trade import lines_of, nothing_written, open_trade, reasons, shipments_of

SCRAP = Disposition.SCRAP


@pytest.mark.parametrize(
    ("steps", "payment", "balance"),
    [
        ("CHARGE:20.00 CHARGE:20.00 REFUND:20.00 ARRIVE", "PAID", 0),
        ("CHARGE:20.00 ARRIVE", "PAID", 0),
        ("CHARGE:25.00 ARRIVE", "OVERPAID", -500),
        ("CHARGE:20.00 REFUND:20.00 ARRIVE CHARGE:20.00", "PAID", 0),
        ("CHARGE:20.00 REFUND:5.00 ARRIVE CHARGE:5.00", "PAID", 0),
        ("ARRIVE BACK CHARGE:20.00", "PAID", 0),
        ("CHARGE:20.00 SHIP BACK", "PAID", 0),  # refused at the door, and never delivered
        ("CHARGE:20.00 REFUND:20.00 SHIP BACK", "REFUNDED", 0),
    ],
)
async def test_an_order_completes_once_nothing_is_to_come_and_nothing_is_owed(
    database: Database, steps: str, payment: str, balance: int
) -> None:
    """By the last of these steps, and not before, whichever that is."""
    trade = await open_trade()
    await trade.product("CUP", near=2)
    order = await trade.place(("CUP", 2))
    for step, _, value in (each.partition(":") for each in steps.split()):
        assert order.status == "CONFIRMED"
        if step == "BACK":
            (line,) = await lines_of(order)
            order = await trade.receive(await trade.announce(order, (line, 2)), (line, 2, SCRAP))
        elif value:
            order = await trade.pay(order, value, PaymentKind(step))
        else:
            order = await trade.act(order, OrderAction.SHIP)
            (shipment,) = await shipments_of(order)
            if step == "ARRIVE":
                order = await trade.track(shipment, ShipmentStatus.DELIVERED)
    assert (order.status, order.payment_status, order.balance_minor) == (
        *("COMPLETED", payment, balance),
    )
    assert order.stage is None
    assert await audit() == []


async def test_a_payment_is_recorded_once_and_of_its_time(database: Database) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=2)
    order = await trade.place(("CUP", 2))
    first = RecordPayment(order.id, PaymentKind.CHARGE, Decimal(5), "card", "ch_1")
    await record_payment(OPEN, first)
    again = replace(first, amount=Decimal(6), reference=" ch_1 ")
    early = replace(first, reference="ch_0", at=order.sorted_at - timedelta(days=367))
    async with nothing_written():
        assert await reasons(record_payment(OPEN, again)) == [("DUPLICATE", "reference")]
        assert await reasons(record_payment(OPEN, early)) == [("INVALID", "at")]
    after = await record_payment(OPEN, replace(again, allow_duplicate=True))
    assert after.charged_minor == 1_100


@pytest.mark.parametrize(
    ("placed", "year_before"),
    [
        ("2026-03-09T12:00:00+00:00", "2025-03-09T12:00:00+00:00"),
        ("2028-02-29T12:00:00+00:00", "2027-02-28T12:00:00+00:00"),
    ],
)
async def test_a_payment_is_dated_at_most_a_year_before_its_order(
    sqlite_database: Database, placed: str, year_before: str
) -> None:
    earliest = datetime.fromisoformat(year_before)
    with clock.frozen(datetime.fromisoformat(placed)):
        trade = await open_trade()
        await trade.product("CUP", near=2)
        order = await trade.place(("CUP", 2))
        paid = RecordPayment(order.id, PaymentKind.CHARGE, Decimal(5), "card", at=earliest)
        early = record_payment(OPEN, replace(paid, at=earliest - timedelta(microseconds=1)))
        assert await reasons(early) == [("INVALID", "at")]
        assert (await record_payment(OPEN, paid)).charged_minor == 500


async def test_a_draft_that_was_cancelled_takes_no_payment(database: Database) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=2)
    draft = await draft_order(OPEN, PlaceOrder(trade.customer_id, (NewLine("CUP", 1),)))
    gone = await trade.act(draft, OrderAction.CANCEL)
    async with nothing_written():
        assert await reasons(trade.pay(gone, "5.00")) == [("ILLEGAL_TRANSITION", "")]
