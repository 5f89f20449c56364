"""Rows by the thousand, written without the use cases: copies of one that these have made."""

from collections.abc import Sequence
from typing import Any, TypeVar

from tortoise.models import Model

Row = TypeVar("Row", bound=Model)


async def copies(row: Row, changes: Sequence[dict[str, Any]]) -> list[Row]:
    """A copy of the row for each of the changes, with an id of its own."""
    columns = row._meta.fields_db_projection.keys() - {"id"}
    kept = {column: getattr(row, column) for column in columns}
    made = [type(row)(**(kept | changed)) for changed in changes]
    await type(row).bulk_create(made, batch_size=500)
    return made
