"""On SQLite nobody who reads waits for somebody who writes, and no reading connection gets lost."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from tortoise.backends.base.client import TransactionalDBClient
from tortoise.exceptions import OperationalError
from tortoise.transactions import in_transaction

from models.catalog import Category
from services.storage import database as service
from services.storage.engines.sqlite import ImmediateSqliteClient, ImmediateTransaction
from services.work import clock
from tests.faults.test_cancelled import SLOW
from tests.support.api import ask
from tests.support.company import found_company
from tests.support.databases import Database

READERS = 2
NAMES = "{ warehouses { name } }"
COUNT = "SELECT COUNT(*) FROM category"


@pytest.fixture
async def company(sqlite_database: Database) -> Database:
    """A database with one warehouse, read by few connections, none of them open yet."""
    await service.disconnect()
    await service.connect(sqlite_database.url, READERS)
    await found_company()
    return sqlite_database


@asynccontextmanager
async def renaming(name: str) -> AsyncIterator[None]:
    """Within the block another task has renamed the warehouse, and does not commit."""
    renamed, over = asyncio.Event(), asyncio.Event()

    async def rename() -> None:
        async with in_transaction() as connection:
            await connection.execute_query("UPDATE warehouse SET name = ?", [name])
            renamed.set()
            await over.wait()

    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        tasks.create_task(rename())
        await renamed.wait()
        yield
        over.set()


@asynccontextmanager
async def slow_statement() -> AsyncIterator[asyncio.Task[list[tuple[Any, ...]]]]:
    """Within the block a statement runs for long, and another connection is open beside it."""
    running = asyncio.create_task(client().fetch_rows(SLOW["sqlite"], []))
    await asyncio.sleep(0)  # it has taken its turn
    async with asyncio.timeout(10):
        assert await client().fetch_rows("SELECT 7", []) == [(7,)]
    try:
        yield running
    finally:
        running.cancel()
        await asyncio.wait([running])


async def add_category(name: str) -> None:
    now = clock.now()
    await Category(name=name, created_at=now, updated_at=now).save()


def client() -> ImmediateSqliteClient:
    found = service.connection()
    assert isinstance(found, ImmediateSqliteClient)
    return found


def remove(path: str) -> None:
    Path(path).unlink()


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


async def everywhere(sql: str) -> list[list[tuple[Any, ...]]]:
    """What as many readers as there are connections are told at the same time."""
    reads = [client().fetch_rows(sql, []) for _ in range(READERS)]
    async with asyncio.timeout(10):
        return list(await asyncio.gather(*reads))


async def within(transaction: TransactionalDBClient, sql: str) -> list[tuple[Any, ...]]:
    """What a transaction answers."""
    assert isinstance(transaction, ImmediateTransaction)
    return await transaction.fetch_rows(sql, [])


async def test_a_query_is_answered_while_a_transaction_is_open(company: Database) -> None:
    async with renaming("Moved"):
        assert await ask(NAMES) == {"warehouses": [{"name": "Main warehouse"}]}
    assert await ask(NAMES) == {"warehouses": [{"name": "Moved"}]}


async def test_nobody_waits_for_a_statement_that_takes_long(company: Database) -> None:
    async with slow_statement() as running:
        for _ in range(3):
            assert await ask(NAMES) == {"warehouses": [{"name": "Main warehouse"}]}
        assert not running.done()
        assert len(client()._readers._open) == READERS


async def test_no_connection_stays_in_the_past(company: Database) -> None:
    async with slow_statement():
        pass
    await client()._readers._ending.over()
    assert len(client()._readers._idle) == READERS
    for count in range(20):
        for reader in client()._readers._idle:
            assert [*await reader.execute_fetchall(COUNT)] == [(count,)]
        assert await client().fetch_rows(COUNT, []) == [(count,)]
        await add_category(f"category {count}")


async def test_a_transaction_reads_what_it_wrote_and_nobody_else_does(company: Database) -> None:
    now = clock.now()
    async with in_transaction() as connection:
        await Category(name="new", created_at=now, updated_at=now).save(using_db=connection)
        assert await Category.all().count() == 1
        assert await connection.execute_query_dict(COUNT) == [{"COUNT(*)": 1}]
        assert await within(connection, COUNT) == [(1,)]
        async with in_transaction() as nested:
            assert await within(nested, COUNT) == [(1,)]
        with sqlite3.connect(company.name) as other:
            assert other.execute(COUNT).fetchall() == [(0,)]
        other.close()


async def test_rows_are_plain_tuples_or_read_by_name(company: Database) -> None:
    found = await client().fetch_rows("SELECT ? AS a, ? AS b", [1, "x"])
    assert found == [(1, "x")]
    assert type(found[0]) is tuple
    assert await client().execute_query_dict("SELECT ? AS a", [1]) == [{"a": 1}]
    count, (row,) = await client().execute_query("SELECT ? AS a", [1])
    assert (count, row["a"]) == (1, 1)


async def test_nothing_is_written_by_a_connection_that_reads(company: Database) -> None:
    with pytest.raises(OperationalError, match="attempt to write a readonly database"):
        await client().fetch_rows("DELETE FROM warehouse", [])
    assert await ask(NAMES) == {"warehouses": [{"name": "Main warehouse"}]}


async def test_tables_may_change_under_them(company: Database) -> None:
    assert await everywhere("SELECT * FROM number_counter WHERE scope = ''") == [[]] * READERS
    await client().execute_script("ALTER TABLE number_counter RENAME TO counter_away")
    with pytest.raises(OperationalError, match="no such table: number_counter"):
        await everywhere("SELECT * FROM number_counter")
    await client().execute_script("ALTER TABLE counter_away RENAME TO number_counter")
    assert await everywhere("SELECT * FROM number_counter WHERE scope = ''") == [[]] * READERS


async def test_a_connection_that_failed_is_replaced(company: Database) -> None:
    for _ in range(READERS + 1):
        with pytest.raises(OperationalError, match="no such table: nowhere"):
            await client().fetch_rows("SELECT 1 FROM nowhere", [])
    await everywhere(COUNT)
    dead = list(client()._readers._idle)
    for reader in dead:
        await reader.close()
    for _ in dead:
        with pytest.raises(ValueError, match="no active connection"):
            await client().fetch_rows(COUNT, [])
    assert await everywhere(COUNT) == [[(0,)]] * READERS


async def test_a_file_that_is_gone_is_told_and_not_made_anew(company: Database) -> None:
    remove(company.name)
    with pytest.raises(OperationalError, match="unable to open database file"):
        await client().fetch_rows(COUNT, [])
    assert not service.exists(company.url)


async def test_what_is_no_database_is_told(tmp_path: Path) -> None:
    no_database = tmp_path / "text"
    no_database.write_text("This is a text, and not a short one." * 100)
    for path, error in ((tmp_path, OperationalError), (no_database, sqlite3.DatabaseError)):
        await service.connect(f"sqlite://{quote(str(path))}")
        try:
            for _ in range(2):
                with pytest.raises(error, match=r"unable to open|file is not a database"):
                    await client().fetch_rows("SELECT 1", [])
        finally:
            await service.disconnect()


@pytest.mark.parametrize("scheme", ["sqlite://", "sqlite:///"])  # the path begins with / or //
async def test_a_file_may_have_any_name(tmp_path: Path, scheme: str) -> None:
    name = "a b?mode=rw#c%41.sqlite3"
    await service.connect(f"{scheme}{quote(str(tmp_path / name))}")
    try:
        await client().execute_script("CREATE TABLE category (id)")
        assert await everywhere(COUNT) == [[(0,)]] * READERS
    finally:
        await service.disconnect()
    assert names(tmp_path) == [name]


async def test_a_begin_that_is_not_waited_for_leaves_no_transaction(company: Database) -> None:
    """Its thread gets the write lock when nobody is there any more to commit."""
    other = sqlite3.connect(company.name, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1), in_transaction():
            pass
    other.execute("ROLLBACK")
    await add_category("written")
    assert other.execute(COUNT).fetchall() == [(1,)]
    other.close()


async def test_closing_ends_every_thread_and_what_it_runs(company: Database) -> None:
    async with slow_statement() as running:
        threads = [each for each in threading.enumerate() if "_connection_worker" in each.name]
        assert len(threads) == READERS + 1
        async with asyncio.timeout(10):
            await service.disconnect()
        with pytest.raises(OperationalError, match="interrupted"):
            await running
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
