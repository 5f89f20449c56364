"""What must be true of orders, their lines and their shipments: counts, axes, and who has what.

Each statement lists what is broken: where, what is stored, and what it should be.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.support.audit.plain import Row, Run
from tests.support.audit.stock import one_of

INSIDE: Final = ("PENDING", "PICKING", "PACKED")
LEFT: Final = ("SHIPPED", "IN_TRANSIT", "OUT_FOR_DELIVERY", "DELIVERED", "EXCEPTION")

LINES: Final = "customer_order JOIN order_line line ON line.order_id = customer_order.id"
PLACE: Final = "customer_order.number, line.position"


def _counts(counter: str, units: str) -> str:
    """A counter of lines that is the sum of something else: `units`, by `order_line_id`."""
    return f"""
        SELECT {PLACE}, line.{counter}, COALESCE(told.units, 0)
        FROM {LINES} LEFT JOIN ({units}) told ON told.order_line_id = line.id
        WHERE line.{counter} <> COALESCE(told.units, 0)"""


def _moved(sign: str, *kinds: str) -> str:
    return f"""
        SELECT order_line_id, SUM({sign}quantity) AS units
        FROM stock_movement WHERE kind IN {one_of(kinds)} GROUP BY order_line_id"""


def _packed(statuses: tuple[str, ...]) -> str:
    return f"""
        SELECT packed.order_line_id, SUM(packed.quantity) AS units
        FROM shipment_line packed JOIN shipment ON shipment.id = packed.shipment_id
        WHERE shipment.status IN {one_of(statuses)} GROUP BY packed.order_line_id"""


HELD: Final = "SELECT order_line_id, SUM(quantity) AS units FROM reservation GROUP BY order_line_id"
CAME_BACK: Final = (
    "SELECT order_line_id, SUM(received) AS units FROM return_line GROUP BY order_line_id"
)

NEVER: Final = 2**62


def _sorted_time(stored: str, instant: str) -> str:
    """Where an instant is kept as a number that says there is none, or the other way about."""
    return f"""
        SELECT number, {stored}, {instant} FROM customer_order
        WHERE ({instant} IS NULL AND {stored} <> {NEVER})
            OR ({instant} IS NOT NULL AND ({stored} = {NEVER} OR {stored} <= 0))"""


LINE: Final = {
    "line.reserved": _counts("reserved", HELD),
    "line.reserved_in_ledger": _counts("reserved", _moved("", "RESERVE", "RELEASE", "SHIP")),
    "line.preparing": _counts("preparing", _packed(INSIDE)),
    "line.shipped": _counts("shipped", _packed(LEFT)),
    "line.shipped_in_ledger": _counts("shipped", _moved("-", "SHIP")),
    "line.delivered": _counts("delivered", _packed(("DELIVERED",))),
    "line.returned": _counts("returned", CAME_BACK),
    # No unit is in two places, and none is somewhere without being ordered.
    "line.units": f"""
        SELECT {PLACE}, line.reserved + line.backordered + line.shipped + line.cancelled,
            line.quantity
        FROM {LINES}
        WHERE line.reserved + line.backordered + line.shipped + line.cancelled > line.quantity
            OR line.reserved < 0 OR line.backordered < 0 OR line.shipped < 0
            OR line.cancelled < 0 OR line.quantity <= 0""",
    "line.parts": f"""
        SELECT {PLACE}, line.preparing + line.delivered + line.returned,
            line.reserved + line.shipped
        FROM {LINES}
        WHERE line.preparing > line.reserved OR line.delivered > line.shipped
            OR line.returned > line.shipped
            OR line.preparing < 0 OR line.delivered < 0 OR line.returned < 0""",
    # A promise is of the line's own product.
    "line.product": f"""
        SELECT {PLACE}, product.sku, line.sku
        FROM {LINES} JOIN reservation ON reservation.order_line_id = line.id
        JOIN stock_item item ON item.id = reservation.stock_item_id
        JOIN product ON product.id = item.product_id
        WHERE line.product_id IS NULL OR item.product_id <> line.product_id
            OR reservation.quantity <= 0""",
    # Only a draft holds stock for a time.
    "line.hold": f"""
        SELECT {PLACE}, reservation.expires_at, customer_order.status
        FROM {LINES} JOIN reservation ON reservation.order_line_id = line.id
        WHERE (reservation.expires_at IS NULL AND customer_order.status = 'DRAFT')
            OR (reservation.expires_at IS NOT NULL AND customer_order.status <> 'DRAFT')""",
}

SHIPMENT: Final = {
    # What lies in a shipment that has not left is promised to its line in that warehouse.
    "shipment.promised": f"""
        SELECT {PLACE}, warehouse.code, COALESCE(held.units, 0), packed.units
        FROM {LINES} JOIN (
            SELECT content.order_line_id, shipment.warehouse_id, SUM(content.quantity) AS units
            FROM shipment_line content JOIN shipment ON shipment.id = content.shipment_id
            WHERE shipment.status IN {one_of(INSIDE)}
            GROUP BY content.order_line_id, shipment.warehouse_id
        ) packed ON packed.order_line_id = line.id
        JOIN warehouse ON warehouse.id = packed.warehouse_id
        LEFT JOIN (
            SELECT reservation.order_line_id, item.warehouse_id, SUM(quantity) AS units
            FROM reservation JOIN stock_item item ON item.id = reservation.stock_item_id
            GROUP BY reservation.order_line_id, item.warehouse_id
        ) held ON held.order_line_id = line.id AND held.warehouse_id = packed.warehouse_id
        WHERE packed.units > COALESCE(held.units, 0)""",
    # It holds something, and only of its own order.
    "shipment.contents": """
        SELECT shipment.number, COUNT(line.id), COUNT(content.id)
        FROM shipment LEFT JOIN shipment_line content ON content.shipment_id = shipment.id
        LEFT JOIN order_line line
            ON line.id = content.order_line_id AND line.order_id = shipment.order_id
        GROUP BY shipment.number
        HAVING COUNT(content.id) = 0 OR COUNT(line.id) <> COUNT(content.id)""",
    # It says when it left and when it arrived if it did, and only then.
    "shipment.times": f"""
        SELECT number, status, shipped_at FROM shipment
        WHERE (shipped_at IS NOT NULL) <> (status IN {one_of(LEFT)})
            OR (delivered_at IS NOT NULL) <> (status = 'DELIVERED')""",
    # Nothing is packed for an order that nobody has confirmed, or that is gone.
    "shipment.order": """
        SELECT shipment.number, shipment.status, customer_order.status
        FROM shipment JOIN customer_order ON customer_order.id = shipment.order_id
        WHERE customer_order.status IN ('DRAFT', 'AWAITING_APPROVAL')
            OR (customer_order.status = 'CANCELLED' AND shipment.status <> 'CANCELLED')""",
}

UNITS: Final = """
    SELECT order_id, COUNT(*) AS line_count, SUM(quantity) AS quantity,
        SUM(cancelled) AS cancelled, SUM(quantity - cancelled) AS wanted,
        SUM(reserved) AS reserved, SUM(backordered) AS backordered,
        SUM(preparing) AS preparing, SUM(shipped) AS shipped,
        SUM(delivered) AS delivered, SUM(returned) AS returned
    FROM order_line GROUP BY order_id"""

FULFILLMENT: Final = """
    CASE WHEN units.delivered > 0 THEN
            CASE WHEN units.delivered = units.wanted THEN 'DELIVERED' ELSE 'PARTLY_DELIVERED' END
        WHEN units.shipped > 0 THEN
            CASE WHEN units.shipped = units.wanted THEN 'SHIPPED' ELSE 'PARTLY_SHIPPED' END
        WHEN units.preparing > 0 THEN 'PREPARING'
        WHEN units.backordered > 0 THEN 'BACKORDERED'
        WHEN units.wanted > 0 AND units.reserved = units.wanted THEN 'RESERVED'
        ELSE 'UNFULFILLED' END"""

RETURNING: Final = """
    CASE WHEN units.returned > 0 THEN
            CASE WHEN units.returned = units.shipped THEN 'RETURNED' ELSE 'PARTLY_RETURNED' END
        WHEN EXISTS (
            SELECT 1 FROM return_request JOIN return_line
                ON return_line.return_request_id = return_request.id
            WHERE return_request.order_id = customer_order.id
                AND return_request.status IN ('REQUESTED', 'PARTLY_RECEIVED')
                AND return_line.received < return_line.quantity
        ) THEN 'REQUESTED'
        ELSE 'NONE' END"""

STAGE: Final = """
    CASE WHEN status = 'AWAITING_APPROVAL' THEN 'CONFIRM'
        WHEN status NOT IN ('CONFIRMED', 'ON_HOLD') THEN NULL
        WHEN fulfillment_status IN ('UNFULFILLED', 'BACKORDERED', 'RESERVED') THEN 'PREPARE'
        WHEN fulfillment_status IN ('PREPARING', 'PARTLY_SHIPPED') THEN 'SHIP'
        WHEN fulfillment_status IN ('SHIPPED', 'PARTLY_DELIVERED') THEN 'DELIVER' END"""

ORDERS: Final = f"customer_order JOIN ({UNITS}) units ON units.order_id = customer_order.id"

ORDER: Final = {
    "order.fulfillment": f"""
        SELECT number, fulfillment_status, {FULFILLMENT} FROM {ORDERS}
        WHERE fulfillment_status <> {FULFILLMENT}""",
    "order.returns": f"""
        SELECT number, return_status, {RETURNING} FROM {ORDERS}
        WHERE return_status <> {RETURNING}""",
    # It has lines, and knows how many.
    "order.lines": """
        SELECT number, line_count, COUNT(line.id)
        FROM customer_order LEFT JOIN order_line line ON line.order_id = customer_order.id
        GROUP BY number, line_count HAVING COUNT(line.id) = 0 OR line_count <> COUNT(line.id)""",
    "order.has_shipment": """
        SELECT customer_order.number, has_shipment, COUNT(shipment.id)
        FROM customer_order LEFT JOIN shipment
            ON shipment.order_id = customer_order.id AND shipment.status <> 'CANCELLED'
        GROUP BY customer_order.number, has_shipment
        HAVING has_shipment <> (COUNT(shipment.id) > 0)""",
    # It is cancelled when all of it is, and then holds and waits for nothing.
    "order.cancelled": f"""
        SELECT number, status, units.cancelled FROM {ORDERS}
        WHERE (status = 'CANCELLED') <> (units.cancelled = units.quantity)
            OR (status = 'CANCELLED' AND units.reserved + units.backordered > 0)""",
    # Of which nothing is to come and nothing is owed is complete by itself.
    "order.completed": """
        SELECT number, status, 'COMPLETED' FROM customer_order
        WHERE status = 'CONFIRMED' AND balance_minor <= 0 AND NOT EXISTS (
            SELECT 1 FROM order_line line WHERE line.order_id = customer_order.id
                AND line.quantity - line.cancelled <> line.delivered
                AND line.quantity - line.cancelled <> line.returned)""",
    # A draft was never placed, all others were; lists sort by what is there.
    "order.placed": """
        SELECT number, status, placed_at FROM customer_order
        WHERE (status = 'DRAFT' AND placed_at IS NOT NULL)
            OR (status NOT IN ('DRAFT', 'CANCELLED') AND placed_at IS NULL)
            OR sorted_at <> COALESCE(placed_at, created_at)""",
    # It waits for one thing while it is open, on hold as well.
    "order.stage": f"""
        SELECT number, stage, {STAGE} FROM customer_order
        WHERE COALESCE(stage, '') <> COALESCE({STAGE}, '')""",
    "order.sort_promised": _sorted_time("sort_promised", "promised_at"),
    "order.sort_due": _sorted_time("sort_due", "stage_due_at"),
}

CHECKS: Final = {**LINE, **SHIPMENT, **ORDER}

DUE: Final = """
    SELECT number, stage, stage_since, promised_at, stage_due_at
    FROM customer_order ORDER BY number"""
DAYS: Final = {"CONFIRM": 1, "PREPARE": 2, "SHIP": 2, "DELIVER": 7}
"""How long each stage may take where nothing else is set."""


async def deadlines(run: Run) -> AsyncIterator[Row]:
    """A stage is over by its own time and by the promise; delivery by the promise alone."""
    for number, stage, since, promised, stored in await run(DUE):
        due = None
        if stage:
            own, promise = _instant(since) + timedelta(days=DAYS[stage]), _instant(promised)
            due = min(own, promise or own) if stage != "DELIVER" else promise or own
        if _instant(stored) != due:
            yield "order.due", number, stored, due


def _instant(kept: Any) -> Any:
    """The instant, which databases give in UTC, as text or without a zone."""
    found = datetime.fromisoformat(kept) if isinstance(kept, str) else kept
    return found.replace(tzinfo=UTC) if found and found.tzinfo is None else found
