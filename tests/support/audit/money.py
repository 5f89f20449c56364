"""What must be true of money: prices to the last fraction, sums, payments, invoices, credit.

Statements list what is broken: where, what is stored, and what it should be. What SQL cannot say
exactly is computed here in fractions.
"""

import json
from bisect import bisect_left
from collections import defaultdict
from collections.abc import AsyncIterator
from fractions import Fraction
from typing import Final

from tests.support.audit.orders import LEFT
from tests.support.audit.plain import Row, Run
from tests.support.audit.stock import one_of

COMPANY_CURRENCY: Final = "EUR"
OWING: Final = ("AWAITING_APPROVAL", "CONFIRMED", "ON_HOLD", "COMPLETED")
OWN: Final = f"(currency = '{COMPANY_CURRENCY}' OR company_rate IS NULL)"
COUNTS: Final = f"status IN {one_of(OWING)} AND currency = '{COMPANY_CURRENCY}'"
PAID: Final = "(charged_minor - refunded_minor)"
# What goes back is first what was paid too much; where goods came back, the rest is their credit.
BACK: Final = """
    (CASE WHEN charged_minor > total_gross_minor
        THEN refunded_minor - charged_minor + total_gross_minor ELSE refunded_minor END)"""
CREDITED: Final = f"""
    (CASE WHEN return_status IN ('PARTLY_RETURNED', 'RETURNED') AND {BACK} > credited_minor
        THEN {BACK} ELSE credited_minor END)"""
OWED: Final = f"(CASE WHEN status = 'CANCELLED' THEN 0 ELSE total_gross_minor - {CREDITED} END)"
OPEN: Final = f"({OWED} - {PAID})"
CREDIT: Final = f"CASE WHEN {COUNTS} AND {OPEN} > 0 THEN {OPEN} ELSE 0 END"
LIFETIME: Final = f"CASE WHEN {COUNTS} THEN total_gross_minor ELSE 0 END"

PAYING: Final = f"""
    CASE WHEN {PAID} > {OWED} THEN 'OVERPAID'
        WHEN {OWED} = 0 THEN CASE WHEN charged_minor > 0 THEN 'REFUNDED' ELSE 'PAID' END
        WHEN {PAID} = {OWED} THEN 'PAID'
        WHEN {PAID} > 0 THEN 'PARTLY_PAID'
        WHEN authorized_minor > 0 THEN 'AUTHORIZED'
        ELSE 'UNPAID' END"""


def _scaled(amount: str) -> str:
    """An amount in ten-thousandths, of the currencies that tests and demo deal in."""
    return f"""
        ({amount} * CASE WHEN currency = 'JPY' THEN 10000 WHEN currency = 'KWD' THEN 10
            WHEN currency = 'CLF' THEN 1 ELSE 100 END)"""


def _subtotal(stored: str, of_lines: str) -> str:
    return f"""
        SELECT number, {stored}, priced.total
        FROM customer_order JOIN (
            SELECT order_id, SUM({of_lines}) AS total FROM order_line GROUP BY order_id
        ) priced ON priced.order_id = customer_order.id
        WHERE {stored} <> priced.total"""


def _paid(stored: str, kind: str) -> str:
    return f"""
        SELECT number, {stored}, COALESCE(paid.total, 0)
        FROM customer_order LEFT JOIN (
            SELECT order_id, SUM(amount_minor) AS total
            FROM payment WHERE kind = '{kind}' GROUP BY order_id
        ) paid ON paid.order_id = customer_order.id
        WHERE {stored} <> COALESCE(paid.total, 0)"""


def _of_orders(stored: str, of_orders: str) -> str:
    return f"""
        SELECT code, customer.{stored}, COALESCE(owed.total, 0)
        FROM customer LEFT JOIN (
            SELECT customer_id, SUM({of_orders}) AS total FROM customer_order GROUP BY customer_id
        ) owed ON owed.customer_id = customer.id
        WHERE customer.{stored} <> COALESCE(owed.total, 0)"""


