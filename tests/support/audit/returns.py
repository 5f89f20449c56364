"""What must be true of returns: what was announced, what came of it, and what is in stock again.

Each statement lists what is broken: where, what is stored, and what it should be.
"""

from typing import Final

from tests.support.audit.orders import LINES, PLACE

CAME: Final = """
    SELECT return_request_id, SUM(received) AS received,
        SUM(CASE WHEN received = quantity THEN 0 ELSE 1 END) AS lacking
    FROM return_line GROUP BY return_request_id"""

RETURNS: Final = {
    # Its status follows from what has come of it.
    "return.status": f"""
        SELECT number, status, COALESCE(came.received, 0)
        FROM return_request LEFT JOIN ({CAME}) came ON came.return_request_id = return_request.id
        WHERE (status = 'RECEIVED') <> (COALESCE(came.lacking, 0) = 0)
            OR (status = 'PARTLY_RECEIVED')
                <> (COALESCE(came.received, 0) > 0 AND came.lacking > 0)""",
    # What has come was decided upon, and nothing else.
    "return.disposition": """
        SELECT request.number, line.id, line.received, line.disposition
        FROM return_line line JOIN return_request request ON request.id = line.return_request_id
        WHERE (line.received = 0) <> (line.disposition IS NULL)""",
    # No more is in stock again than came back.
    "line.restocked": f"""
        SELECT {PLACE}, stocked.units, line.returned
        FROM {LINES} JOIN (
            SELECT order_line_id, SUM(quantity) AS units
            FROM stock_movement WHERE kind = 'RETURN' GROUP BY order_line_id
        ) stocked ON stocked.order_line_id = line.id
        WHERE stocked.units > line.returned""",
    # No more is back or awaited than has left.
    "line.announced": f"""
        SELECT {PLACE}, line.returned + COALESCE(awaited.units, 0), line.shipped
        FROM {LINES} LEFT JOIN (
            SELECT order_line_id, SUM(quantity - received) AS units
            FROM return_line JOIN return_request ON return_request.id = return_request_id
            WHERE status IN ('REQUESTED', 'PARTLY_RECEIVED') GROUP BY order_line_id
        ) awaited ON awaited.order_line_id = line.id
        WHERE line.returned + COALESCE(awaited.units, 0) > line.shipped""",
}
