"""Whatever is edited behind the product's back, the auditor tells it by name."""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from typing import Final

import pytest

from models.payments import Payment
from models.rules.access import OPEN
from models.rules.catalog import BackorderPolicy, TrackingPolicy
from models.rules.inventory import StockChangeKind
from models.rules.order_states import OrderAction
from models.rules.payment_states import PaymentKind
from models.rules.return_states import Disposition
from models.rules.shipment_states import ShipmentStatus
from models.rules.tracking import NamedUnits
from services.fulfillment.ship import CreateShipment, create_shipment
from services.inventory.adjust import ChangeStock, adjust_stock
from services.orders.edit import EditOrder, edit_order
from services.orders.edited_lines import EditedLine
from services.orders.entry import PlaceOrder
from services.orders.goods import NewLine
from services.orders.note import note_on_order
from services.orders.place import draft_order
from services.work import clock
from services.work.idempotency import Claim, claimed
from tests.support.audit.auditor import STATEMENTS, audit
from tests.support.audit.events import NUMBERED_AT_ONCE
from tests.support.audit.stock import SERVED
from tests.support.databases import Database, Databases, connected
from tests.support.trade import NOON, Trade, lines_of, open_trade, shipments_of

NAMES: Final = {
    *(*STATEMENTS, *NUMBERED_AT_ONCE, *SERVED),
    *("line.price", "payment.authorized", "key.outcome", "invoice.gapless", "invoice.counter"),
    *("order.step", "stock.home", "order.due"),
}


async def trade_a_little() -> None:
    """A company in which everything that the auditor looks at is there."""
    trade = await open_trade()
    await trade.product("CUP", near=20, tax_rate=Decimal("0.19"))
    await trade.product("POT", near=2, backorder=BackorderPolicy.ALLOW)
    await trade.adjust("CUP", 2, StockChangeKind.DAMAGE)
    await ship_and_pay(trade)
    packed = await trade.place(("CUP", 3), channel="packed")
    await trade.act(packed, OrderAction.PREPARE)
    waiting = await trade.place(("POT", 5), channel="waiting")
    with claimed(Claim("open", "note-1", "orderNote", "")):
        await note_on_order(OPEN, waiting.id, "Call first.")
    gone = await trade.place(("CUP", 1), channel="gone")
    await trade.act(await trade.act(gone, OrderAction.PREPARE), OrderAction.CANCEL)
    await pack_one_of_a_lot(trade)
    await hold_one_of_two(trade)
    back = await trade.act(await trade.place(("CUP", 1), channel="back"), OrderAction.SHIP)
    (line,) = await lines_of(back)
    await trade.receive(await trade.announce(back, (line, 1)), (line, 1, Disposition.RESTOCK))


async def ship_and_pay(trade: Trade) -> None:
    """An order that was paid, and of which one shipment has arrived and one is on its way."""
    order = await trade.place(("CUP", 2), ("CUP", 1), channel="shipped", shipping=Decimal(5))
    await trade.pay(order, "50.00", PaymentKind.AUTHORIZATION)
    authorization = await Payment.get(kind=PaymentKind.AUTHORIZATION)
    await trade.pay(order, "39.50", PaymentKind.CHARGE, authorization.id)
    charge = await Payment.get(kind=PaymentKind.CHARGE)
    await trade.pay(order, "0.50", PaymentKind.VOID, authorization.id)
    order = await trade.pay(order, "0.25", PaymentKind.REFUND, charge.id)
    first, _ = await lines_of(order)
    some = CreateShipment(order.id, order.version, trade.near_id, {first.id: 2})
    order = await trade.act(await create_shipment(OPEN, some), OrderAction.SHIP)
    arrived, _ = await shipments_of(order)
    await trade.track(arrived, ShipmentStatus.DELIVERED)


async def pack_one_of_a_lot(trade: Trade) -> None:
    """A lot, of which one unit is damaged and two lie in a shipment, and a serial number."""
    for sku, quantity in (("TEA", 9), ("PHONE", 1)):
        tracking = TrackingPolicy.LOT if quantity > 1 else TrackingPolicy.SERIAL
        await trade.product(sku, tracking=tracking)
        named = (NamedUnits(f"{sku}-1", quantity),)
        came = ChangeStock(sku, trade.near_id, "bought", delta=quantity, units=named)
        await adjust_stock(OPEN, (came,))
    kind, one = StockChangeKind.DAMAGE, (NamedUnits("TEA-1", 1),)
    torn = ChangeStock("TEA", trade.near_id, "torn", kind, delta=1, units=one)
    await adjust_stock(OPEN, (torn,))
    await trade.act(await trade.place(("TEA", 2), channel="tea"), OrderAction.PREPARE)


async def hold_one_of_two(trade: Trade) -> None:
    """A draft that holds stock, and that lost a line."""
    wanted = (NewLine("CUP", 1), NewLine("CUP", 2))
    until = NOON + timedelta(days=1)
    command = PlaceOrder(trade.customer_id, wanted, "held", reserve_until=until)
    draft = await draft_order(OPEN, command)
    (kept, _) = await lines_of(draft)
    lines = (EditedLine("CUP", 1, line_id=kept.id),)
    await edit_order(OPEN, EditOrder(draft.id, draft.version, "one will do", lines))


