"""What must be true of lots and serial numbers: where units lie, and which shipments have them.

Each statement lists what is broken: where, what is stored, and what it should be.
"""

from typing import Final

from tests.support.audit.orders import LEFT
from tests.support.audit.stock import ADDS_TO, ITEMS, one_of

LYING: Final = """
    SELECT stock_item_id, SUM(quantity) AS units, SUM(damaged) AS damaged
    FROM unit_stock GROUP BY stock_item_id"""
CODED: Final = "CASE WHEN product.tracking = 'NONE' THEN 0 ELSE item.on_hand END"
MOVED: Final = f"CASE WHEN kind IN {one_of(ADDS_TO['on_hand'])} THEN quantity ELSE 0 END"
PACKED: Final = f"""
    shipment_unit part JOIN shipment_line content ON content.id = part.shipment_line_id
    JOIN shipment ON shipment.id = content.shipment_id
        AND shipment.status NOT IN {one_of(LEFT)}"""

UNITS: Final = {
    # The units in a stock item come to what is on hand, of a product that has them.
    "unit.on_hand": f"""
        SELECT product.sku, warehouse.code, COALESCE(lying.units, 0), {CODED}
        FROM {ITEMS} LEFT JOIN ({LYING}) lying ON lying.stock_item_id = item.id
        WHERE COALESCE(lying.units, 0) <> {CODED}""",
    "unit.damaged": f"""
        SELECT product.sku, warehouse.code, lying.damaged, item.damaged
        FROM {ITEMS} JOIN ({LYING}) lying ON lying.stock_item_id = item.id
        WHERE lying.damaged > item.damaged""",
    # A serial number is one unit.
    "unit.serial": """
        SELECT product.sku, unit.code, lying.quantity, 1
        FROM unit_stock lying JOIN tracked_unit unit ON unit.id = lying.unit_id
        JOIN product ON product.id = unit.product_id
        WHERE product.tracking = 'SERIAL' AND lying.quantity <> 1""",
    # A unit's steps are numbered 1, 2, 3 ..., and it knows how many there are.
    "unit.sequence": """
        SELECT unit.code, unit.movement_seq, COALESCE(ledger.steps, 0)
        FROM tracked_unit unit LEFT JOIN (
            SELECT unit_id, COUNT(*) AS steps, MIN(sequence) AS least, MAX(sequence) AS most
            FROM unit_movement GROUP BY unit_id
        ) ledger ON ledger.unit_id = unit.id
        WHERE unit.movement_seq <> COALESCE(ledger.steps, 0)
            OR ledger.least <> 1 OR ledger.most <> ledger.steps""",
    # Units lie where their steps have left them, and nowhere else.
    "unit.lying": f"""
        SELECT unit.code, placed.stock_item_id, SUM(placed.lies), SUM(placed.moved)
        FROM (
            SELECT unit_id, stock_item_id, quantity AS lies, 0 AS moved, 1 AS places
            FROM unit_stock
            UNION ALL
            SELECT unit_id, stock_item_id, 0, {MOVED}, 0 FROM unit_movement
        ) placed JOIN tracked_unit unit ON unit.id = placed.unit_id
        GROUP BY unit.id, unit.code, placed.stock_item_id
        HAVING SUM(placed.lies) <> SUM(placed.moved)
            OR (SUM(placed.places) > 0 AND SUM(placed.lies) = 0)""",
    # What is assigned lies in shipments that have not left.
    "unit.assigned": f"""
        SELECT unit.code, held.warehouse_id, SUM(held.assigned), SUM(held.packed)
        FROM (
            SELECT lying.unit_id, item.warehouse_id, lying.assigned, 0 AS packed
            FROM unit_stock lying JOIN stock_item item ON item.id = lying.stock_item_id
            UNION ALL
            SELECT part.unit_id, shipment.warehouse_id, 0, part.quantity FROM {PACKED}
        ) held JOIN tracked_unit unit ON unit.id = held.unit_id
        GROUP BY unit.id, unit.code, held.warehouse_id
        HAVING SUM(held.assigned) <> SUM(held.packed)""",
    # A line of a shipment that has units has all of them.
    "shipment.units": """
        SELECT shipment.number, content.id, SUM(part.quantity), content.quantity
        FROM shipment_unit part JOIN shipment_line content ON content.id = part.shipment_line_id
        JOIN shipment ON shipment.id = content.shipment_id
        GROUP BY shipment.number, content.id, content.quantity
        HAVING SUM(part.quantity) <> content.quantity""",
}
