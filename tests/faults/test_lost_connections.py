"""A database that ends our connections, as one does that restarts, costs no more than them."""

import asyncio
from contextlib import suppress
from urllib.parse import unquote, urlsplit

import asyncmy
import asyncpg
import pytest
from tortoise.transactions import in_transaction

from models.events import Feed
from services.storage import database
from tests.support.databases import Database

ROUNDS = 15
"""More than the pool has connections."""


@pytest.fixture(params=["postgres", "mariadb", "mysql"])
def pooled_database(request: pytest.FixtureRequest) -> Database:
    """Those databases to which there is a pool of connections."""
    found: Database = request.getfixturevalue(f"{request.param}_database")
    return found


async def end_connections(database: Database) -> None:
    if database.dialect == "postgres":
        other = await asyncpg.connect(database.url)
        await other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await other.close()
        return
    parts = urlsplit(database.url)
    other = await asyncmy.connect(
        host=parts.hostname,
        port=parts.port,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )
    async with other.cursor() as cursor:
        await cursor.execute("SHOW PROCESSLIST")
        for number, _, _, used, *_ in await cursor.fetchall():
            if used == database.name:
                with suppress(asyncmy.errors.OperationalError):  # it has just left by itself
                    await cursor.execute(f"KILL {number}")
    await other.ensure_closed()


async def test_transactions_go_on_after_every_loss_of_their_connection(
    pooled_database: Database,
) -> None:
    """In one task, as the relay is one: what a lost transaction left behind must not stay."""
    lost = 0
    async with asyncio.timeout(60):
        for _ in range(ROUNDS):
            try:
                async with in_transaction() as connection:
                    await end_connections(pooled_database)
                    await Feed.filter(id=1).using_db(connection).exists()
            except Exception:  # noqa: BLE001 - each driver has its own
                lost += 1
        assert lost == ROUNDS
        for _ in range(ROUNDS):
            with suppress(Exception):  # one that the pool has not noticed to be gone
                async with in_transaction():
                    await Feed.get(id=1)
        async with in_transaction():
            await Feed.get(id=1)


async def test_closing_waits_for_no_connection_that_a_read_keeps(
    postgres_database: Database,
) -> None:
    """A read that ends while the pool closes gives its connection back to it."""
    await database.fetch("SELECT 1", [])  # leaves a connection at hand
    reading = asyncio.create_task(database.fetch("SELECT pg_sleep(0.3)", []))
    await asyncio.sleep(0)  # it has taken that connection
    async with asyncio.timeout(8):  # the pool gives up after 10 s
        await database.disconnect()
    assert len(await reading) == 1
