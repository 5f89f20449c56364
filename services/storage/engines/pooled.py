"""Statements and transactions on a pool of connections, none of which keeps its place for good."""

from functools import partial
from types import TracebackType
from typing import Any

from tortoise.backends.base.client import TransactionalDBClient, TransactionContext
from tortoise.connection import get_connections
from tortoise.exceptions import TransactionManagementError

from services.storage.engines.pool import Pool


class Lent:
    """A connection for the time of a block of statements outside of transactions."""

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
    """A transaction on a connection of its own, which goes back to the pool in every case."""

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
        """Commit or roll back. What was cancelled is rolled back later: its task goes at once."""
        if self.client._finalized or kind is TransactionManagementError:
            return
        if kind is None:
            await self.client.commit()
        elif issubclass(kind, Exception):
            await self._roll_back()

    async def _roll_back(self) -> None:
        """Roll back; where the connection is lost, the server does so by itself."""
        try:
            await self.client.rollback()
        except Exception:  # noqa: BLE001 - the first error is the one to raise
            return
