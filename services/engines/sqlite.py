"""Tortoise's SQLite engine with transactions that take the write lock when they begin.

A deferred transaction that reads and then writes fails with "database is locked" as soon as
another process wrote in between; one that begins IMMEDIATE waits its turn instead.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any

from tortoise.backends.base.client import TransactionalDBClient, TransactionContext
from tortoise.backends.sqlite.client import (
    SqliteClient,
    SqliteTransactionContext,
    SqliteTransactionWrapper,
    translate_exceptions,
)
from tortoise.connection import get_connections
from tortoise.exceptions import OperationalError


class ImmediateTransaction(SqliteTransactionWrapper):
    async def begin(self) -> None:
        try:
            await self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise OperationalError(error) from error


class ImmediateTransactionContext(SqliteTransactionContext):
    """Unlike its parent it gives the connection back when the beginning itself fails."""

    async def __aenter__(self) -> TransactionalDBClient:
        await self._trxlock.acquire()
        try:
            await self.ensure_connection()
            await self.connection.begin()
        except BaseException:
            self._trxlock.release()
            raise
        self.token = get_connections().set(self.connection_name, self.connection)
        client: TransactionalDBClient = self.connection
        return client


class ImmediateSqliteClient(SqliteClient):
    def _in_transaction(self) -> TransactionContext:
        return ImmediateTransactionContext(ImmediateTransaction(self), self._lock)

    @translate_exceptions
    async def fetch_rows(self, query: str, values: Sequence[Any]) -> list[Any]:
        """The rows of a query, with their columns in order."""
        async with self.acquire_connection() as connection:
            self.log.debug("%s: %s", query, values)
            return list(await connection.execute_fetchall(query, values))


client_class = ImmediateSqliteClient
