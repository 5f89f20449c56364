"""Tortoise's PostgreSQL engine with a quick pool; its transactions survive a lost connection."""

import asyncio
from collections import deque
from collections.abc import Sequence
from time import monotonic
from types import TracebackType
from typing import Any, Final, cast

from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import TransactionContext
from tortoise.backends.base_postgres.client import translate_exceptions

from services.engines.pooled import SurvivingTransaction

IDLE_SECONDS: Final = 60.0
"""After this time without use nobody knows whether a connection still leads anywhere."""


class PostgresTransaction(TransactionWrapper):
    @translate_exceptions
    async def fetch_rows(self, query: str, values: Sequence[Any]) -> list[Any]:
        """The rows of a statement, with their columns in order."""
        async with self.acquire_connection() as connection:
            self.log.debug("%s: %s", query, values)
            rows: list[Any] = await connection.fetch(query, *values)
            return rows


class PostgresClient(AsyncpgDBClient):
    """Connections that were used last are kept at hand, and lent again before others.

    Taking a connection from asyncpg's pool and giving it back costs as much as a small statement.
    So what was taken from it stays with us as long as it works, `_taken` of them in all.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._at_hand: list[tuple[Any, float]] = []
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._taken = 0
        self._closing = False

    async def _close(self) -> None:
        if self._pool:
            self._closing = True  # what is still lent goes back to the pool, which waits for it
            while self._at_hand:
                await self._leave(self._at_hand.pop()[0])
        await super()._close()
        self._closing = False

    def acquire_connection(self) -> Any:
        """A connection for the time of a block."""
        return Lent(self)

    def _in_transaction(self) -> TransactionContext:
        return SurvivingTransaction(PostgresTransaction(self), self._pool_init_lock)

    async def fetch_rows(self, query: str, values: Sequence[Any]) -> list[Any]:
        """The rows of a query, with their columns in order."""
        async with Lent(self) as connection:
            self.log.debug("%s: %s", query, values)
            rows: list[Any] = await connection.fetch(query, *values)
            return rows

    async def take(self) -> Any:
        """A connection that is open, as far as anybody knows."""
        while True:
            if self._at_hand:
                connection, since = self._at_hand.pop()
                if monotonic() - since < IDLE_SECONDS and not connection.is_closed():
                    return connection
                connection.terminate()
                await self._leave(connection)
            elif not self._pool:
                await super().acquire_connection().ensure_connection()
            elif self._taken < self.pool_maxsize:
                return await self._from_pool()
            elif connection := await self._handed():
                return connection

    async def give_back(self, connection: Any, *, sound: bool) -> None:
        """Keep what was taken, or leave it to the pool, which knows what to do if it is broken."""
        if sound and not self._closing:
            self._hand_on(connection)
        else:
            await self._leave(connection)

    async def _from_pool(self) -> Any:
        self._taken += 1
        try:
            return await cast("Any", self._pool).acquire()
        except BaseException:
            self._taken -= 1
            self._hand_on(None)
            raise

    async def _leave(self, connection: Any) -> None:
        try:
            if self._pool:
                await self._pool.release(connection)
        finally:
            self._taken -= 1
            self._hand_on(None)

    async def _handed(self) -> Any | None:
        """What somebody gives back; None where they left it to the pool, which has one again."""
        handed: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append(handed)
        try:
            return await handed
        except asyncio.CancelledError:
            if handed.done() and not handed.cancelled():
                self._hand_on(handed.result())
            raise

    def _hand_on(self, connection: Any | None) -> None:
        """To whoever has waited longest; else it is at hand."""
        while self._waiting:
            handed = self._waiting.popleft()
            if not handed.done():
                handed.set_result(connection)
                return
        if connection is not None:
            self._at_hand.append((connection, monotonic()))


class Lent:
    """A connection for the time of a block. One in which something failed goes to the pool."""

    __slots__ = ("client", "connection")

    def __init__(self, client: PostgresClient) -> None:
        self.client = client

    async def __aenter__(self) -> Any:
        self.connection = await self.client.take()
        return self.connection

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.client.give_back(self.connection, sound=kind is None)

    async def ensure_connection(self) -> None:
        """Open the pool, if it is not."""
        await self.client.give_back(await self.client.take(), sound=True)


client_class = PostgresClient
