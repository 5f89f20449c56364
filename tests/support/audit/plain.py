"""Plain SQL over the databases' own drivers, with nothing of ours in between."""

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from decimal import Decimal
from typing import Any, Final
from urllib.parse import unquote, urlsplit
from uuid import UUID

import asyncmy
import asyncpg

from tests.support.databases import Database

Row = tuple[Any, ...]
Run = Callable[[str], Awaitable[list[Row]]]
"""Runs one statement, commits it, and gives its rows: ids as text, whole numbers as int."""


@asynccontextmanager
async def plain(database: Database) -> AsyncIterator[Run]:
    """A connection of its own, outside of every transaction of the product."""
    async with OPENED[database.dialect](database) as run:
        yield run


@asynccontextmanager
async def _sqlite(database: Database) -> AsyncIterator[Run]:
    with closing(sqlite3.connect(database.name, isolation_level=None)) as connection:

        async def run(statement: str) -> list[Row]:
            return [_plain(row) for row in connection.execute(statement)]

        yield run


@asynccontextmanager
async def _postgres(database: Database) -> AsyncIterator[Run]:
    connection = await asyncpg.connect(database.url)
    try:

        async def run(statement: str) -> list[Row]:
            return [_plain(row.values()) for row in await connection.fetch(statement)]

        yield run
    finally:
        await connection.close()


@asynccontextmanager
async def _mysql(database: Database) -> AsyncIterator[Run]:
    parts = urlsplit(database.url)
    connection = await asyncmy.connect(
        host=parts.hostname,
        port=parts.port or 3306,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        db=database.name,
        autocommit=True,
    )
    try:

        async def run(statement: str) -> list[Row]:
            async with connection.cursor() as cursor:
                await cursor.execute(statement)
                return [_plain(row) for row in await cursor.fetchall()]

        yield run
    finally:
        await connection.ensure_closed()


OPENED: Final = {"sqlite": _sqlite, "postgres": _postgres, "mariadb": _mysql, "mysql": _mysql}


def _plain(row: Any) -> Row:
    """Drivers differ in what they make of ids and of sums."""
    return tuple(_value(each) for each in row)


def _value(value: Any) -> Any:
    match value:
        case UUID():
            return str(value)
        case Decimal() if value == value.to_integral_value():
            return int(value)
        case _:
            return value
