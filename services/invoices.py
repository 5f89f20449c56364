"""Invoices: issued when a shipment ships, numbered without a gap."""

from datetime import timedelta
from uuid import UUID

from models.customers import Customer
from models.fulfillment import Shipment
from models.orders import Order, OrderLine
from models.payments import Invoice
from models.rules.numbering import NumberKind
from models.rules.pricing import LinePrice, price_line
from services import numbering, policy
from services.transaction import Work


async def issue(
    work: Work, order: Order, shipment: Shipment, units: dict[UUID, int], lines: list[OrderLine]
) -> Invoice:
    """The invoice for what a shipment holds, `units` by line; shipping is on the order's first.

    What an order's last units are billed with is what is left of its total, so that its invoices
    together come to exactly that total.
    """
    earlier = await Invoice.filter(order_id=order.id).using_db(work.connection)
    net, tax = _worth(units, lines)
    if not earlier:
        net += order.shipping_net_minor
        tax += order.shipping_tax_minor
    if all(line.shipped + line.cancelled == line.quantity for line in lines):
        net = order.total_net_minor - sum(invoice.net_minor for invoice in earlier)
        tax = order.total_tax_minor - sum(invoice.tax_minor for invoice in earlier)
    customer = await Customer.get(id=order.customer_id, using_db=work.connection)
    pattern = policy.current().invoice_number_pattern
    invoice = Invoice(
        number=await numbering.gapless(
            work.connection, NumberKind.INVOICE, pattern, work.now, order.channel
        ),
        order_id=order.id,
        shipment_id=shipment.id,
        currency=order.currency,
        net_minor=net,
        tax_minor=tax,
        issued_at=work.now,
        due_at=work.now + timedelta(days=customer.terms_days),
    )
    await invoice.save(force_create=True, using_db=work.connection)
    return invoice


def _worth(units: dict[UUID, int], lines: list[OrderLine]) -> tuple[int, int]:
    """What the units cost: net and tax, in minor units."""
    totals = [
        price_line(
            LinePrice(
                quantity=units[line.id],
                unit_price_minor=line.unit_price_minor,
                price_quantity=line.price_quantity,
                discount_rate=line.discount_rate,
                tax_rate=line.tax_rate,
            )
        )
        for line in lines
        if line.id in units
    ]
    return sum(each.net_minor for each in totals), sum(each.tax_minor for each in totals)
