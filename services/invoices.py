"""Invoices: issued when a shipment ships, numbered without a gap."""

from datetime import timedelta
from uuid import UUID

from models.customers import Customer
from models.fulfillment import Shipment
from models.orders import Order, OrderLine
from models.payments import Invoice
from models.rules.money import TaxedAmount
from models.rules.numbering import NumberKind
from models.rules.pricing import LinePrice, LineTotals, price_line
from services import numbering, policy
from services.transaction import Work


async def issue(
    work: Work, order: Order, shipment: Shipment, units: dict[UUID, int], lines: list[OrderLine]
) -> Invoice:
    """The invoice for what a shipment holds, `units` by line, which the lines count as shipped."""
    is_first = not await Invoice.filter(order_id=order.id).using_db(work.connection).exists()
    worth = worth_of(order, units, lines, is_first=is_first)
    customer = await Customer.get(id=order.customer_id, using_db=work.connection)
    pattern = policy.current().invoice_number_pattern
    invoice = Invoice(
        number=await numbering.gapless(
            work.connection, NumberKind.INVOICE, pattern, work.now, order.channel
        ),
        order_id=order.id,
        shipment_id=shipment.id,
        currency=order.currency,
        net_minor=worth.net_minor,
        tax_minor=worth.tax_minor,
        issued_at=work.now,
        due_at=work.now + timedelta(days=customer.terms_days),
    )
    await invoice.save(force_create=True, using_db=work.connection)
    return invoice


def worth_of(
    order: Order, units: dict[UUID, int], lines: list[OrderLine], *, is_first: bool
) -> TaxedAmount:
    """What units that have just left are billed with; shipping is on the order's first invoice.

    They cost what they add to the price of what left before them. So an order's invoices together
    come at any time to exactly what has left, rounded once, however it was split.
    """
    net = order.shipping_net_minor if is_first else 0
    tax = order.shipping_tax_minor if is_first else 0
    for line in lines:
        if line.id in units:
            now = _price(line, line.shipped)
            before = _price(line, line.shipped - units[line.id])
            net += now.net_minor - before.net_minor
            tax += now.tax_minor - before.tax_minor
    return TaxedAmount(net, tax, order.currency)


def _price(line: OrderLine, units: int) -> LineTotals:
    return price_line(
        LinePrice(
            quantity=units,
            unit_price_minor=line.unit_price_minor,
            price_quantity=line.price_quantity,
            discount_rate=line.discount_rate,
            tax_rate=line.tax_rate,
        )
    )
