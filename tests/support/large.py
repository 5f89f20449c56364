"""A company with as many products as an order has lines, written in bulk."""

from dataclasses import dataclass
from uuid import UUID

from models.catalog import Product
from models.columns import new_id
from models.inventory import StockItem
from models.orders import Order
from models.rules.access import OPEN
from models.rules.money import comparable
from services.aggregates.stock import open_with
from services.orders.entry import PlaceOrder
from services.orders.goods import NewLine
from services.use_case import perform
from services.work.work import Work
from tests.support.trade import Trade, open_trade

ON_HAND = 1_000


@dataclass(frozen=True)
class Large:
    """The warehouses and the customer of `trade`, and products P0, P1 and so on, 1,000 of each."""

    trade: Trade

    def wanted(self, lines: int, each: int = 5) -> PlaceOrder:
        """An order of so many lines, each of another product."""
        wishes = tuple(NewLine(f"P{number}", each) for number in range(lines))
        return PlaceOrder(self.trade.customer_id, wishes)


async def open_large(products: int) -> Large:
    """The company, in the database that is open."""
    trade = await open_trade()
    await perform(OPEN, lambda work: _stock(work, trade.near_id, products))
    return Large(trade)


async def _stock(work: Work, warehouse_id: UUID, count: int) -> None:
    products = [
        Product(
            id=new_id(),
            sku=f"P{number}",
            name=f"Product {number}",
            sort_name=f"product {number}",
            price_minor=1_000,
            sort_price=comparable(1_000, "EUR"),
            currency="EUR",
            price_quantity=1,
            created_at=work.now,
            updated_at=work.now,
        )
        for number in range(count)
    ]
    items = [
        StockItem(
            id=new_id(),
            product_id=product.id,
            warehouse_id=warehouse_id,
            sort_sku=product.sku,
            sort_name=product.sort_name,
            created_at=work.now,
            updated_at=work.now,
        )
        for product in products
    ]
    work.movements += [open_with(work, item, ON_HAND, "for the test") for item in items]
    await work.insert(products, items)


async def reloaded(order: Order) -> Order:
    """The order as it is stored."""
    return await Order.get(id=order.id)
