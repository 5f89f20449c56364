"""A small shop made by the use cases themselves, for tests that look behind the API."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from models.orders import Order
from models.rules.access import OPEN
from models.rules.order_states import OrderAction
from services.catalog.products import SaveProduct, save_product
from services.customers.save import SaveCustomer, save_customer
from services.inventory.adjust import ChangeStock, adjust_stock
from services.inventory.warehouses import SaveWarehouse, save_warehouse
from services.orders.act import ActOnOrder, act_on_order
from services.orders.entry import PlaceOrder
from services.orders.goods import NewLine
from services.orders.note import note_on_order
from services.orders.place import place_order


@dataclass(frozen=True)
class Shop:
    """One customer, one warehouse, and 100,000 units of the product CUP at 10.00 EUR."""

    customer_id: UUID
    warehouse_id: UUID

    async def place(self, channel: str = "default") -> Order:
        """A confirmed order of two cups."""
        lines = (NewLine("CUP", 2),)
        return await place_order(OPEN, PlaceOrder(self.customer_id, lines, channel))

    async def act(self, order: Order, action: OrderAction) -> Order:
        """The order after the action."""
        return await act_on_order(OPEN, ActOnOrder(order.id, order.version, action))

    async def note(self, order: Order) -> Order:
        """The order with something noted on it: one event that changes nothing else."""
        return await note_on_order(OPEN, order.id, "noted")


async def open_shop() -> Shop:
    """The shop, in the database that is open."""
    customer = await save_customer(OPEN, SaveCustomer(code="ADA", name="Ada Albers"))
    warehouse = await save_warehouse(OPEN, SaveWarehouse(code="MAIN", name="Main"))
    price = Decimal("10.00")
    await save_product(OPEN, SaveProduct(sku="CUP", name="Cup", price=price, currency="EUR"))
    await adjust_stock(OPEN, (ChangeStock("CUP", warehouse.id, "arrived", delta=100_000),))
    return Shop(customer.id, warehouse.id)
