"""Money on orders: what each payment does to the sums, and which are refused."""

import asyncio
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from models.events import Event
from models.orders import Order
from models.payments import Payment
from models.rules.access import OPEN
from models.rules.errors import IllegalTransition, Refused
from models.rules.events import EventKind
from models.rules.order_states import OrderAction, OrderStatus
from models.rules.payment_states import PaymentKind
from models.rules.shipment_states import ShipmentStatus
from services.payments.record import RecordPayment, record_payment
from services.work import clock
from tests.support.audit.auditor import audit
from tests.support.databases import Database
from tests.support.trade import (
    NOON,
    Trade,
    nothing_written,
    open_trade,
    reasons,
    shipments_of,
)

AUTHORIZATION, CHARGE = PaymentKind.AUTHORIZATION, PaymentKind.CHARGE
VOID, REFUND = PaymentKind.VOID, PaymentKind.REFUND


async def ordered(trade: Trade) -> Order:
    """An order of 20.00 EUR."""
    await trade.product("CUP", near=2)
    return await trade.place(("CUP", 2))


async def latest() -> Payment:
    payment = await Payment.all().order_by("-id").first()
    assert payment is not None
    return payment


async def test_a_payment_is_kept_as_it_was_recorded(database: Database) -> None:
    with clock.frozen(NOON):
        trade = await open_trade()
        order = await ordered(trade)
        earlier = NOON - timedelta(days=1)
        command = RecordPayment(order.id, CHARGE, Decimal("12.34"), " card ", " ch_1 ", at=earlier)
        paid = await record_payment(OPEN, command)
    assert (paid.payment_status, paid.charged_minor, paid.version) == ("PARTLY_PAID", 1234, 2)
    payment = await Payment.get()
    assert (payment.kind, payment.amount_minor, payment.currency) == (CHARGE, 1234, "EUR")
    assert (payment.method, payment.reference) == ("card", "ch_1")
    assert (payment.at, payment.created_at, payment.actor_id) == (earlier, NOON, "open")
    event = await Event.get(kind=EventKind.PAYMENT_RECORDED)
    assert event.data == {
        "paymentId": payment.id.hex,
        "kind": "CHARGE",
        "amountMinor": 1234,
        "currency": "EUR",
        "changed": ["balanceMinor", "payment"],
    }
    assert (event.subject_id, event.subject_seq) == (order.id, 2)
    assert event.before == {"payment": "UNPAID", "balanceMinor": 2000}
    assert (event.after["payment"], event.after["balanceMinor"]) == ("PARTLY_PAID", 766)
    assert await audit() == []


async def test_from_an_authorization_to_a_refund(database: Database) -> None:
    trade = await open_trade()
    order = await ordered(trade)
    steps = [
        (AUTHORIZATION, "15.00", False, "AUTHORIZED", (1500, 0, 0)),
        (CHARGE, "5.00", True, "PARTLY_PAID", (1000, 500, 0)),
        (CHARGE, "10.00", True, "PARTLY_PAID", (0, 1500, 0)),
        (CHARGE, "5.00", False, "PAID", (0, 2000, 0)),
        (CHARGE, "0.01", False, "OVERPAID", (0, 2001, 0)),
        (REFUND, "0.01", False, "PAID", (0, 2001, 1)),
        (REFUND, "20.00", False, "UNPAID", (0, 2001, 2001)),
    ]
    authorization: list[UUID] = []
    for kind, amount, captures, status, sums in steps:
        after = await trade.pay(order, amount, kind, authorization[0] if captures else None)
        authorization.append((await latest()).id)
        told = (after.authorized_minor, after.charged_minor, after.refunded_minor)
        assert (after.payment_status, told) == (status, sums)
    assert await audit() == []