SUMS: Final = {
    "order.subtotal_net": _subtotal("subtotal_net_minor", "net_minor"),
    "order.subtotal_tax": _subtotal("subtotal_tax_minor", "tax_minor"),
    "order.discount": _subtotal("customer_order.discount_minor", "order_line.discount_minor"),
    "order.total": """
        SELECT number, total_gross_minor, subtotal_net_minor + subtotal_tax_minor
            + shipping_net_minor + shipping_tax_minor
        FROM customer_order
        WHERE total_net_minor <> subtotal_net_minor + shipping_net_minor
            OR total_tax_minor <> subtotal_tax_minor + shipping_tax_minor
            OR total_gross_minor <> total_net_minor + total_tax_minor
            OR shipping_net_minor < 0 OR shipping_tax_minor < 0""",
    "order.currency": """
        SELECT number, customer_order.currency, line.currency
        FROM customer_order JOIN order_line line ON line.order_id = customer_order.id
        WHERE line.currency <> customer_order.currency""",
    "order.balance": f"""
        SELECT number, balance_minor, {OPEN} FROM customer_order
        WHERE balance_minor <> {OPEN} OR credited_minor < 0""",
    "order.sort_total": f"""
        SELECT number, sort_total, {_scaled("total_gross_minor")} FROM customer_order
        WHERE sort_total <> {_scaled("total_gross_minor")}""",
    "order.sort_balance": f"""
        SELECT number, sort_balance, {_scaled("balance_minor")} FROM customer_order
        WHERE sort_balance <> {_scaled("balance_minor")}""",
    "product.sort_price": f"""
        SELECT sku, sort_price, {_scaled("price_minor")} FROM product
        WHERE sort_price <> {_scaled("price_minor")}""",
    "order.payment": f"""
        SELECT number, payment_status, {PAYING} FROM customer_order
        WHERE payment_status <> {PAYING}""",
    "payment.charged": _paid("charged_minor", "CHARGE"),
    "payment.refunded": _paid("refunded_minor", "REFUND"),
    # No more goes back than came, of the order and of the charge that a refund names.
    "payment.refund": """
        SELECT number, refunded_minor, charged_minor FROM customer_order
        WHERE refunded_minor > charged_minor OR authorized_minor < 0""",
    "payment.taken": """
        SELECT payment.id, SUM(later.amount_minor), payment.amount_minor
        FROM payment JOIN payment later
            ON later.payment_id = payment.id
        GROUP BY payment.id, payment.amount_minor
        HAVING SUM(later.amount_minor) > payment.amount_minor""",
    # A payment follows only one of the kind that it can follow, of its own order.
    "payment.follows": """
        SELECT later.id, later.kind, payment.kind
        FROM payment later JOIN payment ON payment.id = later.payment_id
        WHERE later.order_id <> payment.order_id OR NOT (
            (payment.kind = 'AUTHORIZATION' AND later.kind IN ('CHARGE', 'VOID'))
            OR (payment.kind = 'CHARGE' AND later.kind = 'REFUND'))""",
    "payment.order": """
        SELECT number, payment.currency, customer_order.status
        FROM payment JOIN customer_order ON customer_order.id = payment.order_id
        WHERE customer_order.status = 'DRAFT' OR payment.currency <> customer_order.currency
            OR payment.amount_minor <= 0""",
    "invoice.shipment": f"""
        SELECT shipment.number, COUNT(invoice.id), shipment.status
        FROM shipment LEFT JOIN invoice
            ON invoice.shipment_id = shipment.id AND invoice.order_id = shipment.order_id
        GROUP BY shipment.id, shipment.number, shipment.status
        HAVING COUNT(invoice.id) <> CASE WHEN shipment.status IN {one_of(LEFT)} THEN 1 ELSE 0 END
        """,
    # What is billed is never more than the order comes to, nor less than nothing.
    "invoice.sum": """
        SELECT customer_order.number, SUM(net_minor), total_net_minor
        FROM invoice JOIN customer_order ON customer_order.id = invoice.order_id
        GROUP BY customer_order.number, total_net_minor, total_tax_minor
        HAVING SUM(net_minor) > total_net_minor OR SUM(tax_minor) > total_tax_minor
            OR MIN(net_minor) < 0 OR MIN(tax_minor) < 0""",
    # Once all that is wanted has left, it is all billed.
    "invoice.all": """
        SELECT customer_order.number, billed.net, total_net_minor
        FROM customer_order JOIN (
            SELECT order_id, SUM(net_minor) AS net, SUM(tax_minor) AS tax
            FROM invoice GROUP BY order_id
        ) billed ON billed.order_id = customer_order.id
        WHERE (billed.net <> total_net_minor OR billed.tax <> total_tax_minor) AND NOT EXISTS (
            SELECT 1 FROM order_line line WHERE line.order_id = customer_order.id
                AND line.shipped + line.cancelled < line.quantity)""",
    "order.credit": f"""
        SELECT number, credit_minor, {CREDIT} FROM customer_order
        WHERE {OWN} AND credit_minor <> {CREDIT}""",
    "order.lifetime": f"""
        SELECT number, lifetime_minor, {LIFETIME} FROM customer_order
        WHERE {OWN} AND lifetime_minor <> {LIFETIME}""",
    "customer.credit": _of_orders("credit_used_minor", "credit_minor"),
    "customer.lifetime": _of_orders("lifetime_minor", "lifetime_minor"),
}

PRICED: Final = """
    SELECT number, position, rounding, status, quantity - cancelled, quantity, unit_price_minor,
        price_quantity, discount_rate, tax_rate,
        net_minor, tax_minor, line.discount_minor
    FROM customer_order JOIN order_line line ON line.order_id = customer_order.id"""


