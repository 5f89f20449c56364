"""A transaction under way: its actor, instant and connection, and the rows that it will write."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.models import Model
from tortoise.queryset import QuerySet

from models.events import Event
from models.inventory import StockMovement
from models.rules.access import Actor
from services.storage.rows import insert as insert_rows
from services.storage.statements import Query
from services.work.policy import Policy
from services.work.visibility import Read, Row, only_seen, visible


class Contended(Exception):
    """Another transaction took what this one had seen; running it again will tell."""


@dataclass(slots=True)
class Work:
    """A transaction under way: its actor, its instant, its connection, and the company's policy.

    `now` is one instant for the whole transaction. Events, and `movements` of the ledger, are
    collected and written just before the commit, and with them everything is there or nothing.
    `freed` are products of which more can be promised than before: before the commit, lines that
    wait for them are served. `relieved` are customers who owe less or may owe more than before:
    what waits for approval and no longer needs it is confirmed. `touched` are the orders that were
    changed so.
    """

    actor: Actor
    now: datetime
    connection: BaseDBAsyncClient
    policy: Policy
    events: list[Event] = field(default_factory=list)
    movements: list[StockMovement] = field(default_factory=list)
    freed: set[UUID] = field(default_factory=set)
    relieved: set[UUID] = field(default_factory=set)
    touched: set[UUID] = field(default_factory=set)

    @property
    def today(self) -> date:
        """The day of the business's own clocks."""
        return self.policy.local(self.now).date()

    @property
    def dialect(self) -> str:
        return self.connection.capabilities.dialect

    async def pause(self) -> None:
        """Let the loop serve others between two pieces of what is long to compute."""
        await asyncio.sleep(0)

    def rows(self, table: type[Row]) -> QuerySet[Row]:
        """The table's rows that the actor may see: the way in for every read of a use case.

        A read that has to find other rows too says so on its line, or on the line above it, by
        `# unscoped:` and the reason.
        """
        return visible(table, self.actor).using_db(self.connection)

    async def seen(
        self, query: Query[Read], table: type[Model], key: Callable[[Read], UUID], *values: Any
    ) -> list[Read]:
        """As `rows` for a written statement; `key` gives the id of a row's part of the table."""
        found = await query.rows(self.connection, *values)
        return await only_seen(table, self.actor, found, key, self.connection)

    async def insert(self, *groups: Sequence[Model]) -> None:
        """Insert rows, each group of one table, with as few statements as the database takes."""
        await insert_rows(self.connection, *groups)
