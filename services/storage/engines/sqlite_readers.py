"""Connections to a SQLite file that only read: none of them ever waits for a transaction.

In WAL mode a statement sees what was committed when it began, whoever is writing meanwhile.
"""

import asyncio
import sqlite3
from contextlib import suppress
from typing import Any, Final, cast
from urllib.parse import quote

import aiosqlite

from services.storage.engines.aftermath import Aftermath
from services.storage.engines.pool import in_time

AGAIN_SECONDS: Final = 0.05
"""Until a statement that goes on is interrupted again: it may have begun after the first time."""

PATIENCE_SECONDS: Final = 0.01
"""Until a second statement may run beside one that goes on."""

RowFactory = type[sqlite3.Row] | None


class Readers:
    """At most `size` connections, each opened when it is first needed and held for one statement.

    Short statements run one after the other: two threads that want Python's lock all the time are
    slower than one. A statement that is not done soon lends its place to the next one, so that
    nobody waits for it. Statements wait in turn, each for at most `wait_seconds`.
    """

    def __init__(self, path: str, busy_milliseconds: int, size: int, wait_seconds: float) -> None:
        # `mode=ro`: SQLite refuses whatever would write, and never makes a file that is gone anew.
        self.address = f"file://{quote(path)}?mode=ro"
        self.busy_seconds = busy_milliseconds / 1000
        self.size = size
        self.wait_seconds = wait_seconds
        self._turn = asyncio.Semaphore(1)
        self._patience: dict[aiosqlite.Connection, asyncio.TimerHandle] = {}
        self._lent: set[aiosqlite.Connection] = set()
        self._open: set[aiosqlite.Connection] = set()
        self._idle: list[aiosqlite.Connection] = []
        self._ending = Aftermath()

    async def fetch(self, made: RowFactory, sql: str, values: Any) -> list[Any]:
        """The rows of a statement, made by `made`, or plain tuples without it.

        All of them are read in one go, so that no connection is left in the past. A task that is
        cancelled goes at once; its statement is interrupted, and nobody gets its connection before
        that has stopped. A connection on which something failed is closed, and replaced by need.
        """
        reader = await self._taken()
        try:
            reader.row_factory = made
            rows = await reader.execute_fetchall(sql, values)
        except asyncio.CancelledError:
            self._ending.add(self._stop(reader))
            raise
        except BaseException:
            self._ending.add(self._drop(reader))
            raise
        self._give_back(reader)
        return cast("list[Any]", rows)  # aiosqlite promises less than sqlite3 gives

    async def close(self) -> None:
        """End every connection and its thread; statements that still run are interrupted."""
        opened, self._open, self._idle = self._open, set(), []
        await asyncio.gather(self._ending.over(), *map(_end, opened))

    async def _taken(self) -> aiosqlite.Connection:
        if self._turn.locked():
            await in_time(self.wait_seconds, self._turn.acquire())
        else:
            await self._turn.acquire()  # at once
        try:
            reader = self._idle.pop() if self._idle else await self._opened()
        except BaseException:
            self._turn.release()
            raise
        self._be_patient(reader)
        return reader

    async def _opened(self) -> aiosqlite.Connection:
        reader = await aiosqlite.connect(
            self.address, uri=True, isolation_level=None, timeout=self.busy_seconds
        )
        self._open.add(reader)
        return reader

    def _be_patient(self, reader: aiosqlite.Connection) -> None:
        loop = asyncio.get_running_loop()
        self._patience[reader] = loop.call_later(PATIENCE_SECONDS, self._lend, reader)

    def _lend(self, reader: aiosqlite.Connection) -> None:
        if len(self._lent) < self.size - 1:
            self._lent.add(reader)
            self._turn.release()
        else:
            self._be_patient(reader)

    def _over(self, reader: aiosqlite.Connection) -> None:
        self._patience.pop(reader).cancel()
        if reader in self._lent:
            self._lent.remove(reader)
        else:
            self._turn.release()

    def _give_back(self, reader: aiosqlite.Connection) -> None:
        if reader in self._open:
            self._idle.append(reader)
        self._over(reader)

    async def _stop(self, reader: aiosqlite.Connection) -> None:
        try:
            await stopped(reader)
        finally:
            self._give_back(reader)

    async def _drop(self, reader: aiosqlite.Connection) -> None:
        try:
            if reader in self._open:  # else `close` ends it, and nobody may twice
                self._open.remove(reader)
                await reader.close()
        finally:
            self._over(reader)


async def _end(reader: aiosqlite.Connection) -> None:
    await stopped(reader)
    await reader.close()


async def stopped(connection: aiosqlite.Connection) -> None:
    """Interrupt what the connection's thread is doing, until it is idle."""
    # It does one thing after the other: once this has been answered, all before it is over.
    idle = asyncio.ensure_future(_answers(connection))
    while not idle.done():
        with suppress(sqlite3.Error, ValueError):  # closed meanwhile
            await connection.interrupt()
        await asyncio.wait([idle], timeout=AGAIN_SECONDS)


async def _answers(connection: aiosqlite.Connection) -> None:
    with suppress(sqlite3.Error, ValueError):  # interrupted itself, or closed meanwhile
        await connection.execute_fetchall("SELECT 1")
