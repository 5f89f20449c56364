"""Rows to write, collected until there are enough for a batch."""

from collections import Counter
from typing import Final

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.models import Model

from models.events import Event
from models.tables import TABLES
from services.storage import rows as storage
from services.work import feed

BATCH: Final = 20_000
"""Rows in a batch: about 500 orders with all their rows."""


class Rows:
    """Collects rows by table and writes them, referenced tables first."""

    def __init__(self) -> None:
        self._waiting: dict[type[Model], list[Model]] = {table: [] for table in TABLES}
        self._count = 0
        self.written: Counter[type[Model]] = Counter()

    @property
    def enough(self) -> bool:
        """Whether there are enough rows for a batch."""
        return self._count >= BATCH

    def add(self, *rows: Model) -> None:
        """Adds rows; they are written with their values of that later time."""
        for row in rows:
            self._waiting[type(row)].append(row)
        self._count += len(rows)

    async def write(self, connection: BaseDBAsyncClient) -> None:
        """Inserts all waiting rows, events at the next places of the feed."""
        events = self._waiting[Event]
        last = await feed.advance(connection, len(events))
        for position, event in enumerate(events, start=last - len(events) + 1):
            vars(event)["position"] = position
        for waiting in self._waiting.values():
            await storage.insert(connection, waiting)

    def clear(self) -> None:
        """Drops the written rows, after the commit."""
        for table, waiting in self._waiting.items():
            self.written[table] += len(waiting)
            waiting.clear()
        self._count = 0
