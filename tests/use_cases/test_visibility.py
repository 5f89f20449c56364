"""What an actor may not see does not exist for them."""

from dataclasses import replace
from decimal import Decimal

import pytest
from tortoise.models import Model

from models.fulfillment import Shipment
from models.orders import Order
from models.rules.access import OPEN, Permission
from models.rules.order_states import OrderAction
from models.rules.payment_states import PaymentKind
from models.rules.shipment_states import ShipmentStatus
from services.catalog.categories import SaveCategory, save_category
from services.catalog.products import SaveProduct, save_product
from services.customers.save import SaveCustomer, save_customer
from services.fulfillment.ship import CreateShipment, create_shipment
from services.fulfillment.track import Track, track_shipment
from services.inventory.adjust import ChangeStock, adjust_stock
from services.inventory.warehouses import SaveWarehouse, save_warehouse
from services.orders.act import ActOnOrder, act_on_order
from services.orders.entry import PlaceOrder
from services.orders.goods import NewLine
from services.orders.note import note_on_order
from services.orders.place import place_order
from services.payments.record import RecordPayment, record_payment
from services.work.visibility import NEEDED, visible
from tests.support.databases import Database
from tests.support.trade import (
    Trade,
    lines_of,
    nothing_written,
    open_trade,
    reasons,
    shipments_of,
)

READS = {each for each in Permission if each.name.endswith("_READ")}
WRITER = replace(OPEN, permissions=OPEN.permissions - READS)
"""Somebody who may write everything and see nothing."""


async def shipped(trade: Trade) -> Order:
    await trade.product("CUP", near=5)
    order = await trade.place(("CUP", 2))
    order = await trade.act(order, OrderAction.SHIP)
    return await trade.pay(order, "5.00")


@pytest.mark.parametrize("table", NEEDED)
async def test_one_permission_opens_a_table(sqlite_database: Database, table: type[Model]) -> None:
    trade = await open_trade()
    await shipped(trade)
    everything = await table.all().count()
    without = replace(OPEN, permissions=OPEN.permissions - {NEEDED[table]})
    only = replace(OPEN, permissions=frozenset({NEEDED[table]}))
    assert await visible(table, without).count() == 0
    assert await visible(table, only).count() == everything


async def test_what_is_not_seen_is_refused_as_if_it_were_not_there(database: Database) -> None:
    """The same codes, places and words as for an id that was never given out."""
    trade = await open_trade()
    order = await shipped(trade)
    (shipment,) = await shipments_of(order)
    (line,) = await lines_of(order)
    nobody = line.id
    lines = (NewLine("CUP", 1),)
    pay = RecordPayment(order.id, PaymentKind.CHARGE, Decimal(1), "card")
    change = ChangeStock("CUP", trade.near_id, "why", delta=1)
    attempts = [
        (place_order, PlaceOrder(trade.customer_id, lines), PlaceOrder(nobody, lines)),
        (
            act_on_order,
            ActOnOrder(order.id, 1, OrderAction.HOLD),
            ActOnOrder(nobody, 1, OrderAction.HOLD),
        ),
        (
            create_shipment,
            CreateShipment(order.id, 1, trade.near_id),
            CreateShipment(nobody, 1, trade.near_id),
        ),
        (
            track_shipment,
            Track(shipment.id, ShipmentStatus.DELIVERED),
            Track(nobody, ShipmentStatus.DELIVERED),
        ),
        (record_payment, pay, replace(pay, order_id=nobody)),
        (
            save_customer,
            SaveCustomer(id=trade.customer_id, name="x"),
            SaveCustomer(id=nobody, name="x"),
        ),
        (
            save_warehouse,
            SaveWarehouse(id=trade.near_id, name="x"),
            SaveWarehouse(id=nobody, name="x"),
        ),
        (save_category, SaveCategory(id=nobody, name="x"), SaveCategory(id=order.id, name="x")),
        (save_product, SaveProduct(id=line.product_id, name="x"), SaveProduct(id=nobody, name="x")),
    ]
    async with nothing_written():
        for use_case, hidden, missing in attempts:
            refused = await reasons(use_case(WRITER, hidden))  # type: ignore[operator] # each takes its own command
            assert refused == await reasons(use_case(OPEN, missing))  # type: ignore[operator] # as above
            assert [code for code, _ in refused] == ["NOT_FOUND"]
        unseen = await reasons(note_on_order(WRITER, order.id, "x"))
        assert unseen == await reasons(note_on_order(OPEN, nobody, "x")) == [("NOT_FOUND", "id")]
        hidden_stock = await reasons(adjust_stock(WRITER, (change,)))
        assert hidden_stock == [("NOT_FOUND", "changes.0.sku")]
    assert await Shipment.all().count() == 1
