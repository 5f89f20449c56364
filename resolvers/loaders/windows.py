"""Statements that rank rows within their parent, which Tortoise cannot write by itself."""

from typing import Any

from tortoise.models import Model

from services.database import connection


async def wrapped(inner: Any, outer: str) -> list[dict[str, Any]]:
    """The rows of a statement that has a query of Tortoise's inside, in place of its braces."""
    inner.sql()
    sql, values = inner.query.get_parameterized_sql()
    return await connection().execute_query_dict(outer.format(sql), values)


def window(table: type[Model], by: str, order: tuple[str, ...]) -> str:
    """The SQL that ranks rows within their parent. Names come from our own declarations only."""
    name = table._meta.db_table
    terms = ", ".join(
        f"{name}.{column.lstrip('-')} {'DESC' if column.startswith('-') else 'ASC'}"
        for column in order
    )
    return f"ROW_NUMBER() OVER (PARTITION BY {name}.{by} ORDER BY {terms})"
