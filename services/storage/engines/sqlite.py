"""Tortoise's SQLite engine with reads that never wait for a transaction.

Reads outside transactions have connections of their own, `Readers`. All others use one connection,
the writer, and take SQLite's write lock when a transaction begins: a deferred transaction that
reads and then writes fails with "database is locked" if another process has written in between.
"""

import asyncio
import sqlite3
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final

import aiosqlite
from tortoise.backends.base.client import (
    NestedTransactionContext,
    TransactionalDBClient,
    TransactionContext,
)
from tortoise.backends.sqlite.client import (
    SqliteClient,
    SqliteTransactionContext,
    SqliteTransactionWrapper,
    translate_exceptions,
)
from tortoise.connection import get_connections
from tortoise.exceptions import OperationalError

from services.storage.engines.aftermath import Aftermath
from services.storage.engines.pool import in_time
from services.storage.engines.sqlite_readers import Readers, stopped

READS: Final = ("SELECT", "WITH")
"""The first words of reading statements; SQLite itself refuses others that begin so."""


class ImmediateTransaction(SqliteTransactionWrapper):
    _connection: aiosqlite.Connection

    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(ImmediateTransaction(self))

    async def begin(self) -> None:
        try:
            await self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise OperationalError(error) from error

    async def fetch_rows(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The rows of a statement that only reads, as this transaction sees them."""
        return [tuple(row) for row in (await self.execute_query(sql, list(values)))[1]]


class ImmediateTransactionContext(SqliteTransactionContext):
    """Unlike its parent it returns the connection if the beginning fails.

    The statement of a cancelled task is interrupted, and then rolled back.
    """

    async def __aenter__(self) -> TransactionalDBClient:
        await in_time(self.connection._parent.wait_seconds, self._trxlock.acquire())
        try:
            await self.ensure_connection()
            await self.connection.begin()
        except asyncio.CancelledError:
            self.connection._parent.aftermath.add(self._undo())
            raise
        except BaseException:
            self._trxlock.release()
            raise
        self.token = get_connections().set(self.connection_name, self.connection)
        client: TransactionalDBClient = self.connection
        return client

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if kind is asyncio.CancelledError:
                await stopped(self.connection._connection)
        finally:
            await super().__aexit__(kind, error, traceback)

    async def _undo(self) -> None:
        """Rolls back a beginning that may still run in its thread, before the next transaction."""
        try:
            if connection := self.connection._connection:
                await connection.rollback()
        finally:
            self._trxlock.release()


class ImmediateSqliteClient(SqliteClient):
    """At most `readers` connections read at the same time.

    `wait_seconds` is the longest wait of a statement for one of them, and of a transaction for the
    writer.
    """

    def __init__(self, file_path: str, readers: int, wait_seconds: float, **pragmas: Any) -> None:
        super().__init__(file_path, **pragmas)
        self.wait_seconds = wait_seconds
        self.aftermath = Aftermath()
        self._opening = asyncio.Lock()
        self._readers = Readers(file_path, pragmas["busy_timeout"], readers, wait_seconds)

    def _in_transaction(self) -> TransactionContext:
        return ImmediateTransactionContext(ImmediateTransaction(self), self._lock)

    async def create_connection(self, with_db: bool) -> None:  # noqa: ARG002 - Tortoise's signature
        """Opens the writer, which makes a missing file; no task gets it half set up."""
        async with self._opening:
            if self._connection is None:
                self._connection = await _opened(self.filename, self.pragmas)
                await self._post_connect()

    async def close(self) -> None:
        """Ends all connections; the writer last, because it may checkpoint the write-ahead log."""
        await asyncio.gather(self.aftermath.over(), self._readers.close())
        await super().close()

    @translate_exceptions
    async def execute_query(
        self, query: str, values: list[Any] | None = None
    ) -> tuple[int, Sequence[Any]]:
        """The number of rows read or changed, and the rows."""
        if query.startswith(READS):
            rows = await self._read(sqlite3.Row, query, values)
            return len(rows), rows
        written: tuple[int, Sequence[Any]] = await super().execute_query(query, values)
        return written

    @translate_exceptions
    async def execute_query_dict(
        self, query: str, values: list[Any] | None = None
    ) -> list[dict[str, Any]]:
        """The rows by the names of their columns."""
        if query.startswith(READS):
            return [dict(row) for row in await self._read(sqlite3.Row, query, values)]
        written: list[dict[str, Any]] = await super().execute_query_dict(query, values)
        return written

    @translate_exceptions
    async def fetch_rows(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The rows of a reading statement, as plain tuples in the order of the columns."""
        return await self._read(None, sql, values)

    async def _read(
        self, made: type[sqlite3.Row] | None, sql: str, values: Sequence[Any] | None
    ) -> list[Any]:
        self.log.debug("%s: %s", sql, values, stacklevel=2)
        if self._connection is None:
            await self.create_connection(with_db=True)
        return await self._readers.fetch(made, sql.replace("\x00", "'||CHAR(0)||'"), values)


async def _opened(path: str, pragmas: dict[str, Any]) -> aiosqlite.Connection:
    connection = await aiosqlite.connect(path, isolation_level=None)
    try:
        connection.row_factory = sqlite3.Row
        for pragma, value in pragmas.items():
            await connection.execute_fetchall(f"PRAGMA {pragma}={value}")
    except BaseException:
        await connection.close()
        raise
    return connection


client_class = ImmediateSqliteClient
