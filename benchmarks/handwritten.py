"""The same order without the product: one transaction in plain SQL, step by step.

It reads what an order needs, holds to the same guards, and writes the rows that
`services.orders.place.place_order` writes, each table by one statement. It knows one line, a
customer with an address and without a limit that matters, and products without a reorder point;
all else ends the program. `alone.differences` tells whether its rows are still the product's.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import orjson

from models.columns import new_id
from models.rules.delays import USUAL, Stage, sortable
from models.rules.insights import standing
from models.rules.money import Rounding, comparable
from models.rules.numbering import Pattern
from models.rules.pricing import LinePrice, price_line
from services.work import policy
from services.work.search import words_of

CHANNEL: Final = "default"
BLOCK: Final = 20

NUMBERS: Final = """
INSERT INTO number_counter (scope, value) VALUES ($1, $2)
ON CONFLICT (scope) DO UPDATE SET value = number_counter.value + $2 RETURNING value"""
BUYER: Final = """
SELECT customer.name, blocked, lifetime_minor, discount_rate, address.name AS recipient, lines,
    city, region, postal_code, country_code, address.phone
FROM customer LEFT JOIN customer_group ON customer_group.id = group_id
JOIN customer_address address ON customer_id = customer.id AND position = 0
WHERE customer.id = $1"""
GOODS: Final = """
SELECT product.id, sku, product.name, price_minor, currency, price_quantity, tax_rate,
    discontinued, item.id AS item_id, warehouse_id
FROM product JOIN stock_item item ON product_id = product.id
JOIN warehouse ON warehouse.id = warehouse_id
WHERE sku = $1 AND on_hand - reserved - damaged - safety_stock >= $2
ORDER BY priority, warehouse.id LIMIT 1"""
RESERVE: Final = """
UPDATE stock_item SET reserved = reserved + $2, version = version + 1, event_seq = event_seq + 1,
    movement_seq = movement_seq + 1, updated_at = $3, available = available - $2,
    is_low = reorder_point IS NOT NULL AND available - $2 + incoming <= reorder_point
WHERE id = $1 AND on_hand - reserved - damaged - safety_stock >= $2
RETURNING on_hand, reserved, damaged, safety_stock, movement_seq, event_seq, version"""
OWE: Final = """
UPDATE customer SET credit_used_minor = credit_used_minor + $2, lifetime_minor = lifetime_minor + $2
WHERE id = $1 AND (credit_limit_minor IS NULL OR credit_limit_minor >= credit_used_minor + $2)"""
ORDER: Final = """
INSERT INTO customer_order (id, created_at, updated_at, placed_at, sorted_at, version, event_seq,
    number, channel, customer_id, currency, status, fulfillment_status, payment_status,
    return_status, has_shipment, line_count, subtotal_net_minor, subtotal_tax_minor,
    discount_minor, shipping_net_minor, shipping_tax_minor, total_net_minor, total_tax_minor,
    total_gross_minor, authorized_minor, charged_minor, refunded_minor, credit_minor,
    lifetime_minor, billing_address, shipping_address, shipping_country, attributes, stage,
    stage_since, stage_due_at, balance_minor, rounding, shipping_tax_rule, shipping_taxes,
    sort_total, sort_balance, sort_due)
VALUES ($1, $2, $2, $2, $2, 1, 1, $3, $4, $5, $6, 'CONFIRMED', 'RESERVED', 'UNPAID', 'NONE',
    false, 1, $7, $8, $9, 0, 0, $7, $8, $10, 0, 0, 0, $10, $10, $11, $11, $12, '{}', 'PREPARE',
    $2, $13, $10, 'half-up', 'goods', '[]', $14, $14, $15)"""
LINE: Final = """
INSERT INTO order_line (id, order_id, position, product_id, sku, name, quantity, currency,
    unit_price_minor, price_quantity, discount_rate, tax_rate, net_minor, tax_minor,
    discount_minor, reserved, backordered, preparing, shipped, delivered, returned, cancelled,
    own_price)
VALUES ($1, $2, 0, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $6, 0, 0, 0, 0, 0, 0,
    false)"""
RESERVATION: Final = """
INSERT INTO reservation (id, order_line_id, stock_item_id, quantity, created_at)
VALUES ($1, $2, $3, $4, $5)"""
MOVEMENT: Final = """
INSERT INTO stock_movement (id, stock_item_id, sequence, at, kind, quantity, on_hand_after,
    reserved_after, damaged_after, order_id, order_line_id, actor_kind, actor_id)
VALUES ($1, $2, $3, $4, 'RESERVE', $5, $6, $7, $8, $9, $10, 'STAFF', 'open')"""
TOKENS: Final = """
INSERT INTO search_token (id, subject_kind, subject_id, field, token)
SELECT id, 'ORDER', $1, field, token
FROM unnest($2::uuid[], $3::text[], $4::text[]) AS found (id, field, token)"""
EVENTS: Final = """
INSERT INTO event (id, subject_kind, subject_id, subject_seq, subject_version, kind, at,
    actor_kind, actor_id, order_id, customer_id, data, before, after)
