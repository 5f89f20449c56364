"""A row that the actor does not see is answered as one that is not there, and counted all the same.

What the caller names by an id or a code is looked for among the rows that the actor sees; stock,
money and unique values are counted among all rows.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import pytest
from tortoise.models import Model

from models.catalog import Category, Product, Supplier
from models.columns import new_id
from models.customers import Customer, CustomerGroup
from models.fulfillment import Parcel, Return, Shipment
from models.inventory import StockItem, Warehouse
from models.orders import Order
from models.payments import Payment
from models.rules.access import OPEN, Actor
from models.rules.catalog import BackorderPolicy, TrackingPolicy
from models.rules.customers import CreditRating
from models.rules.errors import Refused
from models.rules.order_states import OrderAction
from models.rules.payment_states import PaymentKind
from models.rules.return_states import Disposition, ReturnUnits
from models.rules.shipment_states import ShipmentStatus
from models.rules.tracking import NamedUnits
from models.tracking import UnitStock
from services.aggregates.shipments import NewParcel
from services.catalog.categories import SaveCategory, save_category
from services.catalog.products import SaveProduct, save_product
from services.catalog.suppliers import SaveSupplier, save_supplier
from services.customers.credit import SetCredit, set_credit
from services.customers.groups import SaveCustomerGroup, save_customer_group
from services.customers.save import SaveCustomer, save_customer
from services.fulfillment.parcels import SaveParcel, save_parcel
from services.fulfillment.returns import (
    ReceiveReturn,
    RequestReturn,
    receive_return,
    request_return,
)
from services.fulfillment.ship import CreateShipment, create_shipment
from services.fulfillment.track import Track, track_shipment
from services.inventory.adjust import ChangeStock, adjust_stock
from services.inventory.reorder import SetReorderRule, set_reorder_rule
from services.inventory.transfer import TransferStock, transfer_stock
from services.inventory.warehouses import SaveWarehouse, save_warehouse
from services.orders.act import ActOnOrder, act_on_order
from services.orders.edit import EditOrder, edit_order
from services.orders.edit_preview import preview_edit
from services.orders.edited_lines import EditedLine
from services.orders.entry import PlaceOrder
from services.orders.goods import NewLine
from services.orders.note import note_on_order
from services.orders.place import draft_order, place_order
from services.payments.record import RecordPayment, record_payment
from tests.support.databases import Database
from tests.support.hidden import DESK, hide
from tests.support.trade import (
    Trade,
    counters,
    lines_of,
    nothing_written,
    open_trade,
    shipments_of,
)

CUPS: Final = (NewLine("CUP", 2),)

Attempt = tuple[str, Callable[[Actor, Any], Awaitable[object]], Any]
"""The place in the input, a use case for an actor and what is named there, and a row's name."""


@dataclass(frozen=True)
class World:
    """Orders of ADA, which DESK sees, and for each table the id of a row that DESK does not."""

    trade: Trade
    order: Order
    draft: Order
    shipment: Shipment
    request: Return
    line_id: UUID
    hidden: dict[type[Model], UUID]


async def sent(trade: Trade, customer_id: UUID) -> tuple[Order, Shipment, Return]:
    """Two cups that have left and were paid, one of which is announced to come back."""
    order = await place_order(OPEN, PlaceOrder(customer_id, CUPS))
    order = await trade.act(order, OrderAction.SHIP)
    (shipment,) = await shipments_of(order)
    await save_parcel(OPEN, SaveParcel(shipment.id, NewParcel("DHL")))
    order = await trade.pay(order, "5.00")
    (line,) = await lines_of(order)
    request = await trade.announce(order, (line, 1))
    return await Order.get(id=order.id), shipment, request


async def a_world() -> World:
    trade = await open_trade()
    hid = await trade.product("HID", near=3)
    cup = await trade.product("CUP", near=9, far=9)
    lot = await save_product(
        OPEN,
        SaveProduct(
            sku="LOT", name="L", price=Decimal(1), currency="EUR", tracking=TrackingPolicy.LOT
        ),
    )
    units = (NamedUnits("L1", 2),)
    await adjust_stock(OPEN, (ChangeStock("LOT", trade.near_id, "why", delta=2, units=units),))
    ben = await save_customer(OPEN, SaveCustomer(code="BEN", name="Ben"))
    order, shipment, request = await sent(trade, trade.customer_id)
    bens, _, _ = await sent(trade, ben.id)
    _, other_shipment, other_request = await sent(trade, trade.customer_id)
    draft = await draft_order(OPEN, PlaceOrder(trade.customer_id, CUPS))
    (line,) = await lines_of(order)
    hidden: dict[type[Model], UUID] = {
        Customer: ben.id,
        Order: bens.id,
        Product: hid.id,
        Warehouse: trade.far_id,
        StockItem: (await StockItem.get(product_id=cup.id, warehouse_id=trade.far_id)).id,
        UnitStock: (await UnitStock.get(unit__product_id=lot.id)).id,
        # Of orders and a shipment that DESK sees:
        Shipment: other_shipment.id,
        Return: other_request.id,
        Payment: (await Payment.get(order_id=order.id)).id,
        Parcel: (await Parcel.get(shipment_id=shipment.id)).id,
        Category: (await save_category(OPEN, SaveCategory(name="Hidden"))).id,
        Supplier: (await save_supplier(OPEN, SaveSupplier(name="Hidden"))).id,
        CustomerGroup: (await save_customer_group(OPEN, SaveCustomerGroup(name="Hidden"))).id,
    }
    return World(trade, order, draft, shipment, request, line.id, hidden)