async def test_a_void_releases_what_is_left(sqlite_database: Database) -> None:
    trade = await open_trade()
    order = await ordered(trade)
    await trade.pay(order, "15.00", AUTHORIZATION)
    authorization = await latest()
    await trade.pay(order, "5.00", CHARGE, authorization.id)
    async with nothing_written():
        too_much = trade.pay(order, "10.01", VOID, authorization.id)
        assert await reasons(too_much) == [("INVALID", "amount")]
    after = await trade.pay(order, "10.00", VOID, authorization.id)
    assert (after.authorized_minor, after.payment_status) == (0, "PARTLY_PAID")
    assert await audit() == []


async def test_a_charge_without_a_name_captures_nothing(sqlite_database: Database) -> None:
    trade = await open_trade()
    order = await ordered(trade)
    await trade.pay(order, "15.00", AUTHORIZATION)
    after = await trade.pay(order, "5.00", CHARGE)
    assert (after.authorized_minor, after.charged_minor) == (1500, 500)


async def test_no_more_is_captured_than_is_left_of_the_authorization(database: Database) -> None:
    trade = await open_trade()
    order = await ordered(trade)
    await trade.pay(order, "15.00", AUTHORIZATION)
    authorization = await latest()
    async with nothing_written():
        above = trade.pay(order, "15.01", CHARGE, authorization.id)
        assert await reasons(above) == [("INVALID", "amount")]
    await trade.pay(order, "5.00", CHARGE, authorization.id)
    await trade.pay(order, "4.00", VOID, authorization.id)
    async with nothing_written():
        rest = trade.pay(order, "6.01", CHARGE, authorization.id)
        assert await reasons(rest) == [("INVALID", "amount")]
    after = await trade.pay(order, "6.00", CHARGE, authorization.id)
    assert (after.authorized_minor, after.charged_minor) == (0, 1100)
    assert await audit() == []


async def test_what_was_released_is_not_captured(sqlite_database: Database) -> None:
    """A void need not name the authorization; no capture uses up what is not set aside."""
    trade = await open_trade()
    order = await ordered(trade)
    await trade.pay(order, "15.00", AUTHORIZATION)
    authorization = await latest()
    await trade.pay(order, "10.00", VOID)
    async with nothing_written():
        released = trade.pay(order, "5.01", CHARGE, authorization.id)
        assert await reasons(released) == [("INVALID", "amount")]
    after = await trade.pay(order, "5.00", CHARGE, authorization.id)
    assert (after.authorized_minor, after.charged_minor) == (0, 500)
    assert await audit() == []


async def test_captures_at_the_same_time_take_no_more_than_there_is(database: Database) -> None:
    trade = await open_trade()
    order = await ordered(trade)
    await trade.pay(order, "20.00", AUTHORIZATION)
    authorization = await latest()

    async def one() -> str:
        try:
            await trade.pay(order, "3.00", CHARGE, authorization.id)
        except Refused as refusal:
            return "/".join(error.code for error in refusal.errors)
        return "CHARGED"

    answers = Counter(await asyncio.gather(*(one() for _ in range(10))))
    assert answers == {"CHARGED": 6, "INVALID": 4}
    assert (await Order.get()).authorized_minor == 200
    assert await audit() == []


@pytest.mark.parametrize(
    ("status", "kinds"),
    [
        ("DRAFT", ""),
        ("AWAITING_APPROVAL", "AUTHORIZATION CHARGE VOID REFUND"),
        ("CONFIRMED", "AUTHORIZATION CHARGE VOID REFUND"),
        ("ON_HOLD", "AUTHORIZATION CHARGE VOID REFUND"),
        ("COMPLETED", "CHARGE VOID REFUND"),
        ("CANCELLED", "CHARGE VOID REFUND"),
    ],
)
async def test_each_status_takes_the_payments_that_its_table_has(
    sqlite_database: Database, status: str, kinds: str
) -> None:
    trade = await open_trade()
    order = await ordered(trade)
    await trade.pay(order, "5.00", AUTHORIZATION)
    await trade.pay(order, "5.00", CHARGE)
    await Order.all().update(status=status)
    for kind in PaymentKind:
        if kind in kinds.split():
            await trade.pay(order, "1.00", kind)
            continue
        with pytest.raises(IllegalTransition) as refusal:
            await trade.pay(order, "1.00", kind)
        action = "REFUND" if kind in (VOID, REFUND) else "RECORD_PAYMENT"
        attempted = action if status == "DRAFT" else kind
        assert (refusal.value.attempted, refusal.value.state) == (attempted, status)
        assert attempted not in refusal.value.allowed


