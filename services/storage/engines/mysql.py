"""Tortoise's engine for MySQL and MariaDB on our pool."""

from collections.abc import Sequence
from typing import Any, cast

import asyncmy
from tortoise.backends.base.client import TransactionContext
from tortoise.backends.mysql.client import MySQLClient, TransactionWrapper, translate_exceptions

from services.storage.engines.pool import Driver, Pool
from services.storage.engines.pooled import Lent, PooledTransaction


class MysqlDriver(Driver):
    """Connections of asyncmy, which closes a connection whose statement is cancelled."""

    def __init__(self, **reached: Any) -> None:
        self._reached = reached

    async def open(self) -> asyncmy.Connection:
        connection: asyncmy.Connection = await asyncmy.connect(**self._reached)
        return connection

    def is_open(self, connection: asyncmy.Connection) -> bool:
        # asyncmy calls a connection connected until it is used; its own pool reads this flag, too.
        return connection.connected and not cast("Any", connection)._stream_broken

    def drop(self, connection: asyncmy.Connection) -> None:
        connection.close()

    async def stop(self, connection: asyncmy.Connection) -> None:
        """Ends the statement that the server still runs for a client that has left."""
        if not connection.connected:
            other: Any = await self.open()
            try:
                await other.query(f"KILL QUERY {connection.thread_id()}")
            finally:
                other.close()

    async def settle(self, connection: asyncmy.Connection) -> None:
        await connection.rollback()

    async def close(self, connection: asyncmy.Connection) -> None:
        await connection.ensure_closed()


class Rows(MySQLClient):
    @translate_exceptions
    async def fetch_rows(self, query: str, values: Sequence[Any]) -> list[Any]:
        """The rows of a query, with their columns in order."""
        async with self.acquire_connection() as connection:
            self.log.debug("%s: %s", query, values)
            async with connection.cursor() as cursor:
                await cursor.execute(query, values)
                rows: list[Any] = await cursor.fetchall()
                return rows


class MysqlTransaction(TransactionWrapper, Rows):
    """A transaction that also gives plain rows."""


class MysqlClient(Rows):
    """`wait_seconds` is the longest wait of a statement or a transaction for a connection."""

    def __init__(self, wait_seconds: float, **reached: Any) -> None:
        super().__init__(**reached)
        driver = MysqlDriver(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            db=self.database,
            charset=self.charset,
            autocommit=True,
            connect_timeout=wait_seconds,
            **self.extra,
        )
        self.pool = Pool(driver, self.pool_maxsize, wait_seconds)

    async def _close(self) -> None:
        await self.pool.close()

    def acquire_connection(self) -> Any:
        """A connection for a block."""
        return Lent(self.pool)

    def _in_transaction(self) -> TransactionContext:
        return PooledTransaction(MysqlTransaction(self), self.pool)


client_class = MysqlClient
