"""Tortoise's MariaDB engine with transactions that survive the loss of a connection."""

from tortoise.backends.base.client import TransactionContext
from tortoise.backends.mysql.client import MySQLClient, TransactionWrapper

from services.engines.pooled import SurvivingTransaction


class MariadbClient(MySQLClient):
    def _in_transaction(self) -> TransactionContext:
        return SurvivingTransaction(TransactionWrapper(self), self._pool_init_lock)


client_class = MariadbClient
