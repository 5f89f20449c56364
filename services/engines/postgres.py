"""Tortoise's PostgreSQL engine with transactions that survive the loss of a connection."""

from collections.abc import Sequence
from typing import Any

from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import TransactionContext

from services.engines.pooled import SurvivingTransaction


class PostgresClient(AsyncpgDBClient):
    """Reads that need no transaction keep some of the pool's connections at hand.

    Taking a connection from the pool and giving it back costs as much as a small statement. At
    least half of the pool stays for transactions.
    """

    async def create_connection(self, with_db: bool) -> None:
        self._kept: list[Any] = []
        self._most_kept = self.pool_maxsize // 2
        await super().create_connection(with_db)

    async def _close(self) -> None:
        if pool := self._pool:
            self._most_kept = 0  # what still reads gives its connection to the pool, which waits
            while self._kept:
                await pool.release(self._kept.pop())
        await super()._close()

    def _in_transaction(self) -> TransactionContext:
        return SurvivingTransaction(TransactionWrapper(self), self._pool_init_lock)

    async def fetch_rows(self, query: str, values: Sequence[Any]) -> list[Any]:
        """The rows of a query, with their columns in order."""
        connection = await self._taken()
        pool: Any = self._pool
        try:
            self.log.debug("%s: %s", query, values)
            rows: list[Any] = await connection.fetch(query, *values)
        except BaseException:
            # The pool knows what to do with one that is broken, or that still runs what we gave up.
            await pool.release(connection)
            raise
        if len(self._kept) < self._most_kept:
            self._kept.append(connection)
        else:
            await pool.release(connection)
        return rows

    async def _taken(self) -> Any:
        """A connection that is open, as far as anybody knows."""
        while self._pool and self._kept:
            connection = self._kept.pop()
            if not connection.is_closed():
                return connection
            await self._pool.release(connection)
        if not self._pool:
            await self.acquire_connection().ensure_connection()
        pool: Any = self._pool
        return await pool.acquire()


client_class = PostgresClient
