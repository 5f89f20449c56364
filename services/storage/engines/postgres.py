"""Tortoise's PostgreSQL engine on our pool."""

from collections.abc import Sequence
from typing import Any

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import TransactionContext
from tortoise.backends.base_postgres.client import translate_exceptions

from services.storage.engines.pool import Driver, Pool
from services.storage.engines.pooled import Lent, PooledTransaction


class PostgresDriver(Driver):
    """Connections of asyncpg, which cancels statements on the server itself."""

    def __init__(self, **reached: Any) -> None:
        self._reached = reached

    async def open(self) -> asyncpg.Connection:
        return await asyncpg.connect(**self._reached)

    def is_open(self, connection: asyncpg.Connection) -> bool:
        return not connection.is_closed()

    def drop(self, connection: asyncpg.Connection) -> None:
        connection.terminate()

    async def stop(self, connection: asyncpg.Connection) -> None:
        """Does nothing: asyncpg has sent the cancellation."""

    async def settle(self, connection: asyncpg.Connection) -> None:
        await connection.execute("SELECT 1")  # waits for the end of the cancelled statement
        if connection.is_in_transaction():
            raise RuntimeError("a transaction was left open")

    async def close(self, connection: asyncpg.Connection) -> None:
        await connection.close()


class PostgresTransaction(TransactionWrapper):
    @translate_exceptions
    async def fetch_rows(self, query: str, values: Sequence[Any]) -> list[Any]:
        """The rows of a statement, with their columns in order."""
        async with self.acquire_connection() as connection:
            self.log.debug("%s: %s", query, values)
            rows: list[Any] = await connection.fetch(query, *values)
            return rows


class PostgresClient(AsyncpgDBClient):
    """`wait_seconds` is the longest wait of a statement or a transaction for a connection."""

    def __init__(self, wait_seconds: float, **reached: Any) -> None:
        super().__init__(**reached)
        driver = PostgresDriver(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            database=self.database,
            timeout=wait_seconds,
            server_settings=self.server_settings,
            **self.extra,
        )
        self.pool = Pool(driver, self.pool_maxsize, wait_seconds)

    async def _close(self) -> None:
        await self.pool.close()

    def acquire_connection(self) -> Any:
        """A connection for a block."""
        return Lent(self.pool)

    def _in_transaction(self) -> TransactionContext:
        return PooledTransaction(PostgresTransaction(self), self.pool)

    async def fetch_rows(self, query: str, values: Sequence[Any]) -> list[Any]:
        """The rows of a query, with their columns in order."""
        async with Lent(self.pool) as connection:
            self.log.debug("%s: %s", query, values)
            rows: list[Any] = await connection.fetch(query, *values)
            return rows


client_class = PostgresClient
