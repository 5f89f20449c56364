"""Tortoise's PostgreSQL engine with transactions that survive the loss of a connection."""

from collections.abc import Sequence
from typing import Any

from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import TransactionContext
from tortoise.backends.base_postgres.client import translate_exceptions

from services.engines.pooled import SurvivingTransaction


class PostgresClient(AsyncpgDBClient):
    def _in_transaction(self) -> TransactionContext:
        return SurvivingTransaction(TransactionWrapper(self), self._pool_init_lock)

    @translate_exceptions
    async def fetch_rows(self, query: str, values: Sequence[Any]) -> list[Any]:
        """The rows of a query, with their columns in order."""
        async with self.acquire_connection() as connection:
            self.log.debug("%s: %s", query, values)
            rows: list[Any] = await connection.fetch(query, *values)
            return rows


client_class = PostgresClient
