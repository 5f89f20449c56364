"""Databases with a company of a chosen size, made by our migrations and plain SQL."""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

import asyncpg

from benchmarks.postgres import Database

SCRIPT: Final = Path(__file__).with_name("company.sql")
FEWEST_ORDERS: Final = 5_000
GREATEST_CUSTOMER: Final = "C-0000001"
ORDERGRAPH: Final = str(Path(sys.executable).with_name("ordergraph"))

LOOSE_INDEXES: Final = """
SELECT indexdef, format('DROP INDEX %I', indexname) AS away FROM pg_indexes
WHERE schemaname = current_schema() AND indexname NOT IN (SELECT conname FROM pg_constraint)
"""


def surroundings(url: str, **more: str) -> dict[str, str]:
    """The environment in which ordergraph has this database, and no setting of the caller's."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith("ORDERGRAPH_")
    }
    return {**inherited, "ORDERGRAPH_DATABASE_URL": url, **more}


def make(server: Database, name: str, orders: int, folder: Path) -> Database:
    """A new database of that name, migrated and filled; one that had the name before is dropped."""
    started = time.monotonic()
    server.value(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    server.value(f'CREATE DATABASE "{name}"')
    database = server.named(name)
    migrate = [ORDERGRAPH, "migrate"]
    environment = surroundings(database.url)
    subprocess.run(migrate, cwd=folder, env=environment, check=True, stdout=sys.stderr)
    asyncio.run(fill(database.url, orders))
    print(f"{orders:,} orders in {time.monotonic() - started:.0f} s", file=sys.stderr)
    return database


async def fill(url: str, orders: int) -> None:
    """Put the company into a migrated database without rows; the account is a superuser's."""
    connection: Any = await asyncpg.connect(url, command_timeout=3_600)
    try:
        await connection.execute("SELECT set_config('bench.orders', $1, false)", str(orders))
        indexes = await connection.fetch(LOOSE_INDEXES)
        for index in indexes:
            await connection.execute(index["away"])
        # Rows that follow from each other by construction need no look-up of each foreign key.
        await connection.execute("SET session_replication_role = replica")
        await connection.execute(SCRIPT.read_text())
        for index in indexes:
            await connection.execute(index["indexdef"])
        await connection.execute("VACUUM (ANALYZE)")
        if "pg_stat_statements" in await connection.fetchval("SHOW shared_preload_libraries"):
            await connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    finally:
        await connection.close()
