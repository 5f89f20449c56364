"""A running transaction: its actor, instant and connection, and the rows that it will write."""

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
    """Another transaction took rows that this one had read; a second run decides anew."""


@dataclass(slots=True)
class Work:
    """A running transaction: its actor, its instant, its connection, and the company's policy.

    `now` is one instant for the whole transaction. Events, and `movements` of the ledger, are
    collected and written just before the commit. `freed` are products with more available units:
    their backorders are served before the commit. `relieved` are customers with more free credit:
    their orders that no longer need approval are confirmed. `touched` are the orders changed by
    this.
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
        """The present day in the business's time zone."""
        return self.policy.local(self.now).date()

    @property
    def dialect(self) -> str:
        return self.connection.capabilities.dialect

    async def pause(self) -> None:
        """Lets other tasks run between two pieces of a long computation."""
        await asyncio.sleep(0)

    def rows(self, table: type[Row]) -> QuerySet[Row]:
        """The table's rows that the actor may see, for each read of a use case.

        A read of other rows has its reason on its line, or on the line above it, as
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
        """Inserts rows, each group of one table, with as few statements as possible."""
        await insert_rows(self.connection, *groups)
