"""What must be true of what is told: every change once, in order, about what exists.

Statements list what is broken: where, what is stored, and what it should be.
"""

import json
from collections.abc import AsyncIterator
from typing import Final

from tests.support.audit.plain import Row, Run
from tests.support.audit.stock import one_of

SUBJECTS: Final = {
    "CUSTOMER": "customer",
    "ORDER": "customer_order",
    "PRODUCT": "product",
    "RETURN": "return_request",
    "SHIPMENT": "shipment",
    "STOCK_ITEM": "stock_item",
}
UNTOLD: Final = ("PRODUCT",)
"""What changes without an event."""
BEGIN_EMPTY: Final = ("STOCK_ITEM",)
"""What may be there, in its first version, before anything happens to it."""

ROWS: Final = " UNION ALL ".join(
    f"SELECT '{kind}' AS kind, id, version, event_seq FROM {table}"
    for kind, table in SUBJECTS.items()
)
TOLD: Final = """
    SELECT subject_id, COUNT(*) AS events, MIN(subject_seq) AS least, MAX(subject_seq) AS most,
        COUNT(DISTINCT subject_version) AS versions, MIN(subject_version) AS first_version,
        MAX(subject_version) AS last_version
    FROM event GROUP BY subject_id"""

EVENTS: Final = {
    # A subject's events are numbered 1, 2, 3 ..., and its row knows how many there are.
    "event.sequence": f"""
        SELECT subject.kind, subject.id, subject.event_seq, COALESCE(told.events, 0)
        FROM ({ROWS}) subject LEFT JOIN ({TOLD}) told ON told.subject_id = subject.id
        WHERE subject.event_seq <> COALESCE(told.events, 0)
            OR told.least <> 1 OR told.most <> told.events""",
    # Every version of it was told, from the first to the one that is.
    "event.version": f"""
        SELECT subject.kind, subject.id, told.versions, subject.version
        FROM ({ROWS}) subject LEFT JOIN ({TOLD}) told ON told.subject_id = subject.id
        WHERE subject.kind NOT IN {one_of(UNTOLD)} AND (
            COALESCE(told.last_version, 1) <> subject.version
            OR COALESCE(told.versions, 0) <> subject.version - COALESCE(told.first_version, 1) + 1
            OR told.first_version > CASE WHEN subject.kind IN {one_of(BEGIN_EMPTY)}
                THEN 2 ELSE 1 END)""",
    # Later events tell of later versions.
    "event.order": """
        SELECT subject_kind, subject_id, subject_seq, subject_version, earlier
        FROM (
            SELECT subject_kind, subject_id, subject_seq, subject_version,
                LAG(subject_version) OVER (PARTITION BY subject_id ORDER BY subject_seq) AS earlier
            FROM event
        ) told
        WHERE subject_version < earlier""",
    "event.subject": f"""
        SELECT event.subject_kind, event.subject_id, event.subject_seq, subject.kind
        FROM event LEFT JOIN ({ROWS}) subject ON subject.id = event.subject_id
        WHERE subject.id IS NULL OR subject.kind <> event.subject_kind""",
    # It is on the timeline of its own order, and of that order's customer; of a draft's earlier
    # customers only what was before the last of its events, and before it was placed.
    "event.timeline": """
        SELECT event.subject_kind, event.subject_id, event.subject_seq,
            event.order_id, customer_order.id
        FROM event LEFT JOIN shipment
            ON event.subject_kind = 'SHIPMENT' AND shipment.id = event.subject_id
        LEFT JOIN customer_order
            ON (event.subject_kind = 'ORDER' AND customer_order.id = event.subject_id)
            OR customer_order.id = shipment.order_id
        WHERE event.subject_kind IN ('ORDER', 'SHIPMENT') AND (
            COALESCE(event.order_id <> customer_order.id, TRUE)
            OR COALESCE(event.customer_id <> customer_order.customer_id, TRUE)
                AND (event.at >= customer_order.placed_at
                    OR event.subject_seq >= customer_order.event_seq
                    OR event.subject_kind <> 'ORDER' OR event.customer_id IS NULL))""",
    # Money that came or went is told.
    "event.payments": """
        SELECT number, COALESCE(told.events, 0), COALESCE(paid.payments, 0)
        FROM customer_order LEFT JOIN (
            SELECT order_id, COUNT(*) AS events
            FROM event WHERE kind = 'PAYMENT_RECORDED' GROUP BY order_id
        ) told ON told.order_id = customer_order.id
        LEFT JOIN (
            SELECT order_id, COUNT(*) AS payments FROM payment GROUP BY order_id
        ) paid ON paid.order_id = customer_order.id
        WHERE COALESCE(told.events, 0) <> COALESCE(paid.payments, 0)""",
    # Positions are 1, 2, 3 ..., up to the one that the feed says.
    "feed.gapless": """
        SELECT 'feed', told.numbered, last_position
        FROM feed CROSS JOIN (
            SELECT COUNT(position) AS numbered, COALESCE(MIN(position), 1) AS least,
                COALESCE(MAX(position), 0) AS most
            FROM event
        ) told
        WHERE told.numbered <> last_position OR told.most <> last_position OR told.least <> 1""",
    # No event of a subject overtakes an earlier one of it.
    "feed.order": """
        SELECT subject_kind, subject_id, subject_seq, position, earlier
        FROM (
            SELECT subject_kind, subject_id, subject_seq, position,
                LAG(position) OVER (PARTITION BY subject_id ORDER BY subject_seq) AS earlier
            FROM event
        ) told
        WHERE position IS NOT NULL AND subject_seq > 1
            AND (earlier IS NULL OR position <= earlier)""",
}

