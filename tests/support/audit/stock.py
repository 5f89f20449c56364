"""What must be true of stock: counters are sums of the ledger, and promises are kept.

Each statement lists what is broken: where, what is stored, and what it should be.
"""

import json
from collections.abc import AsyncIterator
from typing import Final

from tests.support.audit.plain import Row, Run

ADDS_TO: Final = {
    "on_hand": (
        *("RECEIPT", "RETURN", "ADJUST", "COUNT", "TRANSFER_IN", "TRANSFER_OUT"),
        *("SHIP", "SCRAP"),
    ),
    "reserved": ("RESERVE", "RELEASE", "SHIP"),
    "damaged": ("DAMAGE", "SCRAP"),
}
"""The kinds of movements whose signed quantity a counter is the sum of."""

GAINS: Final = ("RECEIPT", "RESERVE", "RETURN", "TRANSFER_IN")
LOSES: Final = ("RELEASE", "SHIP", "TRANSFER_OUT", "SCRAP")
CORRECTIONS: Final = ("ADJUST", "COUNT", "DAMAGE", "SCRAP")
FOR_LINES: Final = ("RESERVE", "RELEASE", "SHIP", "RETURN")


def one_of(kinds: tuple[str, ...]) -> str:
    """A list for IN."""
    return "(" + ", ".join(f"'{kind}'" for kind in kinds) + ")"


def _change(counter: str) -> str:
    return f"CASE WHEN kind IN {one_of(ADDS_TO[counter])} THEN quantity ELSE 0 END"


ITEMS: Final = (
    "stock_item item JOIN product ON product.id = item.product_id "
    "JOIN warehouse ON warehouse.id = item.warehouse_id"
)


def _is_sum_of_ledger(counter: str) -> str:
    return f"""
        SELECT product.sku, warehouse.code, item.{counter}, COALESCE(ledger.units, 0)
        FROM {ITEMS} LEFT JOIN (
            SELECT stock_item_id, SUM({_change(counter)}) AS units
            FROM stock_movement GROUP BY stock_item_id
        ) ledger ON ledger.stock_item_id = item.id
        WHERE item.{counter} <> COALESCE(ledger.units, 0)"""


def _follows(counter: str) -> str:
    """Every balance is the one before and the movement's own effect."""
    before = (
        f"COALESCE(LAG({counter}_after) OVER (PARTITION BY stock_item_id ORDER BY sequence), 0)"
    )
    return f"""
        SELECT product.sku, warehouse.code, moved.sequence, moved.kept, moved.due
        FROM {ITEMS} JOIN (
            SELECT stock_item_id, sequence, {counter}_after AS kept,
                {before} + {_change(counter)} AS due
            FROM stock_movement
        ) moved ON moved.stock_item_id = item.id
        WHERE moved.kept <> moved.due"""


STOCK: Final = {
    **{f"stock.{counter}": _is_sum_of_ledger(counter) for counter in ADDS_TO},
    **{f"stock.{counter}_after": _follows(counter) for counter in ADDS_TO},
    # Movements are numbered 1, 2, 3 ..., and the item knows how many there are.
    "stock.sequence": f"""
        SELECT product.sku, warehouse.code, item.movement_seq, COALESCE(ledger.movements, 0)
        FROM {ITEMS} LEFT JOIN (
            SELECT stock_item_id, COUNT(*) AS movements, MIN(sequence) AS least,
                MAX(sequence) AS most
            FROM stock_movement GROUP BY stock_item_id
        ) ledger ON ledger.stock_item_id = item.id
        WHERE item.movement_seq <> COALESCE(ledger.movements, 0)
            OR ledger.least <> 1 OR ledger.most <> ledger.movements""",
    # What lists are sorted and filtered by is what it is made of.
    "stock.available": f"""
        SELECT product.sku, warehouse.code, item.available,
            item.on_hand - item.reserved - item.damaged - item.safety_stock
        FROM {ITEMS}
        WHERE item.available
            <> item.on_hand - item.reserved - item.damaged - item.safety_stock""",
    "stock.is_low": f"""
        SELECT product.sku, warehouse.code, item.is_low, item.reorder_point
        FROM {ITEMS}
        WHERE item.is_low <> (item.reorder_point IS NOT NULL
            AND item.on_hand - item.reserved - item.damaged - item.safety_stock + item.incoming
                <= item.reorder_point)""",
    "stock.names": f"""
        SELECT product.sku, warehouse.code, item.sort_sku, item.sort_name
        FROM {ITEMS}
        WHERE item.sort_sku <> product.sku OR item.sort_name <> product.sort_name""",
    # What is reserved is what order lines hold.
    "stock.promised": f"""
        SELECT product.sku, warehouse.code, item.reserved, COALESCE(promise.units, 0)
        FROM {ITEMS} LEFT JOIN (
            SELECT stock_item_id, SUM(quantity) AS units FROM reservation GROUP BY stock_item_id
        ) promise ON promise.stock_item_id = item.id
        WHERE item.reserved <> COALESCE(promise.units, 0)""",
    # Nothing is promised that is not there whole.
    "stock.enough": f"""
        SELECT product.sku, warehouse.code, item.on_hand, item.reserved + item.damaged
        FROM {ITEMS}
        WHERE item.on_hand < item.reserved + item.damaged OR item.reserved < 0
            OR item.damaged < 0 OR item.safety_stock < 0 OR item.incoming < 0""",
    # Nor was it ever.
    "stock.enough_after": f"""
        SELECT product.sku, warehouse.code, moved.sequence, moved.on_hand_after,
            moved.reserved_after + moved.damaged_after
        FROM {ITEMS} JOIN stock_movement moved ON moved.stock_item_id = item.id
        WHERE moved.on_hand_after < moved.reserved_after + moved.damaged_after
            OR moved.reserved_after < 0 OR moved.damaged_after < 0""",
    # A kind of movement that only gives, or only takes, does so.
    "stock.direction": f"""
        SELECT product.sku, warehouse.code, moved.sequence, moved.kind, moved.quantity
        FROM {ITEMS} JOIN stock_movement moved ON moved.stock_item_id = item.id
        WHERE (moved.kind IN {one_of(GAINS)} AND moved.quantity <= 0)
            OR (moved.kind IN {one_of(LOSES)} AND moved.quantity >= 0)""",
    # A correction says why.
    "stock.reason": f"""
        SELECT product.sku, warehouse.code, moved.sequence, moved.reason, 'a reason'
        FROM {ITEMS} JOIN stock_movement moved ON moved.stock_item_id = item.id
        WHERE moved.kind IN {one_of(CORRECTIONS)} AND COALESCE(moved.reason, '') = ''""",
    # What is promised, released, shipped or returned is so for a line, of its product and order.
    "stock.for_line": f"""
        SELECT product.sku, warehouse.code, moved.sequence, moved.kind, line.sku
        FROM {ITEMS} JOIN stock_movement moved ON moved.stock_item_id = item.id
        LEFT JOIN order_line line ON line.id = moved.order_line_id
        WHERE (moved.kind IN {one_of(FOR_LINES)} AND moved.order_line_id IS NULL)
            OR line.product_id <> item.product_id OR line.order_id <> moved.order_id""",
    # A line that is gone, of a draft, has left nothing behind.
    "stock.gone_line": f"""
        SELECT order_line_id, SUM({_change("reserved")}), 0
        FROM stock_movement
        WHERE order_line_id IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM order_line WHERE order_line.id = stock_movement.order_line_id)
        GROUP BY order_line_id
        HAVING SUM({_change("reserved")}) <> 0
            OR SUM(CASE WHEN kind = 'SHIP' THEN 1 ELSE 0 END) <> 0""",
}

