"""Rows on their way to the database: kept until there are enough of them to be worth a trip."""

from collections import Counter
from typing import Final

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.models import Model

from models.events import Event
from models.tables import TABLES
from services.storage import rows as storage
from services.work import feed

BATCH: Final = 20_000
"""So many rows are written together: about 500 orders with all that belongs to them."""


class Rows:
    """Collects rows by table and writes them, tables that others refer to first."""

    def __init__(self) -> None:
        self._waiting: dict[type[Model], list[Model]] = {table: [] for table in TABLES}
        self._count = 0
        self.written: Counter[type[Model]] = Counter()

    @property
    def enough(self) -> bool:
        """Whether it is time to write."""
        return self._count >= BATCH

    def add(self, *rows: Model) -> None:
        """Keep rows, as they are when they are written."""
        for row in rows:
            self._waiting[type(row)].append(row)
        self._count += len(rows)

    async def write(self, connection: BaseDBAsyncClient) -> None:
        """Insert all that waits, events at the next places of the feed."""
        events = self._waiting[Event]
        last = await feed.advance(connection, len(events))
        for position, event in enumerate(events, start=last - len(events) + 1):
            vars(event)["position"] = position
        for waiting in self._waiting.values():
            await storage.insert(connection, waiting)

    def clear(self) -> None:
        """Forget what has been written, now that it is committed."""
        for table, waiting in self._waiting.items():
            self.written[table] += len(waiting)
            waiting.clear()
        self._count = 0
