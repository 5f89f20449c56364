"""Transactions on a pool of connections that survive the loss of one.

Tortoise's own never give a connection back on which no transaction could begin, and where a broken
one cannot be given back they leave the task with it for good: after a restart of the database the
pool runs dry, and a task that lives long fails for ever.
"""

from contextlib import suppress
from types import TracebackType

from tortoise.backends.base.client import TransactionalDBClient, TransactionContextPooled
from tortoise.connection import get_connections
from tortoise.exceptions import TransactionManagementError


class SurvivingTransaction(TransactionContextPooled):
    async def __aenter__(self) -> TransactionalDBClient:
        await self.ensure_connection()
        lent = self.lent = self.client._parent.acquire_connection()
        self.client._connection = await lent.__aenter__()
        try:
            await self.client.begin()
        except BaseException as error:
            await lent.__aexit__(type(error), error, error.__traceback__)
            raise
        self.token = get_connections().set(self.connection_name, self.client)
        return self.client

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if self.client._finalized:
                return
            if kind is None:
                await self.client.commit()
            elif kind is not TransactionManagementError:
                # asyncmy closes a connection whose task is cancelled, which rolls back by itself;
                # what it says then must not take the place of the cancellation.
                with suppress(Exception):
                    await self.client.rollback()
        finally:
            get_connections().reset(self.token)
            if self.client._parent._pool:
                await self.lent.__aexit__(kind, error, traceback)
