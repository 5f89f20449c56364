"""An operation that is stopped in the middle: its deadline is told, its connection not lost."""

import asyncio
from typing import Any, cast

import pytest
from tortoise.transactions import in_transaction

from models.catalog import Category
from services.storage import database as service
from services.work import clock
from tests.support.databases import Database

COUNTING = """
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000000)
SELECT COUNT(*) FROM n
"""
SLOW = {
    "sqlite": COUNTING.strip(),  # for about as long
    "postgres": "SELECT pg_sleep(20)",
    "mariadb": "SELECT SLEEP(20)",
    "mysql": "SELECT SLEEP(20)",
}
POOL = 2


@pytest.fixture
async def small_pool(database: Database) -> Database:
    """The database over a pool of which nothing may get lost unnoticed."""
    await service.disconnect()
    await service.connect(database.url, POOL)
    return database


async def test_a_statement_that_takes_too_long_is_left(small_pool: Database) -> None:
    for _ in range(POOL + 1):
        slow = service.connection().execute_query(SLOW[small_pool.dialect])
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(slow, 0.1)
    assert await still_works()


async def test_a_transaction_that_takes_too_long_is_rolled_back(small_pool: Database) -> None:
    for _ in range(POOL + 1):
        with pytest.raises(TimeoutError):
            await half_a_transaction(small_pool)
    assert await still_works()
    assert await Category.all().count() == 0


async def test_who_leaves_while_waiting_for_a_connection_takes_none(small_pool: Database) -> None:
    slow = [asyncio.create_task(half_a_transaction(small_pool)) for _ in range(POOL)]
    await asyncio.sleep(0)
    waiting = [asyncio.create_task(service.fetch("SELECT 1", [])) for _ in range(20)]
    await asyncio.sleep(0)
    for each in waiting[::2]:
        each.cancel()
    told = await asyncio.gather(*slow, *waiting, return_exceptions=True)
    assert [type(each) for each in told[:POOL]] == [TimeoutError] * POOL
    left, stayed = told[POOL::2], told[POOL + 1 :: 2]
    assert [type(each) for each in left] == [asyncio.CancelledError] * 10
    assert [[tuple(row) for row in cast("Any", rows)] for rows in stayed] == [[(1,)]] * 10
    assert await still_works()


async def half_a_transaction(database: Database) -> None:
    now = clock.now()
    async with asyncio.timeout(0.1), in_transaction() as connection:
        category = Category(name="half done", created_at=now, updated_at=now)
        await category.save(using_db=connection)
        await connection.execute_query(SLOW[database.dialect])


async def still_works() -> bool:
    """Whether every connection of the pool answers."""
    async with asyncio.timeout(10):
        asked = [service.connection().execute_query_dict("SELECT 7 AS n") for _ in range(POOL)]
        answers = await asyncio.gather(*asked)
    return answers == [[{"n": 7}]] * POOL