SERVED: Final = {
    # Nobody whose order was placed waits for what lies there free.
    "stock.served": """
        SELECT product.sku, SUM(line.backordered), 0
        FROM order_line line JOIN product ON product.id = line.product_id
        JOIN customer_order ON customer_order.id = line.order_id
        WHERE line.backordered > 0 AND customer_order.status <> 'DRAFT' AND EXISTS (
            SELECT 1 FROM stock_item item WHERE item.product_id = product.id
                AND item.on_hand - item.reserved - item.damaged - item.safety_stock > 0
        )
        GROUP BY product.sku""",
}
"""Holds where whatever comes into stock is given to those who wait."""

NAMED: Final = "SELECT order_id, data FROM event WHERE kind = 'RETURN_UPDATED'"
LEFT: Final = ("SHIPPED", "IN_TRANSIT", "OUT_FOR_DELIVERY", "DELIVERED", "EXCEPTION")
BACK: Final = f"""
    SELECT orders.number, line.position, warehouse.code, orders.id, warehouse.id, moved.units,
        COALESCE(sent.units, 0)
    FROM (
        SELECT order_line_id, warehouse_id, SUM(quantity) AS units
        FROM stock_movement JOIN stock_item ON stock_item.id = stock_item_id
        WHERE kind = 'RETURN' GROUP BY order_line_id, warehouse_id
    ) moved JOIN order_line line ON line.id = moved.order_line_id
    JOIN customer_order orders ON orders.id = line.order_id
    JOIN warehouse ON warehouse.id = moved.warehouse_id
    LEFT JOIN (
        SELECT order_line_id, warehouse_id, SUM(quantity) AS units
        FROM shipment_line JOIN shipment ON shipment.id = shipment_id
        WHERE status IN {one_of(LEFT)} GROUP BY order_line_id, warehouse_id
    ) sent ON sent.order_line_id = line.id AND sent.warehouse_id = warehouse.id
    WHERE moved.units > COALESCE(sent.units, 0) AND line.shipped = (
        SELECT SUM(quantity) FROM shipment_line JOIN shipment ON shipment.id = shipment_id
        WHERE order_line_id = line.id AND status IN {one_of(LEFT)})"""


async def homes(run: Run) -> AsyncIterator[Row]:
    """No warehouse got more units of a line back than it sent, unless a receipt has named it."""
    named = set()
    for order_id, told in await run(NAMED):
        data = json.loads(told) if isinstance(told, str) else told
        if "warehouseId" in data:
            named.add((_hex(order_id), data["warehouseId"]))
    for number, line, code, order_id, warehouse_id, back, sent in await run(BACK):
        if (_hex(order_id), _hex(warehouse_id)) not in named:
            yield "stock.home", number, line, code, int(back), int(sent)


def _hex(key: object) -> str:
    return str(key).replace("-", "")