async def prices(run: Run) -> AsyncIterator[Row]:
    """A line's net, tax and discount are what its units come to, rounded once as the order says.

    An order that was cancelled as a whole keeps what it came to before: that of some of its units.
    """
    for (
        number,
        position,
        rounding,
        status,
        wanted,
        quantity,
        price,
        per,
        discount,
        rate,
        *stored,
    ) in await run(PRICED):
        terms = (rounding, Fraction(price, per), Fraction(str(discount)), Fraction(str(rate)))
        units = wanted
        if status == "CANCELLED":
            units = bisect_left(
                range(quantity), stored[:2], key=lambda some: worth(some, *terms)[:2]
            )
        due = worth(units, *terms)
        if status == "CANCELLED":
            # Several quantities may come to the same net and tax; the discount told them apart.
            while units < quantity and due != stored and worth(units + 1, *terms)[:2] == stored[:2]:
                units += 1
                due = worth(units, *terms)
        if stored != due:
            yield "line.price", number, position, stored, due


def worth(
    units: int, rounding: str, price: Fraction, discount: Fraction, rate: Fraction
) -> list[int]:
    """Net, tax, and what the discount took off, in minor units."""
    exact = units * price
    net = whole(exact * (1 - discount), rounding)
    return [net, whole(net * rate, rounding), whole(exact, rounding) - net]


def whole(amount: Fraction, rounding: str) -> int:
    """The nearest whole number of what is not below zero."""
    return round(amount) if rounding == "half-even" else int(amount + Fraction(1, 2))


FREIGHT: Final = """
    SELECT number, rounding, shipping_net_minor, shipping_tax_minor, shipping_taxes
    FROM customer_order WHERE shipping_taxes IS NOT NULL"""
INVOICED: Final = "SELECT number, 'half-up', net_minor, tax_minor, taxes FROM invoice"


async def taxes(run: Run) -> AsyncIterator[Row]:
    """What bears which rate comes to the freight, or to the invoice, and to its tax."""
    for statement, name in ((FREIGHT, "order.freight"), (INVOICED, "invoice.taxes")):
        for number, rounding, net, tax, kept in await run(statement):
            parts = json.loads(kept) if isinstance(kept, str) else kept or []
            due = [sum(part[1] for part in parts), sum(part[2] for part in parts)]
            if parts and due != [net, tax]:
                yield name, number, [net, tax], due
            for rate, share, borne in parts if name == "order.freight" else ():
                if borne != whole(share * Fraction(rate), rounding):
                    yield name, number, [rate, share, borne], None


PAYMENTS: Final = "SELECT id, order_id, kind, amount_minor, payment_id FROM payment ORDER BY id"
AUTHORIZED: Final = "SELECT id, number, authorized_minor FROM customer_order"


async def authorizations(run: Run) -> AsyncIterator[Row]:
    """What is set aside is what was authorized, less what was released and what charges took.

    A charge takes no more of it than is left of the authorization that it names.
    """
    open_minor: dict[str, int] = defaultdict(int)
    left: dict[str, int] = {}
    for key, order, kind, amount, earlier in await run(PAYMENTS):
        left[key] = amount
        if kind == "AUTHORIZATION":
            open_minor[order] += amount
        elif kind == "VOID":
            open_minor[order] -= amount
        elif kind == "CHARGE" and earlier:
            open_minor[order] -= max(0, min(amount, left[earlier], open_minor[order]))
        if earlier:
            left[earlier] -= amount
    for order, number, stored in await run(AUTHORIZED):
        if stored != open_minor[order]:
            yield "payment.authorized", number, stored, open_minor[order]


NUMBERS: Final = "SELECT number FROM invoice"
LAST: Final = "SELECT scope, value FROM number_counter WHERE scope LIKE 'invoice:%'"


async def invoice_numbers(run: Run) -> AsyncIterator[Row]:
    """Invoices are numbered 1, 2, 3 ... in each scope, and the counter knows the last."""
    taken: dict[str, list[int]] = defaultdict(list)
    for (number,) in await run(NUMBERS):
        scope, _, count = number.rpartition("-")
        taken[f"invoice:{scope}-*"].append(int(count))
    for scope, last in await run(LAST):
        if last != len(taken[scope]):
            yield "invoice.counter", scope, last, len(taken[scope])
    for scope, counts in taken.items():
        if sorted(counts) != list(range(1, len(counts) + 1)):
            yield "invoice.gapless", scope, sorted(counts), len(counts)


EXPONENTS: Final = {"JPY": 0, "KWD": 3, "CLF": 4}
"""The decimals of amounts in currencies that have not two."""

FOREIGN: Final = f"""
    SELECT number, currency, company_rate, status, total_gross_minor, {OPEN},
        credit_minor, lifetime_minor
    FROM customer_order WHERE NOT {OWN}"""


async def converted(run: Run) -> AsyncIterator[Row]:
    """An order of another currency counts by what that was worth on its day, rounded half-even."""
    for number, currency, rate, status, total, owed, *stored in await run(FOREIGN):
        scale = Fraction(str(rate)) * Fraction(100, 10 ** EXPONENTS.get(currency, 2))
        counts = status in OWING
        due = [round(max(0, owed) * scale) * counts, round(total * scale) * counts]
        for name, kept, told in zip(("order.credit", "order.lifetime"), stored, due, strict=True):
            if kept != told:
                yield name, number, kept, told
