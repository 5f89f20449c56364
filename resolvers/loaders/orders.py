"""Relations of orders."""

from typing import Final

from models.orders import Order, OrderLine
from resolvers.loaders.relation import ToMany, ToOne

order: Final = ToOne(Order, key="order_id")
order_line: Final = ToOne(OrderLine, key="order_line_id")
lines_of_order: Final = ToMany(OrderLine, by="order_id", order=("position",))
