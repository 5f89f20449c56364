"""The rows of a table, page by page."""

from collections.abc import AsyncIterator
from typing import Final, TypeVar
from uuid import UUID

from tortoise.models import Model
from tortoise.queryset import QuerySet

Row = TypeVar("Row", bound=Model)

PAGE: Final = 200
"""Rows that one statement compares, and that one transaction changes."""


async def pages(rows: QuerySet[Row], size: int = PAGE) -> AsyncIterator[list[Row]]:
    """The rows in the order of their ids, in pages that are read one by one."""
    last = UUID(int=0)
    while page := await rows.filter(id__gt=last).order_by("id").limit(size):
        yield page
        last = page[-1].pk
