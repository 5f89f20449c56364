"""Freight of an order: which tax it bears, and how that is kept."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import orjson

from models.orders import Order, OrderLine
from models.rules.freight import RatePart, freight_parts, freight_rule
from models.rules.pricing import check_rate
from services import policy
from services.order_entry import totals_of


def rule_of(rate: Decimal | None) -> str:
    """How freight is taxed: at the rate that is given, else as the operator decided.

    Raises:
        InputError: INVALID: the rate is not 0 to 1, or finer than is kept.
    """
    if rate is None:
        return policy.current().freight_tax
    return freight_rule(f"{check_rate(rate, 'A tax rate', 'shippingTaxRate'):f}")


def tax_freight(order: Order, lines: Sequence[OrderLine]) -> None:
    """Reckon the tax of the order's freight anew, by what is wanted of its lines.

    The order's sums are not set here, nor is it saved.
    """
    goods: Counter[Decimal] = Counter()
    for line in lines:
        if line.quantity > line.cancelled:
            goods[line.tax_rate] += totals_of(line, order.rounding).net_minor
    keep_parts(
        order,
        freight_parts(order.shipping_net_minor, order.shipping_tax_rule, goods, order.rounding),
    )


def keep_parts(order: Order, parts: Sequence[RatePart]) -> None:
    """Set what of the freight bears which rate, and its tax. The order is not saved here."""
    order.shipping_taxes = stored(parts)
    order.shipping_tax_minor = sum(part.tax_minor for part in parts)


def parts_of(order: Order) -> list[RatePart]:
    """What of the order's freight bears which rate, as it is kept; all at 0 where none is."""
    kept = restored(order.shipping_taxes)
    if kept or not order.shipping_net_minor:
        return kept
    return [RatePart(Decimal(0), order.shipping_net_minor, order.shipping_tax_minor)]


def stored(parts: Sequence[RatePart]) -> list[list[Any]]:
    """The parts as a column keeps them."""
    return [[f"{part.rate:f}", part.net_minor, part.tax_minor] for part in parts]


def restored(kept: Any) -> list[RatePart]:
    """The parts that a column keeps."""
    parts = orjson.loads(kept) if isinstance(kept, str) else kept  # of another table's column
    return [RatePart(Decimal(rate), net, tax) for rate, net, tax in parts or ()]
