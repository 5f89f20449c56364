"""Connections to a SQLite file that only read and never wait for a transaction.

In WAL mode a statement sees all that was committed when it began, beside any writer.
"""

import asyncio
import sqlite3
from contextlib import suppress
from typing import Any, Final, cast
from urllib.parse import quote

import aiosqlite

from services.storage.engines.aftermath import Aftermath
from services.storage.engines.pool import in_time

INTERRUPT_SECONDS: Final = 0.05
"""Seconds until a statement is interrupted again: it may have begun after the first interrupt."""

PATIENCE_SECONDS: Final = 0.01
"""Seconds until a second statement may run beside one that is still running."""

RowFactory = type[sqlite3.Row] | None


class Readers:
    """At most `size` connections, each opened on demand and held for one statement.

    Short statements run one after the other: two threads that compete for Python's lock are slower
    than one. A statement that runs longer lends its place to the next one, so that no statement
    waits for it. Statements wait in order, each for at most `wait_seconds`.
    """

    def __init__(self, path: str, busy_milliseconds: int, size: int, wait_seconds: float) -> None:
        # `mode=ro`: SQLite refuses writes, and never makes a missing file.
        self.address = f"file://{quote(path)}?mode=ro"
        self.busy_seconds = busy_milliseconds / 1000
        self.size = size
        self.wait_seconds = wait_seconds
        self._running = asyncio.Semaphore(1)
        self._patience: dict[aiosqlite.Connection, asyncio.TimerHandle] = {}
        self._lent: set[aiosqlite.Connection] = set()
        self._open: set[aiosqlite.Connection] = set()
        self._idle: list[aiosqlite.Connection] = []
        self._ending = Aftermath()

    async def fetch(self, made: RowFactory, sql: str, values: Any) -> list[Any]:
        """The rows of a statement, made by `made`, or plain tuples without it.

        All rows are read at once, so that no connection keeps an old snapshot. A cancelled task
        ends at once; its statement is interrupted, and the connection is used again only after
        that. A connection on which a statement failed is closed, and replaced on demand.
        """
        reader = await self._acquire()
        try:
            reader.row_factory = made
            rows = await reader.execute_fetchall(sql, values)
        except asyncio.CancelledError:
            self._ending.add(self._stop(reader))
            raise
        except BaseException:
            self._ending.add(self._drop(reader))
            raise
        self._return(reader)
        return cast("list[Any]", rows)  # aiosqlite's annotation is wider than sqlite3's result

    async def close(self) -> None:
        """Ends each connection and its thread; running statements are interrupted."""
        opened, self._open, self._idle = self._open, set(), []
        await asyncio.gather(self._ending.over(), *map(_end, opened))

    async def _acquire(self) -> aiosqlite.Connection:
        if self._running.locked():
            await in_time(self.wait_seconds, self._running.acquire())
        else:
            await self._running.acquire()  # at once
        try:
            reader = self._idle.pop() if self._idle else await self._opened()
        except BaseException:
            self._running.release()
            raise
        self._start_patience(reader)
        return reader

    async def _opened(self) -> aiosqlite.Connection:
        reader = await aiosqlite.connect(
            self.address, uri=True, isolation_level=None, timeout=self.busy_seconds
        )
        self._open.add(reader)
        return reader

    def _start_patience(self, reader: aiosqlite.Connection) -> None:
        loop = asyncio.get_running_loop()
        self._patience[reader] = loop.call_later(PATIENCE_SECONDS, self._lend, reader)

    def _lend(self, reader: aiosqlite.Connection) -> None:
        if len(self._lent) < self.size - 1:
            self._lent.add(reader)
            self._running.release()
        else:
            self._start_patience(reader)

    def _over(self, reader: aiosqlite.Connection) -> None:
        self._patience.pop(reader).cancel()
        if reader in self._lent:
            self._lent.remove(reader)
        else:
            self._running.release()

    def _return(self, reader: aiosqlite.Connection) -> None:
        if reader in self._open:
            self._idle.append(reader)
        self._over(reader)

    async def _stop(self, reader: aiosqlite.Connection) -> None:
        try:
            await stopped(reader)
        finally:
            self._return(reader)

    async def _drop(self, reader: aiosqlite.Connection) -> None:
        try:
            if reader in self._open:  # otherwise `close` ends it, and only once
                self._open.remove(reader)
                await reader.close()
        finally:
            self._over(reader)


async def _end(reader: aiosqlite.Connection) -> None:
    await stopped(reader)
    await reader.close()


async def stopped(connection: aiosqlite.Connection) -> None:
    """Interrupts the statements of the connection's thread until it is idle."""
    # The thread works in order: when it answers this, all earlier statements are over.
    idle = asyncio.ensure_future(_answers(connection))
    while not idle.done():
        with suppress(sqlite3.Error, ValueError):  # the connection was closed
            await connection.interrupt()
        await asyncio.wait([idle], timeout=INTERRUPT_SECONDS)


async def _answers(connection: aiosqlite.Connection) -> None:
    with suppress(sqlite3.Error, ValueError):  # it was interrupted, or the connection was closed
        await connection.execute_fetchall("SELECT 1")
