"""Invoices: issued when a shipment ships, numbered without a gap."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from models.customers import Customer
from models.fulfillment import Shipment
from models.orders import Order, OrderLine
from models.payments import Invoice
from models.rules.freight import RatePart, sum_by_rate
from models.rules.numbering import NumberKind
from models.rules.pricing import LinePrice, LineTotals, price_line
from services.aggregates.amounts import parts_of, stored
from services.work import numbering
from services.work.work import Work


async def issue(
    work: Work, order: Order, shipment: Shipment, units: dict[UUID, int], lines: list[OrderLine]
) -> Invoice:
    """The invoice for what a shipment holds, `units` by line, which the lines count as shipped."""
    # unscoped: the first of all invoices of the order bills its freight
    is_first = not await Invoice.filter(order_id=order.id).using_db(work.connection).exists()
    worth = worth_of(order, units, lines, is_first=is_first)
    # unscoped: the order's own customer has the terms
    customer = await Customer.get(id=order.customer_id, using_db=work.connection)
    pattern = work.policy.invoice_number_pattern
    invoice = Invoice(
        number=await numbering.gapless(
            work.connection, NumberKind.INVOICE, pattern, work.now, order.channel
        ),
        order_id=order.id,
        shipment_id=shipment.id,
        currency=order.currency,
        **billed_with(worth),
        issued_at=work.now,
        due_at=work.now + timedelta(days=customer.terms_days),
    )
    await invoice.save(force_create=True, using_db=work.connection)
    return invoice


def worth_of(
    order: Order, units: dict[UUID, int], lines: list[OrderLine], *, is_first: bool
) -> list[RatePart]:
    """What units that have just left are billed with, by tax rate; freight is on the first invoice.

    They cost what they add to the price of what left before them. So an order's invoices together
    come at any time to exactly what has left, rounded once, however it was split.
    """
    parts = parts_of(order) if is_first else []
    for line in lines:
        if line.id in units:
            now = _price(order, line, line.shipped)
            before = _price(order, line, line.shipped - units[line.id])
            net_minor = now.net_minor - before.net_minor
            parts.append(RatePart(line.tax_rate, net_minor, now.tax_minor - before.tax_minor))
    return sum_by_rate(parts)


def billed_with(parts: Sequence[RatePart]) -> dict[str, Any]:
    """The amounts of an invoice of these parts, by column."""
    return {
        "net_minor": sum(part.net_minor for part in parts),
        "tax_minor": sum(part.tax_minor for part in parts),
        "taxes": stored(parts),
    }


def _price(order: Order, line: OrderLine, units: int) -> LineTotals:
    return price_line(
        LinePrice(
            quantity=units,
            unit_price_minor=line.unit_price_minor,
            price_quantity=line.price_quantity,
            discount_rate=line.discount_rate,
            tax_rate=line.tax_rate,
            rounding=order.rounding,
        )
    )