VALUES ($1, 'STOCK_ITEM', $2, $3, $4, 'STOCK_CHANGED', $5, 'STAFF', 'open', NULL, NULL, $6,
    '{}', '{}'),
    ($7, 'ORDER', $8, 1, 1, 'ORDER_PLACED', $5, 'STAFF', 'open', $8, $9, $10, '{}', $11)"""


@dataclass
class Numbers:
    """Order numbers from blocks, as a process of the product has them."""

    last: int = 0
    end: int = 0

    async def next(self, pool: Any, at: datetime) -> str:
        """A number that nobody else gets."""
        pattern = Pattern.parse(policy.current().order_number_pattern)
        if self.last == self.end:
            scope = f"order:{pattern.scope(at.date(), CHANNEL)}"
            end = await pool.fetchval(NUMBERS, scope, BLOCK)
            self.last, self.end = end - BLOCK, end
        self.last += 1
        return pattern.format(self.last, at.date(), CHANNEL)


@dataclass(frozen=True)
class Bill:
    """What a line, and an order of it alone, come to."""

    discount_rate: Decimal
    net_minor: int
    tax_minor: int
    discount_minor: int

    @property
    def gross_minor(self) -> int:
        return self.net_minor + self.tax_minor


async def place(pool: Any, numbers: Numbers, customer_id: UUID, sku: str, quantity: int) -> UUID:
    """The id of an order of one line, placed by a connection of an asyncpg pool."""
    now = datetime.now(UTC)
    number = await numbers.next(pool, now)
    order_id, line_id = new_id(), new_id()
    async with pool.acquire() as connection, connection.transaction():
        execute = connection.execute
        buyer = await connection.fetchrow(BUYER, customer_id)
        goods = await connection.fetchrow(GOODS, sku, quantity)
        if buyer is None or buyer["blocked"] or goods is None or goods["discontinued"]:
            raise SystemExit(f"Nobody may order {sku}.")
        bill, due = _bill(buyer, goods, quantity), now + USUAL[Stage.PREPARE]
        item = await connection.fetchrow(RESERVE, goods["item_id"], quantity, now)
        if item is None or await execute(OWE, customer_id, bill.gross_minor) != "UPDATE 1":
            raise SystemExit(f"{sku} is sold out, or its buyer owes too much.")
        await execute(
            ORDER,
            *(order_id, now, number, CHANNEL, customer_id, goods["currency"], bill.net_minor),
            *(bill.tax_minor, bill.discount_minor, bill.gross_minor, _address(buyer)),
            *(buyer["country_code"], due, comparable(bill.gross_minor, goods["currency"])),
            sortable(due),
        )
        await execute(
            LINE,
            *(line_id, order_id, goods["id"], sku, goods["name"], quantity, goods["currency"]),
            *(goods["price_minor"], goods["price_quantity"], bill.discount_rate),
            *(goods["tax_rate"], bill.net_minor, bill.tax_minor, bill.discount_minor),
        )
        await execute(RESERVATION, new_id(), line_id, goods["item_id"], quantity, now)
        await execute(
            MOVEMENT,
            *(new_id(), goods["item_id"], item["movement_seq"], now, quantity),
            *(item["on_hand"], item["reserved"], item["damaged"], order_id, line_id),
        )
        words = words_of({"number": number})
        fields, tokens = zip(*words, strict=True)
        await execute(TOKENS, order_id, [new_id() for _ in words], fields, tokens)
        await execute(
            EVENTS,
            *(new_id(), goods["item_id"], item["event_seq"], item["version"], now, _stock(item)),
            *(new_id(), order_id, customer_id),
            _json({"lines": 1, "totalMinor": bill.gross_minor}),
            _facts(number, customer_id, now, buyer, goods, bill),
        )
    return order_id


def _bill(buyer: Any, goods: Any, quantity: int) -> Bill:
    """The better of the group's and the loyal customer's discount is taken off."""
    loyal = standing(buyer["lifetime_minor"]).discount_rate
    discount_rate = max(buyer["discount_rate"] or Decimal(0), loyal)
    price = LinePrice(
        quantity,
        goods["price_minor"],
        goods["price_quantity"],
        discount_rate,
        goods["tax_rate"],
        rounding=Rounding.HALF_UP,
    )
    totals = price_line(price)
    return Bill(discount_rate, totals.net_minor, totals.tax_minor, totals.discount_minor)


def _address(buyer: Any) -> str:
    return _json(
        {
            "name": buyer["recipient"],
            "lines": orjson.loads(buyer["lines"]),
            "city": buyer["city"],
            "region": buyer["region"],
            "postalCode": buyer["postal_code"],
            "countryCode": buyer["country_code"],
            "phone": buyer["phone"],
        }
    )


def _stock(item: Any) -> str:
    free = item["on_hand"] - item["reserved"] - item["damaged"] - item["safety_stock"]
    return _json(
        {
            "onHand": item["on_hand"],
            "reserved": item["reserved"],
            "damaged": item["damaged"],
            "available": free,
        }
    )


def _facts(
    number: str, customer_id: UUID, now: datetime, buyer: Any, goods: Any, bill: Bill
) -> str:
    return _json(
        {
            "number": number,
            "channel": CHANNEL,
            "customerId": customer_id.hex,
            "status": "CONFIRMED",
            "fulfillment": "RESERVED",
            "payment": "UNPAID",
            "return": "NONE",
            "totalMinor": bill.gross_minor,
            "balanceMinor": bill.gross_minor,
            "currency": goods["currency"],
            "country": buyer["country_code"],
            "placedAt": now.isoformat(),
            "promisedAt": None,
            "stageDueAt": (now + USUAL[Stage.PREPARE]).isoformat(),
            "milestone": "PLACED",
            "updatedAt": now.isoformat(),
            "warehouses": [goods["warehouse_id"].hex],
        }
    )


def _json(value: dict[str, Any]) -> str:
    return orjson.dumps(value).decode()
