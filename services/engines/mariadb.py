"""Tortoise's MariaDB engine with transactions that survive the loss of a connection."""

from collections.abc import Sequence
from typing import Any

from tortoise.backends.base.client import TransactionContext
from tortoise.backends.mysql.client import MySQLClient, TransactionWrapper, translate_exceptions

from services.engines.pooled import SurvivingTransaction


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


class MariadbTransaction(TransactionWrapper, Rows):
    """A transaction that gives plain rows as well."""


class MariadbClient(Rows):
    def _in_transaction(self) -> TransactionContext:
        return SurvivingTransaction(MariadbTransaction(self), self._pool_init_lock)


client_class = MariadbClient
