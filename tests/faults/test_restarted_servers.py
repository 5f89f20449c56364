"""A server that stops and comes back, or ends all connections: the pool is whole again after it."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from itertools import count
from typing import Any, Final

import pytest
from tortoise.transactions import in_transaction

from services.storage import database as service
from tests.faults.test_lost_connections import end_connections
from tests.support.databases import Database, Dialect
from tests.support.servers import PrivateServer

POOL: Final = 8
CLIENTS: Final = 16
WAYS: Final[dict[str, tuple[Dialect, int | None]]] = {
    "postgres-fast": ("postgres", signal.SIGINT),
    "postgres-immediate": ("postgres", signal.SIGQUIT),
    "postgres-terminated": ("postgres", None),
    "mariadb-stop": ("mariadb", signal.SIGTERM),
    "mariadb-killed": ("mariadb", signal.SIGKILL),
    "mariadb-KILL": ("mariadb", None),
    "mysql-stop": ("mysql", signal.SIGTERM),
    "mysql-killed": ("mysql", signal.SIGKILL),
    "mysql-KILL": ("mysql", None),
}
"""How all connections are lost: the signal that ends the server, or none where it ends them."""
SLOW: Final = {
    "postgres": "SELECT pg_sleep(20)",
    "mariadb": "SELECT SLEEP(20)",
    "mysql": "SELECT SLEEP(20)",
}


@pytest.fixture(params=WAYS)
async def outage(
    request: pytest.FixtureRequest, started: Callable[[Dialect], PrivateServer]
) -> AsyncIterator["Outage"]:
    """One way of losing every connection, this process connected to the server."""
    dialect, by = WAYS[request.param]
    server = started(dialect)
    await service.connect(server.url, POOL)
    try:
        yield Outage(Database(server.url, dialect), server, by)
    finally:
        await service.disconnect()


class Outage:
    """The server is away between `begin` and `end`; or it ended all connections in `begin`."""

    def __init__(self, database: Database, server: PrivateServer, by: int | None) -> None:
        self.database = database
        self._server = server
        self._by = by

    async def begin(self) -> None:
        if self._by is None:
            await end_connections(self.database)
        else:
            await asyncio.to_thread(self._server.stop, self._by)

    async def end(self) -> None:
        if self._by is not None:
            await asyncio.to_thread(self._server.start)
        # A connection whose end this process has not noticed yet costs a request.
        await asyncio.gather(*(transact(self) for _ in range(POOL)), return_exceptions=True)


async def test_an_outage_between_requests_leaves_no_place_behind(outage: Outage) -> None:
    await all_places_at_once(outage)
    await asyncio.gather(*(read() for _ in range(CLIENTS)))
    await outage.begin()
    await outage.end()
    await all_places_at_once(outage)


async def test_an_outage_in_the_middle_of_requests_leaves_no_place_behind(outage: Outage) -> None:
    """Reads, transactions, waiting and cancelled ones, before, while and after it is away."""
    working = [asyncio.create_task(work(number, outage)) for number in range(CLIENTS)]
    await asyncio.sleep(0.2)
    await outage.begin()
    await asyncio.sleep(0.2)
    await outage.end()
    for each in working:
        each.cancel()
    await asyncio.gather(*working, return_exceptions=True)
    await all_places_at_once(outage)


async def test_a_transaction_gives_its_place_back_wherever_it_is_lost(outage: Outage) -> None:
    """At a statement, at the commit, at the rollback, and where nothing of it has begun yet."""
    for _ in range(POOL):
        for lose in (at_a_statement, at_the_commit, at_the_rollback):
            with pytest.raises(Exception):  # noqa: B017, PT011 - each driver has its own
                await lose(outage.database)
    await outage.begin()
    for _ in range(POOL):
        with suppress(Exception):
            await transact(outage)
    await outage.end()
    await all_places_at_once(outage)


async def at_a_statement(database: Database) -> None:
    async with in_transaction() as connection:
        await end_connections(database)
        await connection.execute_query("SELECT 1")


async def at_the_commit(database: Database) -> None:
    async with in_transaction() as connection:
        await connection.execute_query("SELECT 1")
        await end_connections(database)


async def at_the_rollback(database: Database) -> None:
    async with in_transaction():
        await end_connections(database)
        raise LookupError


async def all_places_at_once(outage: Outage) -> None:
    """Pass where as many transactions as the pool has places are open at the same time."""
    meeting = asyncio.Barrier(POOL)

    async def hold() -> None:
        async with in_transaction() as connection:
            await connection.execute_query("SELECT 1")
            await meeting.wait()

    try:
        async with asyncio.timeout(5), asyncio.TaskGroup() as holding:
            for _ in range(POOL):
                holding.create_task(hold())
    except TimeoutError:
        pytest.fail(f"only some of {POOL} places of the pool are left")


async def work(number: int, outage: Outage) -> None:
    """Ask for ever, whatever comes of it."""
    kinds_of_work: list[Callable[[Outage], Awaitable[Any]]] = [read_of, transact, hurry, refuse]
    for turn in count(number):
        with suppress(Exception):
            await kinds_of_work[turn % len(kinds_of_work)](outage)
        await asyncio.sleep(0)


async def read() -> None:
    await service.fetch("SELECT 1", [])


async def read_of(_: Outage) -> None:
    await read()


async def transact(_: Outage) -> None:
    async with in_transaction() as connection:
        await connection.execute_query("SELECT 1")


async def hurry(outage: Outage) -> None:
    """Leave while a statement runs, inside of a transaction."""
    async with asyncio.timeout(0.01), in_transaction() as connection:
        await connection.execute_query(SLOW[outage.database.dialect])


async def refuse(_: Outage) -> None:
    async with in_transaction():
        raise LookupError
