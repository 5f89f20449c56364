"""Trade by the use cases themselves: two warehouses, one customer, and what becomes of orders."""

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import pytest

from models.catalog import Product
from models.fulfillment import Return, Shipment
from models.inventory import StockItem, StockMovement
from models.numbering import NumberCounter
from models.orders import Order, OrderLine
from models.rules.access import OPEN
from models.rules.errors import Refused
from models.rules.inventory import StockChangeKind
from models.rules.order_states import OrderAction
from models.rules.payment_states import PaymentKind
from models.rules.return_states import Disposition, ReturnUnits
from models.rules.shipment_states import ShipmentStatus
from models.tables import TABLES
from services.catalog.products import SaveProduct, save_product
from services.customers.save import SaveCustomer, save_customer
from services.fulfillment.returns import (
    ReceiveReturn,
    RequestReturn,
    receive_return,
    request_return,
)
from services.fulfillment.track import Track, track_shipment
from services.inventory.adjust import ChangeStock, adjust_stock
from services.inventory.warehouses import SaveWarehouse, save_warehouse
from services.orders.act import ActOnOrder, act_on_order
from services.orders.entry import PlaceOrder
from services.orders.goods import NewLine
from services.orders.place import place_order
from services.payments.record import RecordPayment, record_payment

NOON: Final = datetime(2026, 3, 9, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Trade:
    """The warehouses NEAR and FAR, of which NEAR is served from first, and the customer ADA."""

    near_id: UUID
    far_id: UUID
    customer_id: UUID

    async def product(self, sku: str, near: int = 0, far: int = 0, **fields: Any) -> Product:
        """A new product at 10.00 EUR without tax, with units in the warehouses."""
        usual: dict[str, Any] = {"name": sku.title(), "price": Decimal(10), "currency": "EUR"}
        made = await save_product(OPEN, SaveProduct(sku=sku, **(usual | fields)))
        for warehouse_id, units in ((self.near_id, near), (self.far_id, far)):
            if units:
                await self.adjust(sku, units, warehouse_id=warehouse_id)
        return made

    async def adjust(
        self,
        sku: str,
        delta: int,
        kind: StockChangeKind = StockChangeKind.ADJUST,
        warehouse_id: UUID | None = None,
    ) -> None:
        """A correction in NEAR, where no other warehouse is named."""
        where = warehouse_id or self.near_id
        await adjust_stock(OPEN, (ChangeStock(sku, where, "for the test", kind, delta=delta),))

    async def place(self, *lines: tuple[str, int], **fields: Any) -> Order:
        """An order of these SKUs and quantities."""
        wanted = tuple(NewLine(sku, quantity) for sku, quantity in lines)
        return await place_order(OPEN, PlaceOrder(self.customer_id, wanted, **fields))

    async def act(self, order: Order, action: OrderAction, **fields: Any) -> Order:
        """The order after a step, taken by somebody who saw it as it is here."""
        return await act_on_order(OPEN, ActOnOrder(order.id, order.version, action, **fields))

    async def track(self, shipment: Shipment, status: ShipmentStatus, **fields: Any) -> Order:
        """The order after its shipment moved on."""
        return await track_shipment(OPEN, Track(shipment.id, status, **fields))

    async def pay(
        self,
        order: Order,
        amount: str,
        kind: PaymentKind = PaymentKind.CHARGE,
        payment_id: UUID | None = None,
    ) -> Order:
        """The order after a payment."""
        payment = RecordPayment(order.id, kind, Decimal(amount), "card", payment_id=payment_id)
        return await record_payment(OPEN, payment)

    async def announce(self, order: Order, *units: tuple[OrderLine, int]) -> Return:
        """A return of so many units of lines of the order."""
        lines = tuple(ReturnUnits(line.id, quantity) for line, quantity in units)
        await request_return(OPEN, RequestReturn(order.id, lines, "does not fit"))
        made = await Return.filter(order_id=order.id).order_by("-number").first()
        assert made is not None
        return made

    async def receive(
        self,
        request: Return,
        *units: tuple[OrderLine, int, Disposition],
        warehouse_id: UUID | None = None,
    ) -> Order:
        """The order after units of a return came, told by somebody who saw it as it is here."""
        lines = tuple(ReturnUnits(line.id, quantity, kind) for line, quantity, kind in units)
        command = ReceiveReturn(request.id, request.version, lines, warehouse_id)
        return await receive_return(OPEN, command)


async def open_trade() -> Trade:
    """The warehouses and the customer, in the database that is open."""
    near = await save_warehouse(OPEN, SaveWarehouse(code="NEAR", name="Near", priority=1))
    far = await save_warehouse(OPEN, SaveWarehouse(code="FAR", name="Far", priority=2))
    ada = await save_customer(OPEN, SaveCustomer(code="ADA", name="Ada Albers"))
    return Trade(near.id, far.id, ada.id)


async def shipped(trade: Trade, near: int = 5, far: int = 0) -> tuple[Order, OrderLine]:
    """An order of five cups at 10.00 EUR that have left, and its line."""
    await trade.product("CUP", near=near, far=far)
    order = await trade.act(await trade.place(("CUP", 5)), OrderAction.SHIP)
    (line,) = await lines_of(order)
    return order, line


async def counters(sku: str) -> dict[str, tuple[int, int, int]]:
    """By warehouse: on hand, reserved, damaged."""
    items = await StockItem.filter(product__sku=sku).select_related("warehouse")
    return {each.warehouse.code: (each.on_hand, each.reserved, each.damaged) for each in items}


async def moves(sku: str, warehouse: str = "NEAR") -> list[tuple[str, int]]:
    """The ledger of a product in a warehouse: kinds and quantities, the oldest first."""
    item = await StockItem.get(product__sku=sku, warehouse__code=warehouse)
    rows = await StockMovement.filter(stock_item_id=item.id).order_by("sequence")
    return [(each.kind.value, each.quantity) for each in rows]


async def lines_of(order: Order) -> list[OrderLine]:
    """The order's lines as they are stored."""
    return await OrderLine.filter(order_id=order.id).order_by("position")


async def shipments_of(order: Order) -> list[Shipment]:
    """The order's shipments, the oldest first."""
    return await Shipment.filter(order_id=order.id).order_by("number")


async def reasons(attempt: Awaitable[object]) -> list[tuple[str, str]]:
    """Why it is refused: each code, and the place in the input."""
    with pytest.raises(Refused) as refusal:
        await attempt
    return [(error.code.value, ".".join(error.path)) for error in refusal.value.errors]


@asynccontextmanager
async def nothing_written() -> AsyncIterator[None]:
    """What runs in the block leaves every row of every table as it was, but for lost numbers."""
    before = await _everything()
    yield
    assert await _everything() == before


async def _everything() -> dict[str, list[dict[str, Any]]]:
    return {
        table.__name__: await table.all().order_by(table._meta.pk_attr).values()
        for table in TABLES
        if table is not NumberCounter
    }