@pytest.mark.parametrize("status", ["COMPLETED", "CANCELLED"])
async def test_nothing_is_captured_for_an_order_that_is_over(
    sqlite_database: Database, status: str
) -> None:
    trade = await open_trade()
    order = await ordered(trade)
    await trade.pay(order, "5.00", AUTHORIZATION)
    await trade.pay(order, "5.00", CHARGE)
    aside = await Payment.get(kind=AUTHORIZATION)
    await Order.all().update(status=status)
    async with nothing_written():
        with pytest.raises(IllegalTransition) as refusal:
            await trade.pay(order, "5.00", CHARGE, aside.id)
    assert (refusal.value.attempted, refusal.value.state) == ("CAPTURE", status)
    assert refusal.value.allowed == ("RECORD_PAYMENT", "REFUND")
    charge = await Payment.get(kind=CHARGE)
    await trade.pay(order, "5.00", REFUND, charge.id)
    after = await trade.pay(order, "5.00", VOID, aside.id)
    assert (after.authorized_minor, after.charged_minor, after.refunded_minor) == (0, 500, 500)


async def test_money_that_comes_late_is_seen_and_given_back(database: Database) -> None:
    """Of an order that was cancelled unpaid, and of one that was paid when it was completed."""
    trade = await open_trade()
    cancelled = await ordered(trade)
    await trade.act(cancelled, OrderAction.CANCEL)
    completed = await trade.place(("CUP", 2))
    await trade.act(completed, OrderAction.SHIP)
    (shipment,) = await shipments_of(completed)
    await trade.track(shipment, ShipmentStatus.DELIVERED)
    await trade.pay(completed, "20.00")
    for order, status, settled in (
        (cancelled, "CANCELLED", "REFUNDED"),
        (completed, "COMPLETED", "PAID"),
    ):
        after = await trade.pay(order, "7.00")
        assert (after.status, after.payment_status) == (status, "OVERPAID")
        assert after.balance_minor == -700
        back = await trade.pay(order, "7.00", REFUND)
        assert (back.status, back.payment_status) == (status, settled)
        assert back.balance_minor == 0
    assert await audit() == []


async def test_a_refusal_of_what_the_status_does_not_take_changes_nothing(
    database: Database,
) -> None:
    trade = await open_trade()
    order = await ordered(trade)
    await trade.pay(order, "30.00")
    await trade.act(await Order.get(), OrderAction.CANCEL)
    async with nothing_written():
        aside = trade.pay(order, "1.00", AUTHORIZATION)
        assert await reasons(aside) == [("ILLEGAL_TRANSITION", "")]
        too_much = trade.pay(order, "30.01", REFUND)
        assert await reasons(too_much) == [("INVALID", "amount")]
    after = await trade.pay(order, "30.00", REFUND)
    assert (after.status, after.payment_status) == ("CANCELLED", "REFUNDED")


