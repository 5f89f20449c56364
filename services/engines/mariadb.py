"""Tortoise's MariaDB engine with transactions that survive the loss of a connection."""

from collections.abc import Sequence
from typing import Any

from tortoise.backends.base.client import TransactionContext
from tortoise.backends.mysql.client import MySQLClient, TransactionWrapper, translate_exceptions

from services.engines.pooled import SurvivingTransaction


class MariadbClient(MySQLClient):
    def _in_transaction(self) -> TransactionContext:
        return SurvivingTransaction(TransactionWrapper(self), self._pool_init_lock)

    @translate_exceptions
    async def fetch_rows(self, query: str, values: Sequence[Any]) -> list[Any]:
        """The rows of a query, with their columns in order."""
        async with self.acquire_connection() as connection:
            self.log.debug("%s: %s", query, values)
            async with connection.cursor() as cursor:
                await cursor.execute(query, values)
                rows: list[Any] = await cursor.fetchall()
                return rows


client_class = MariadbClient