@pytest.fixture(scope="module")
def traded(databases: Databases) -> Database:
    """The company in a SQLite database that nobody is connected to."""

    async def trade() -> Database:
        made = await databases.migrated("sqlite")
        with clock.frozen(NOON):
            async with connected(made):
                await trade_a_little()
        return made

    return asyncio.run(trade())


async def test_it_has_nothing_to_tell_of_sound_books(database: Database) -> None:
    with clock.frozen(NOON):
        await trade_a_little()
    assert await audit(database, backorders_served=True) == []


def of(channel: str) -> str:
    """The order of a channel; each order of the company has one of its own."""
    return f"(SELECT id FROM customer_order WHERE channel = '{channel}')"


def line(channel: str, change: str) -> str:
    return f"UPDATE order_line SET {change} WHERE position = 0 AND order_id = {of(channel)}"


def order(channel: str, change: str) -> str:
    return f"UPDATE customer_order SET {change} WHERE channel = '{channel}'"


def cups(change: str) -> str:
    return f"UPDATE stock_item SET {change} WHERE on_hand > 10"


def of_lot(change: str) -> str:
    return f"UPDATE unit_stock SET {change} WHERE quantity > 1"


def movement(kind: str, change: str) -> str:
    """The first movement of its kind."""
    return (
        f"UPDATE stock_movement SET {change} WHERE id = "
        f"(SELECT MIN(id) FROM stock_movement WHERE kind = '{kind}')"
    )


def payment(kind: str, change: str) -> str:
    return f"UPDATE payment SET {change} WHERE kind = '{kind}'"


def event(subject: str, sequence: int, change: str) -> str:
    return f"UPDATE event SET {change} WHERE subject_seq = {sequence} AND subject_id = ({subject})"