NUMBERED_AT_ONCE: Final = {
    "feed.at_once": """
        SELECT subject_kind, subject_id, subject_seq, position, 'a position'
        FROM event WHERE position IS NULL""",
}
"""Holds on SQLite, where the transaction itself gives each event its position."""

TABLES: Final = {
    "Category": "category",
    "Customer": "customer",
    "CustomerGroup": "customer_group",
    "Order": "customer_order",
    "Product": "product",
    "StockItem": "stock_item",
    "Supplier": "supplier",
    "Warehouse": "warehouse",
}
"""Where the objects are that mutations answer with."""


async def keys(run: Run) -> AsyncIterator[Row]:
    """What was done under a key is there."""
    known: dict[str, set[str]] = {}
    for key, told in await run("SELECT principal, outcome FROM idempotency"):
        outcome = json.loads(told) if isinstance(told, str) else told
        table = TABLES.get(outcome.get("table"))
        if table is None:
            yield "key.outcome", key, outcome, "a table and ids"
            continue
        if table not in known:
            known[table] = {
                str(row[0]).replace("-", "") for row in await run(f"SELECT id FROM {table}")
            }
        lost = set(outcome["ids"]) - known[table]
        if lost or not outcome["ids"]:
            yield "key.outcome", key, sorted(lost), "objects that exist"


BEGINS: Final = ("DRAFT", "AWAITING_APPROVAL", "CONFIRMED")
LEADS: Final = {
    "DRAFT": ("AWAITING_APPROVAL", "CONFIRMED", "CANCELLED"),
    "AWAITING_APPROVAL": ("CONFIRMED", "CANCELLED"),
    "CONFIRMED": ("ON_HOLD", "COMPLETED", "CANCELLED"),
    # What has arrived and is paid on hold completes as soon as it is released.
    "ON_HOLD": ("CONFIRMED", "COMPLETED", "CANCELLED"),
    "COMPLETED": (),
    "CANCELLED": (),
}
ORDERS: Final = """
    SELECT number, subject_seq, after
    FROM event JOIN customer_order ON customer_order.id = event.subject_id
    WHERE subject_kind = 'ORDER' ORDER BY subject_id, subject_seq"""


async def steps(run: Run) -> AsyncIterator[Row]:
    """Each order went from status to status as it may.

    It was complete with all there and paid, or with all back.
    """
    known: dict[str, dict[str, str]] = {}
    for number, sequence, told in await run(ORDERS):
        facts = known.setdefault(number, {})
        earlier = facts.get("status")
        # Some events tell only what changed.
        facts |= json.loads(told) if isinstance(told, str) else told
        status = facts["status"]
        possible = BEGINS if earlier is None else (earlier, *LEADS[earlier])
        paid = facts["payment"] in ("PAID", "OVERPAID")
        done = facts["fulfillment"] == "DELIVERED" and paid
        back = facts.get("return") == "RETURNED" and (paid or facts["payment"] == "REFUNDED")
        if status not in possible or (status == "COMPLETED" != earlier and not (done or back)):
            yield "order.step", number, sequence, status, earlier