def of_orders(world: World) -> list[Attempt]:
    draft, hidden = world.draft.id, world.hidden
    return [
        ("customerId", lambda a, key: place_order(a, PlaceOrder(key, CUPS)), hidden[Customer]),
        ("customerId", lambda a, key: draft_order(a, PlaceOrder(key, CUPS)), hidden[Customer]),
        (
            "customerId",
            lambda a, key: edit_order(a, EditOrder(draft, None, "why", customer_id=key)),
            hidden[Customer],
        ),
        (
            "lines.0.sku",
            lambda a, key: place_order(a, PlaceOrder(world.trade.customer_id, (NewLine(key, 1),))),
            "HID",
        ),
        (
            "lines.0.sku",
            lambda a, key: edit_order(a, EditOrder(draft, None, "why", (EditedLine(key, 1),))),
            "HID",
        ),
        ("id", lambda a, key: edit_order(a, EditOrder(key, None, "why", note="x")), hidden[Order]),
        ("id", lambda a, key: preview_edit(a, EditOrder(key, None, "why")), hidden[Order]),
        (
            "id",
            lambda a, key: act_on_order(a, ActOnOrder(key, 1, OrderAction.HOLD)),
            hidden[Order],
        ),
        ("id", lambda a, key: note_on_order(a, key, "x"), hidden[Order]),
    ]


def of_payments_and_returns(world: World) -> list[Attempt]:
    order, hidden = world.order.id, world.hidden
    charge, refund, one = PaymentKind.CHARGE, PaymentKind.REFUND, Decimal(1)
    back = (ReturnUnits(world.line_id, 1),)
    return [
        (
            "orderId",
            lambda a, key: record_payment(a, RecordPayment(key, charge, one, "card")),
            hidden[Order],
        ),
        (
            "paymentId",
            lambda a, key: record_payment(
                a, RecordPayment(order, refund, one, "card", payment_id=key)
            ),
            hidden[Payment],
        ),
        ("orderId", lambda a, key: request_return(a, RequestReturn(key, back, "x")), hidden[Order]),
    ]


def of_fulfillment(world: World) -> list[Attempt]:
    order, trade, hidden = world.order, world.trade, world.hidden
    back = (ReturnUnits(world.line_id, 1, Disposition.RESTOCK),)
    arrived = ShipmentStatus.DELIVERED
    return [
        (
            "orderId",
            lambda a, key: create_shipment(a, CreateShipment(key, 1, trade.near_id)),
            hidden[Order],
        ),
        (
            "warehouseId",
            lambda a, key: create_shipment(a, CreateShipment(order.id, order.version, key)),
            hidden[Warehouse],
        ),
        ("id", lambda a, key: track_shipment(a, Track(key, arrived)), hidden[Shipment]),
        (
            "parcelId",
            lambda a, key: track_shipment(a, Track(world.shipment.id, arrived, key)),
            hidden[Parcel],
        ),
        (
            "shipmentId",
            lambda a, key: save_parcel(a, SaveParcel(key, NewParcel("UPS"))),
            hidden[Shipment],
        ),
        (
            "parcelId",
            lambda a, key: save_parcel(a, SaveParcel(world.shipment.id, NewParcel("UPS"), key)),
            hidden[Parcel],
        ),
        ("id", lambda a, key: receive_return(a, ReceiveReturn(key, 1, back)), hidden[Return]),
        (
            "warehouseId",
            lambda a, key: receive_return(
                a, ReceiveReturn(world.request.id, world.request.version, back, key)
            ),
            hidden[Warehouse],
        ),
    ]


def of_stock(world: World) -> list[Attempt]:
    near, hidden = world.trade.near_id, world.hidden

    def change(sku: str, warehouse_id: UUID, **more: Any) -> tuple[ChangeStock, ...]:
        return (ChangeStock(sku, warehouse_id, "why", delta=-1, **more),)

    return [
        ("changes.0.sku", lambda a, key: adjust_stock(a, change(key, near)), "HID"),
        (
            "changes.0.warehouseId",
            lambda a, key: adjust_stock(a, change("CUP", key)),
            hidden[Warehouse],
        ),
        (
            "changes.0.units.0.code",
            lambda a, key: adjust_stock(a, change("LOT", near, units=(NamedUnits(key),))),
            "L1",
        ),
        (
            "fromId",
            lambda a, key: transfer_stock(a, TransferStock(key, near, (("CUP", 1),))),
            hidden[Warehouse],
        ),
        (
            "toId",
            lambda a, key: transfer_stock(a, TransferStock(near, key, (("CUP", 1),))),
            hidden[Warehouse],
        ),
        (
            "stockItemId",
            lambda a, key: set_reorder_rule(a, SetReorderRule(key, 1, 1)),
            hidden[StockItem],
        ),
        ("id", lambda a, key: save_warehouse(a, SaveWarehouse(key, name="x")), hidden[Warehouse]),
    ]


