"""Statements and transactions on a pool; each returns its place in any case."""

from functools import partial
from types import TracebackType
from typing import Any

from tortoise.backends.base.client import TransactionalDBClient, TransactionContext
from tortoise.connection import get_connections
from tortoise.exceptions import TransactionManagementError

from services.storage.engines.pool import Pool


class Lent:
    """A connection for a block of statements outside transactions."""

    __slots__ = ("connection", "pool")

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    async def __aenter__(self) -> Any:
        self.connection = await self.pool.acquire()
        return self.connection

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            self.pool.release(self.connection)
        else:
            self.pool.mend(self.connection, partial(self.pool.driver.settle, self.connection))


class PooledTransaction(TransactionContext):
    """A transaction on a connection of its own, which returns to the pool in any case."""

    def __init__(self, client: TransactionalDBClient, pool: Pool) -> None:
        self.client = client
        self.pool = pool
        self.connection_name = client.connection_name

    async def __aenter__(self) -> TransactionalDBClient:
        connection = self.client._connection = await self.pool.acquire()
        try:
            await self.client.begin()
        except BaseException:
            self.pool.mend(connection, self.client.rollback)
            raise
        self.token = get_connections().set(self.connection_name, self.client)
        return self.client

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        get_connections().reset(self.token)
        ended = False
        try:
            await self._end(kind)
            ended = True
        finally:
            connection = self.client._connection
            if ended and self.client._finalized:
                self.pool.release(connection)
            else:
                self.pool.mend(connection, self.client.rollback)

    async def _end(self, kind: type[BaseException] | None) -> None:
        """Commits or rolls back. After a cancellation the pool rolls back, without the task."""
        if self.client._finalized or kind is TransactionManagementError:
            return
        if kind is None:
            await self.client.commit()
        elif issubclass(kind, Exception):
            await self._roll_back()

    async def _roll_back(self) -> None:
        """Rolls back; for a lost connection the server does so."""
        try:
            await self.client.rollback()
        except Exception:  # noqa: BLE001 - the first error is the one to raise
            return
