import asyncio
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from tortoise import Tortoise
from tortoise.exceptions import IntegrityError, OperationalError
from tortoise.migrations.autodetector import MigrationAutodetector
from tortoise.migrations.schema_generator.state import State

from models.customers import CustomerGroup
from models.migrations import __path__ as migrations_path
from services.operations.migrations import MYSQL_LOCK, _executor, migrate, pending
from services.storage.database import APP, configuration, connection, fetch
from tests.support.databases import Database, connected
from tests.support.schema_facts import declared
from tests.support.schema_readers import found

MIGRATIONS = sorted(file.stem for file in Path(migrations_path[0]).glob("[0-9]*.py"))
MIGRATE = """
import asyncio, sys
from services.operations import migrations
from services.storage import database

async def main():
    await database.connect(sys.argv[1])
    try:
        print(*await migrations.migrate(), sep="\\n")
    finally:
        await database.disconnect()

asyncio.run(main())
"""


class Detector(MigrationAutodetector):
    """Tortoise's, with tables of which no classes are made at each step."""

    async def _project_state(self) -> State:
        executor = _executor(connection())
        await executor.loader.build_graph()
        return (await executor._project_state(set(executor._full_plan()))).clone()


async def test_every_database_has_the_schema_that_the_models_declare(database: Database) -> None:
    assert await found(database.dialect) == declared(database.dialect)


async def test_every_foreign_key_leads_an_index(database: Database) -> None:
    """PostgreSQL and SQLite would scan the table for each deletion and each join from the other
    side; MariaDB would add an index that the others do not have.
    """
    for name, table in (await found(database.dialect)).items():
        leading = {columns[0] for columns in (*table.uniques, *table.indexes.values())}
        assert {key.column for key in table.foreign_keys} <= leading | set(table.primary_key), name


async def test_migrating_twice_changes_nothing(empty_database: Database) -> None:
    async with connected(empty_database):
        assert await migrate() == MIGRATIONS
        before = await found(empty_database.dialect)
        assert await migrate() == []
        assert await found(empty_database.dialect) == before
        assert await pending() == []


async def test_two_processes_migrate_at_once(empty_database: Database) -> None:
    """Both succeed, and each migration is applied by one of them."""
    processes = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", MIGRATE, empty_database.url),
            stdout=asyncio.subprocess.PIPE,
        )
        for _ in range(2)
    ]
    answers = await asyncio.gather(*(process.communicate() for process in processes))
    assert [process.returncode for process in processes] == [0, 0]
    assert sorted(b"".join(out for out, _ in answers).decode().split()) == MIGRATIONS
    async with connected(empty_database):
        rows = await connection().execute_query_dict("SELECT name FROM tortoise_migrations")
        assert sorted(row["name"] for row in rows) == MIGRATIONS
        assert await found(empty_database.dialect) == declared(empty_database.dialect)


async def test_the_models_have_no_change_without_a_migration(sqlite_database: Database) -> None:
    assert Tortoise.apps is not None
    apps = configuration(sqlite_database.url, 1)["apps"]
    writers = await Detector(Tortoise.apps, {APP: apps[APP]}).changes()
    missing = [step.describe() for writer in writers for step in writer.operations]
    assert missing == [], "Make a migration: make migration NAME=what_changes"


@pytest.mark.parametrize("rate", ["0", "0.000001", "0.5", "1", "1.000000"])
async def test_a_rate_from_nothing_to_all_is_taken(database: Database, rate: str) -> None:
    """SQLite keeps decimals as text, and as text `1.000000` is more than `1`."""
    await _group_with(rate)


@pytest.mark.parametrize("rate", ["-0.000001", "1.000001", "10"])
async def test_any_other_rate_is_refused(database: Database, rate: str) -> None:
    with pytest.raises((IntegrityError, OperationalError)):
        await _group_with(rate)


async def _group_with(rate: str) -> None:
    now = datetime(2026, 1, 2, tzinfo=UTC)
    await CustomerGroup.create(
        name="Retail", discount_rate=Decimal(rate), created_at=now, updated_at=now
    )


async def test_the_lock_of_a_database_with_the_longest_name(mysql_database: Database) -> None:
    """MySQL refuses names of locks that are longer than those of databases."""
    name = "ordergraph_test_".ljust(64, "d")
    await connection().execute_script(f"CREATE DATABASE {name}")
    try:
        await connection().execute_script(f"USE {name}")
        ((taken,),) = await fetch(f"SELECT GET_LOCK({MYSQL_LOCK}, 0)", [])
        assert taken == 1
    finally:
        await connection().execute_script(f"DROP DATABASE {name}")
