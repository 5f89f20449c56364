"""Tortoise's PostgreSQL engine with transactions that survive the loss of a connection."""

from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import TransactionContext

from services.engines.pooled import SurvivingTransaction


class PostgresClient(AsyncpgDBClient):
    def _in_transaction(self) -> TransactionContext:
        return SurvivingTransaction(TransactionWrapper(self), self._pool_init_lock)


client_class = PostgresClient