async def test_a_void_or_refund_is_of_no_more_than_the_payment_it_names(
    sqlite_database: Database,
) -> None:
    trade = await open_trade()
    order = await ordered(trade)
    await trade.pay(order, "5.00", AUTHORIZATION)
    small = await latest()
    await trade.pay(order, "7.00", AUTHORIZATION)
    await trade.pay(order, "2.00", CHARGE)
    charge = await latest()
    await trade.pay(order, "6.00", CHARGE)
    async with nothing_written():
        for kind, amount, payment in ((VOID, "5.01", small), (REFUND, "2.01", charge)):
            asked = trade.pay(order, amount, kind, payment.id)
            assert await reasons(asked) == [("INVALID", "amount")]
    await trade.pay(order, "1.50", REFUND, charge.id)
    async with nothing_written():
        rest = trade.pay(order, "0.51", REFUND, charge.id)
        assert await reasons(rest) == [("INVALID", "amount")]
    await trade.pay(order, "0.50", REFUND, charge.id)
    assert await audit() == []


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        (AUTHORIZATION, AUTHORIZATION),
        (CHARGE, CHARGE),
        (VOID, CHARGE),
        (REFUND, AUTHORIZATION),
    ],
)
async def test_payments_that_do_not_follow_each_other(
    sqlite_database: Database, kind: PaymentKind, named: PaymentKind
) -> None:
    trade = await open_trade()
    order = await ordered(trade)
    await trade.pay(order, "5.00", AUTHORIZATION)
    await trade.pay(order, "5.00", CHARGE)
    earlier = await Payment.get(kind=named)
    async with nothing_written():
        asked = trade.pay(order, "1.00", kind, earlier.id)
        assert await reasons(asked) == [("INVALID", "paymentId")]


async def test_what_is_no_payment(sqlite_database: Database) -> None:
    trade = await open_trade()
    order = await ordered(trade)
    await trade.pay(order, "1.00")
    now = clock.now()
    cases = [
        (RecordPayment(trade.near_id, CHARGE, Decimal(1), "card"), ("NOT_FOUND", "orderId")),
        (RecordPayment(order.id, CHARGE, Decimal(0), "card"), ("INVALID", "amount")),
        (RecordPayment(order.id, CHARGE, Decimal(-1), "card"), ("INVALID", "amount")),
        (RecordPayment(order.id, CHARGE, Decimal("0.001"), "card"), ("INVALID", "amount")),
        (RecordPayment(order.id, CHARGE, Decimal("NaN"), "card"), ("INVALID", "amount")),
        (RecordPayment(order.id, REFUND, Decimal("1.01"), "card"), ("INVALID", "amount")),
        (RecordPayment(order.id, VOID, Decimal("0.01"), "card"), ("INVALID", "amount")),
        (RecordPayment(order.id, CHARGE, Decimal(1), " "), ("REQUIRED", "method")),
        (RecordPayment(order.id, CHARGE, Decimal(1), "x" * 65), ("INVALID", "method")),
        (
            RecordPayment(order.id, CHARGE, Decimal(1), "card", at=now + timedelta(hours=1)),
            ("INVALID", "at"),
        ),
        (
            RecordPayment(order.id, CHARGE, Decimal(1), "card", payment_id=trade.near_id),
            ("NOT_FOUND", "paymentId"),
        ),
    ]
    async with nothing_written():
        for command, reason in cases:
            assert await reasons(record_payment(OPEN, command)) == [reason]
    await Order.all().update(status=OrderStatus.DRAFT)
    async with nothing_written():
        assert await reasons(trade.pay(order, "1.00")) == [("ILLEGAL_TRANSITION", "")]


async def test_a_payment_of_another_order_is_none_of_this_one(sqlite_database: Database) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=2)
    mine, other = await trade.place(("CUP", 1)), await trade.place(("CUP", 1))
    await trade.pay(other, "10.00", AUTHORIZATION)
    foreign = trade.pay(mine, "10.00", CHARGE, (await latest()).id)
    async with nothing_written():
        assert await reasons(foreign) == [("NOT_FOUND", "paymentId")]


async def test_refunds_at_the_same_time_give_back_no_more_than_there_is(
    database: Database,
) -> None:
    trade = await open_trade()
    order = await ordered(trade)
    await trade.pay(order, "20.00")

    async def one() -> str:
        try:
            await trade.pay(order, "3.00", REFUND)
        except Refused as refusal:
            return "/".join(error.code for error in refusal.errors)
        return "REFUNDED"

    answers = Counter(await asyncio.gather(*(one() for _ in range(10))))
    assert answers == {"REFUNDED": 6, "INVALID": 4}
    assert (await Order.get()).refunded_minor == 1800
    assert await audit() == []