NOBODY: Final = "'00000000-0000-7000-8000-000000000000'"
EDITS: Final[dict[str, str]] = {
    "stock.on_hand": cups("on_hand = on_hand + 1"),
    "stock.reserved": cups("reserved = reserved - 1"),
    "stock.damaged": cups("damaged = 0"),
    "stock.on_hand_after": movement("ADJUST", "on_hand_after = 21"),
    "stock.reserved_after": movement("RESERVE", "reserved_after = 1"),
    "stock.damaged_after": movement("DAMAGE", "damaged_after = 1"),
    "stock.sequence": movement("RELEASE", "sequence = 99"),
    "stock.available": cups("available = available + 1"),
    "stock.is_low": cups("is_low = 1"),
    "stock.names": cups("sort_name = 'cups'"),
    "stock.promised": "UPDATE reservation SET quantity = 9 WHERE quantity = 3",
    "stock.enough": cups("damaged = on_hand"),
    "stock.enough_after": movement("SHIP", "damaged_after = on_hand_after + 1"),
    "stock.direction": movement("SHIP", "quantity = 2"),
    "stock.reason": movement("DAMAGE", "reason = NULL"),
    "stock.for_line": movement("SHIP", "order_line_id = NULL"),
    "stock.gone_line": movement("RELEASE", f"order_line_id = {NOBODY}"),
    "stock.home": movement("RETURN", "quantity = 2"),
    "stock.served": "UPDATE stock_item SET on_hand = 3 WHERE on_hand = 2",
    "line.reserved": line("packed", "reserved = 4, quantity = 4"),
    "line.reserved_in_ledger": line("held", "reserved = 0"),
    "line.preparing": line("packed", "preparing = 2"),
    "line.shipped": line("shipped", "shipped = 1"),
    "line.shipped_in_ledger": line("packed", "shipped = 1, quantity = 4"),
    "line.delivered": line("shipped", "delivered = 1"),
    "line.returned": line("shipped", "returned = 1"),
    "line.units": line("waiting", "backordered = 4"),
    "line.parts": line("shipped", "delivered = 3"),
    "line.product": line("packed", "product_id = (SELECT id FROM product WHERE sku = 'POT')"),
    "line.hold": "UPDATE reservation SET expires_at = NULL WHERE expires_at IS NOT NULL",
    "shipment.promised": "UPDATE shipment_line SET quantity = 4 WHERE quantity = 3",
    "shipment.contents": (
        f"UPDATE shipment SET order_id = {of('gone')} WHERE order_id = {of('packed')}"
    ),
    "shipment.times": "UPDATE shipment SET delivered_at = NULL WHERE delivered_at IS NOT NULL",
    "shipment.order": order("packed", "status = 'AWAITING_APPROVAL'"),
    "order.fulfillment": order("waiting", "fulfillment_status = 'RESERVED'"),
    "order.returns": order("shipped", "return_status = 'REQUESTED'"),
    "order.lines": order("packed", "line_count = 2"),
    "order.has_shipment": order("gone", "has_shipment = 1"),
    "order.cancelled": order("gone", "status = 'CONFIRMED'"),
    "order.completed": order("gone", "status = 'CONFIRMED', balance_minor = -1"),
    "order.placed": order("held", "placed_at = created_at"),
    "order.subtotal_net": order("packed", "subtotal_net_minor = 1"),
    "order.subtotal_tax": order("packed", "subtotal_tax_minor = 1"),
    "order.discount": order("packed", "discount_minor = 1"),
    "order.total": order("packed", "total_gross_minor = total_gross_minor + 1"),
    "order.currency": line("packed", "currency = 'USD'"),
    "order.balance": order("packed", "balance_minor = balance_minor + 1"),
    "order.sort_total": order("packed", "sort_total = sort_total + 1"),
    "order.sort_balance": order("packed", "sort_balance = 0"),
    "product.sort_price": "UPDATE product SET sort_price = price_minor WHERE sku = 'POT'",
    "order.sort_promised": order("packed", "sort_promised = 0"),
    "order.sort_due": order("packed", "sort_due = 4611686018427387904"),
    "order.payment": order("packed", "payment_status = 'AUTHORIZED'"),
    "order.credit": order("packed", "credit_minor = 0"),
    "order.lifetime": order("packed", "lifetime_minor = 0"),
    "unit.on_hand": of_lot("quantity = 8"),
    "unit.damaged": of_lot("damaged = 2"),
    "unit.serial": "UPDATE unit_stock SET quantity = 2 WHERE quantity = 1",
    "unit.sequence": "UPDATE unit_movement SET sequence = 9 WHERE kind = 'DAMAGE'",
    "unit.lying": "UPDATE unit_movement SET quantity = 8 WHERE quantity = 9",
    "unit.assigned": of_lot("assigned = 1"),
    "shipment.units": "UPDATE shipment_unit SET quantity = 1",
    "return.status": "UPDATE return_request SET status = 'REQUESTED'",
    "return.disposition": "UPDATE return_line SET disposition = NULL",
    "line.restocked": movement("RETURN", "quantity = 2"),
    "line.announced": line("back", "shipped = 0"),
    "order.stage": order("packed", "stage = 'DELIVER'"),
    "order.due": order("packed", "stage_due_at = stage_since"),
    "line.price": line("packed", "unit_price_minor = 1001"),
    "payment.charged": payment("CHARGE", "amount_minor = 3949"),
    "payment.refunded": payment("REFUND", "amount_minor = 26"),
    "payment.refund": order("shipped", "refunded_minor = charged_minor + 1"),
    "payment.taken": payment("VOID", "amount_minor = 5001"),
    "payment.follows": payment(
        "REFUND", "payment_id = (SELECT id FROM payment WHERE kind = 'VOID')"
    ),
    "payment.order": payment("CHARGE", "currency = 'USD'"),
    "payment.authorized": order("shipped", "authorized_minor = 1"),
    "invoice.shipment": "UPDATE invoice SET shipment_id = NULL WHERE number LIKE '%1'",
    "invoice.sum": "UPDATE invoice SET net_minor = net_minor + 1 WHERE number LIKE '%1'",
    "invoice.all": "UPDATE invoice SET net_minor = net_minor - 1 WHERE number LIKE '%1'",
    "invoice.gapless": "UPDATE invoice SET number = 'INV-2026-000009' WHERE number LIKE '%1'",
    "invoice.counter": "UPDATE number_counter SET value = 9 WHERE scope LIKE 'invoice%'",
    "customer.credit": "UPDATE customer SET credit_used_minor = credit_used_minor + 1",
    "customer.lifetime": "UPDATE customer SET lifetime_minor = lifetime_minor + 1",
    "event.sequence": event("SELECT id FROM customer", 1, "subject_seq = 2"),
    "event.version": order("packed", "version = version + 1"),
    "event.order": event(of("packed"), 1, "subject_version = 3"),
    "event.subject": event("SELECT id FROM customer", 1, f"subject_id = {NOBODY}"),
    "event.timeline": event(of("packed"), 1, f"order_id = {of('gone')}"),
    "event.payments": event(of("shipped"), 2, "kind = 'ORDER_EDITED'"),
    "feed.gapless": "UPDATE event SET position = 9999 WHERE position = 3",
    "feed.order": event(of("packed"), 2, "position = -1"),
    "feed.at_once": event(of("packed"), 2, "position = NULL"),
    "order.step": event(of("packed"), 2, "after = json_set(after, '$.status', 'COMPLETED')"),
    "key.outcome": 'UPDATE idempotency SET outcome = \'{"table": "Order", "ids": ["00"]}\'',
}


@pytest.mark.parametrize("invariant", sorted(EDITS))
async def test_an_edit_is_told_by_name(
    traded: Database, databases: Databases, invariant: str
) -> None:
    edited = await databases.empty("sqlite")
    shutil.copyfile(traded.name, edited.name)
    with closing(sqlite3.connect(edited.name)) as connection, connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        assert connection.execute(EDITS[invariant]).rowcount == 1
    told = await audit(edited, backorders_served=True)
    assert invariant in {each.invariant for each in told}
    await databases.release(edited)


def test_every_invariant_was_broken_once() -> None:
    assert set(EDITS) == NAMES