def of_masters(world: World) -> list[Attempt]:
    hidden, ada = world.hidden, world.trade.customer_id
    terms = (1, CreditRating.A, None, 30)

    def tea(**more: Any) -> SaveProduct:
        return SaveProduct(sku="TEA", name="Tea", price=Decimal(1), currency="EUR", **more)

    return [
        ("id", lambda a, key: save_customer(a, SaveCustomer(key, name="x")), hidden[Customer]),
        ("id", lambda a, key: set_credit(a, SetCredit(key, *terms)), hidden[Customer]),
        (
            "groupId",
            lambda a, key: save_customer(a, SaveCustomer(ada, group_id=key)),
            hidden[CustomerGroup],
        ),
        (
            "id",
            lambda a, key: save_customer_group(a, SaveCustomerGroup(key, name="x")),
            hidden[CustomerGroup],
        ),
        ("id", lambda a, key: save_product(a, SaveProduct(key, name="x")), hidden[Product]),
        ("categoryId", lambda a, key: save_product(a, tea(category_id=key)), hidden[Category]),
        ("supplierId", lambda a, key: save_product(a, tea(supplier_id=key)), hidden[Supplier]),
        ("id", lambda a, key: save_category(a, SaveCategory(key, name="x")), hidden[Category]),
        (
            "parentId",
            lambda a, key: save_category(a, SaveCategory(name="y", parent_id=key)),
            hidden[Category],
        ),
        ("id", lambda a, key: save_supplier(a, SaveSupplier(key, name="x")), hidden[Supplier]),
    ]


async def outcome(attempt: Awaitable[object]) -> list[tuple[str, str]]:
    """Why it is refused, as codes and places; nothing where it is done."""
    try:
        await attempt
    except Refused as refusal:
        return [(error.code.value, ".".join(error.path)) for error in refusal.errors]
    return []


@pytest.mark.parametrize(
    "attempts", [of_orders, of_payments_and_returns, of_fulfillment, of_stock, of_masters]
)
async def test_a_hidden_row_is_answered_as_one_that_is_not_there(
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    attempts: Callable[[World], list[Attempt]],
) -> None:
    """Whoever sees the row is not told so."""
    world = await a_world()
    for table, key in world.hidden.items():
        hide(monkeypatch, table, id=key)
    tried = attempts(world)
    async with nothing_written():
        for place, use_case, key in tried:
            missing = "NONE" if isinstance(key, str) else new_id()
            assert await outcome(use_case(DESK, missing)) == [("NOT_FOUND", place)]
            assert await outcome(use_case(DESK, key)) == [("NOT_FOUND", place)]
    for place, use_case, key in tried:
        assert ("NOT_FOUND", place) not in await outcome(use_case(OPEN, key))


async def test_stock_is_promised_from_a_hidden_warehouse(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    trade = await open_trade()
    await trade.product("CUP", near=1, far=2)
    (far,) = await StockItem.filter(warehouse_id=trade.far_id)
    hide(monkeypatch, Warehouse, id=trade.far_id)
    hide(monkeypatch, StockItem, id=far.id)
    order = await place_order(DESK, PlaceOrder(trade.customer_id, (NewLine("CUP", 3),)))
    assert await counters("CUP") == {"NEAR": (1, 1, 0), "FAR": (2, 2, 0)}
    await act_on_order(DESK, ActOnOrder(order.id, order.version, OrderAction.CANCEL))
    assert await counters("CUP") == {"NEAR": (1, 0, 0), "FAR": (2, 0, 0)}


async def test_hidden_orders_lose_their_promises_and_are_served(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stock that is missing or becomes free is theirs, whoever corrects it."""
    trade = await open_trade()
    await trade.product("CUP", near=2, backorder=BackorderPolicy.ALLOW)
    hidden = await trade.place(("CUP", 2))
    hide(monkeypatch, Order, id=hidden.id)
    await adjust_stock(DESK, (ChangeStock("CUP", trade.near_id, "broken", delta=-1),))
    (line,) = await lines_of(hidden)
    assert (line.reserved, line.backordered) == (1, 1)
    await adjust_stock(DESK, (ChangeStock("CUP", trade.near_id, "found", delta=3),))
    (line,) = await lines_of(hidden)
    assert (line.reserved, line.backordered) == (2, 0)


async def test_a_value_that_a_hidden_row_has_is_taken(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await a_world()
    for table, key in world.hidden.items():
        hide(monkeypatch, table, id=key)
    async with nothing_written():
        for use_case, place in (
            (save_customer(DESK, SaveCustomer(code="BEN", name="x")), "code"),
            (save_product(DESK, SaveProduct(sku="HID", name="x")), "sku"),
            (save_warehouse(DESK, SaveWarehouse(code="FAR", name="x")), "code"),
            (save_category(DESK, SaveCategory(name="Hidden")), "name"),
        ):
            assert await outcome(use_case) == [("DUPLICATE", place)]
