"""The tax on an order's shipping, on paper."""

from tests.support.model.paper import Order
from tests.support.model.parts import MILLION, nearest


def tax_freight(order: Order) -> None:
    """Freight bears its own rate, or each rate that the goods bear, by what they are worth.

    Shares are rounded together with all of the lower rates; what is left goes to the last.
    """
    worth: dict[int, int] = {}
    for line in order.lines:
        if line.priced and line.cancelled < line.quantity:
            worth.setdefault(line.product.tax, 0)
            worth[line.product.tax] += line.cost(line.priced)[0]
    if order.freight_rate is not None:
        worth = {order.freight_rate: 1}
    elif not sum(worth.values()):
        worth = {max(worth): 1}
    order.freight = below = done = 0
    for rate in sorted(worth):
        below += worth[rate]
        share = nearest(order.shipping * below, sum(worth.values())) - done
        done += share
        order.freight += nearest(share * rate, MILLION)
