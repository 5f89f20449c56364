"""Whatever happens to orders, in whatever order, all that was written agrees."""

import random
from collections import Counter
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Final

import pytest

from models.fulfillment import Return, ReturnLine
from models.inventory import StockItem
from models.orders import Order, OrderLine
from models.payments import Invoice, Payment
from models.rules.access import OPEN
from models.rules.catalog import BackorderPolicy
from models.rules.errors import Refused
from models.rules.inventory import StockChangeKind
from models.rules.order_states import OrderAction, OrderStatus, order_actions
from models.rules.payment_states import FOLLOWS, PaymentKind
from models.rules.return_states import Disposition
from models.rules.shipment_states import ShipmentStatus, allowed_statuses
from services.fulfillment import CreateShipment, create_shipment
from services.orders import situation
from tests.support import books
from tests.support.databases import Database
from tests.support.trade import Trade, open_trade, reasons, shipments_of

STEPS: Final = 60
ELSEWHERE: Final = {"EDIT", "RECORD_PAYMENT", "REFUND", "RETURN"}


class Chance:
    """Somebody who does anything, the same for the same seed."""

    def __init__(self, trade: Trade, seed: int) -> None:
        self.trade = trade
        self.dice = random.Random(seed)
        self.orders: list[Order] = []

    async def step(self) -> None:
        """Something that may well be refused."""
        deeds: list[Callable[[], Awaitable[object]]] = [
            self.place,
            self.act,
            self.act,
            self.act,
            self.ship_some,
            self.track,
            self.pay,
            self.adjust,
            self.announce,
            self.receive,
        ]
        await self.dice.choice(deeds if self.orders else [self.place])()

    async def place(self) -> None:
        skus = self.dice.sample(["CUP", "POT", "TEA"], self.dice.randint(1, 3))
        lines = [(sku, self.dice.randint(1, 6)) for sku in skus]
        shipping = Decimal(self.dice.randint(0, 999)) / 100
        self.orders.append(await self.trade.place(*lines, shipping=shipping))

    async def order(self) -> Order:
        return await Order.get(id=self.dice.choice(self.orders).id)

    async def act(self) -> None:
        order = await self.order()
        rows = await OrderLine.filter(order_id=order.id)
        wished = self.dice.choice(list(OrderAction))
        some = {row.id: self.dice.randint(1, row.quantity) for row in self.dice.sample(rows, 1)}
        lines = some if wished is OrderAction.CANCEL and self.dice.random() < 0.7 else None
        allowed = order_actions(situation(order, rows))
        doing = self.trade.act(order, wished, lines=lines)
        if wished in allowed or wished in ELSEWHERE:
            await doing
        else:
            assert await reasons(doing) == [("ILLEGAL_TRANSITION", "action")]

    async def ship_some(self) -> None:
        order = await self.order()
        warehouse = self.dice.choice([self.trade.near_id, self.trade.far_id])
        await create_shipment(OPEN, CreateShipment(order.id, order.version, warehouse))

    async def track(self) -> None:
        shipments = await shipments_of(await self.order())
        if shipments:
            shipment = self.dice.choice(shipments)
            possible = allowed_statuses(shipment.status) or (ShipmentStatus.SHIPPED,)
            await self.trade.track(shipment, self.dice.choice(possible))

    async def pay(self) -> None:
        order = await self.order()
        amount = str(Decimal(self.dice.randint(1, order.total_gross_minor)) / 100)
        kind = self.dice.choice(list(PaymentKind))
        earlier = await Payment.filter(order_id=order.id, kind=FOLLOWS.get(kind, kind)).first()
        named = earlier.id if earlier and kind in FOLLOWS and self.dice.random() < 0.5 else None
        await self.trade.pay(order, amount, kind, named)

    async def announce(self) -> None:
        rows = await OrderLine.filter(order_id__in=[each.id for each in self.orders])
        line = self.dice.choice([row for row in rows if row.shipped] or rows)
        order = await Order.get(id=line.order_id)
        await self.trade.announce(order, (line, self.dice.randint(1, line.quantity)))

    async def receive(self) -> None:
        requests = await Return.all().order_by("number")
        if requests:
            request = self.dice.choice(requests)
            row = await ReturnLine.get(return_request_id=request.id).select_related("order_line")
            units = self.dice.randint(1, row.quantity)
            kind = self.dice.choice(list(Disposition))
            await self.trade.receive(request, (row.order_line, units, kind))

    async def adjust(self) -> None:
        warehouse = self.dice.choice([self.trade.near_id, self.trade.far_id])
        kind = self.dice.choice([StockChangeKind.ADJUST, StockChangeKind.DAMAGE])
        delta = self.dice.choice([-4, -2, -1, 1, 3])
        await self.trade.adjust(self.dice.choice(["CUP", "POT"]), delta, kind, warehouse)


async def live(seed: int) -> Counter[str]:
    """How many steps were done, and how many were refused for which reason."""
    trade = await open_trade()
    await trade.product("CUP", near=9, far=9, tax_rate=Decimal("0.19"))
    await trade.product("POT", near=5, backorder=BackorderPolicy.ALLOW, price=Decimal("3.33"))
    await trade.product("TEA", far=5_000, price=Decimal("0.10"), price_quantity=3)
    chance = Chance(trade, seed)
    told: Counter[str] = Counter()
    for _ in range(STEPS):
        try:
            await chance.step()
            told["done"] += 1
        except Refused as refusal:
            told[refusal.errors[0].code.value] += 1
    return told


async def _agrees() -> None:
    assert await books.disagreements() == []
    for order in await Order.filter(fulfillment_status__in=["SHIPPED", "DELIVERED"]):
        lines = await OrderLine.filter(order_id=order.id)
        if not any(line.cancelled for line in lines):
            invoices = await Invoice.filter(order_id=order.id)
            billed = sum(each.net_minor + each.tax_minor for each in invoices)
            assert billed == order.total_gross_minor
    for order in await Order.filter(status=OrderStatus.CANCELLED):
        lines = await OrderLine.filter(order_id=order.id)
        assert all(line.reserved == line.backordered == 0 for line in lines)
    assert all(item.balance.on_hand >= item.reserved for item in await StockItem.all())


@pytest.mark.parametrize("seed", range(6))
async def test_all_agrees_after_any_life(sqlite_database: Database, seed: int) -> None:
    told = await live(seed)
    assert told["done"] > STEPS // 4
    await _agrees()


async def test_all_agrees_on_every_database(database: Database) -> None:
    told = await live(seed=7)
    assert told["done"] > STEPS // 4
    await _agrees()
