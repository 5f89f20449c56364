"""Whether an order that was placed by hand leaves the rows that the product leaves."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from benchmarks.queries import differences

ROWS: Final = {
    "customer_order": "customer_order WHERE id = $1",
    "order_line": "order_line WHERE order_id = $1",
    "reservation": (
        "reservation WHERE order_line_id IN (SELECT id FROM order_line WHERE order_id = $1)"
    ),
    "stock_movement": "stock_movement WHERE order_id = $1",
    "search_token": "search_token WHERE subject_id = $1 ORDER BY field, token",
    "event": "event WHERE order_id = $1 ORDER BY subject_seq",
    "stock_item": (
        "stock_item WHERE id IN (SELECT stock_item_id FROM stock_movement WHERE order_id = $1)"
    ),
    "event of stock": (
        "event WHERE subject_id IN (SELECT stock_item_id FROM stock_movement WHERE order_id = $1) "
        "ORDER BY subject_seq DESC LIMIT 1"
    ),
    "customer": "customer WHERE id IN (SELECT customer_id FROM customer_order WHERE id = $1)",
}
"""What the latest order of a customer and of its one product has left, table by table."""

TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\S+")
INSTANTS: Final = frozenset({"sort_promised", "sort_due"})
"""Columns of numbers that are instants."""
KNOWN: Final = """
SELECT id FROM customer UNION ALL SELECT id FROM product UNION ALL SELECT id FROM warehouse
UNION ALL SELECT id FROM stock_item"""


async def left_by(connection: Any, order_id: UUID) -> dict[str, Any]:
    """The rows of an order, which must be the latest one of its customer and its product.

    What no two orders have in common has a name instead: ids, times, the number's count.
    """
    number = await connection.fetchval("SELECT number FROM customer_order WHERE id = $1", order_id)
    line_id = await connection.fetchval("SELECT id FROM order_line WHERE order_id = $1", order_id)
    names = {row["id"]: str(row["id"]) for row in await connection.fetch(KNOWN)}
    names |= {order_id: "the order", line_id: "the line"}
    count = number.rpartition("-")[2]
    return {
        table: [
            {
                column: "a time" if column in INSTANTS else _named(value, names, count)
                for column, value in row.items()
            }
            for row in await connection.fetch(f"SELECT * FROM {place}", order_id)
        ]
        for table, place in ROWS.items()
    }


def _named(value: Any, names: Mapping[UUID, str], count: str) -> Any:
    match value:
        case dict():
            return {key: _named(each, names, count) for key, each in value.items()}
        case list():
            return [_named(each, names, count) for each in value]
        case str() if value[:1] in ("{", "["):
            return _named(orjson.loads(value), names, count)
    if isinstance(value, UUID):
        return names.get(value, "an id")
    if isinstance(value, str):
        plain = TIME.sub("a time", value).replace(count, "the count")
        return plain.replace(count[::-1], "the count backwards")
    return "a time" if isinstance(value, datetime) else value


def unlike(first: Any, second: Any, third: Any) -> Iterator[str]:
    """Where a third order's rows do not follow on the second's as those followed on the first's."""
    yield from differences(_next(first, second), third, "rows")


def _next(first: Any, second: Any) -> Any:
    """What would come after two: counters go on by as much, all else stays."""
    match second:
        case bool():
            return second
        case int() if isinstance(first, int):
            return second + second - first
        case dict():
            return {key: _next(first[key], each) for key, each in second.items()}
        case list():
            return [_next(*pair) for pair in zip(first, second, strict=True)]
    return second
