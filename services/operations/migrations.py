"""Migrates a database to the schema of this release, safely and with the same result on each."""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, cast

import structlog
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.indexes import Index
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget
from tortoise.migrations.graph import MigrationKey
from tortoise.migrations.schema_editor import (
    BaseSchemaEditor,
    MySQLSchemaEditor,
    SqliteSchemaEditor,
)
from tortoise.migrations.schema_generator.state import State
from tortoise.models import Model

from models.events import Feed
from models.rules.access import SYSTEM
from models.tables import TABLES
from services.aggregates import credit
from services.operations.migration_state import LazyState
from services.operations.settled import complete_settled
from services.storage.database import APP, connection
from services.storage.engines.mysql_or_mariadb import EXACT_TEXT
from services.use_case import perform
from services.work import feed
from services.work.invisible import invisible_keys

log: Final = structlog.get_logger("ordergraph.migrations")

Progress = Callable[[str, int, int], None]

LOCK_SECONDS: Final = 300
BALANCE: Final = "0009_balance"
VISIBLE_KEYS: Final = "0014_visible_keys"
COUNTED: Final = frozenset({"0003_credit", BALANCE})
"""After these, credit is counted from the orders in the company's currency, which migrations do not
know."""
POSTGRES_LOCK: Final = 0x6F72646572  # "order"
MYSQL_LOCK: Final = "LEFT(CONCAT('ordergraph.', DATABASE()), 64)"  # MySQL takes no longer names


class MigrationLocked(Exception):
    """Another process held the migration lock for too long."""


async def pending() -> list[str]:
    """The names of the pending migrations of the open database, in order."""
    plan = await _executor(connection()).plan()
    return [step.migration.name for step in plan if not step.backward]


async def migrate(progress: Progress | None = None) -> list[str]:
    """Applies the pending migrations to the open database; returns their names.

    One process at a time: others wait up to `LOCK_SECONDS`, and then find nothing pending.
    `progress` gets the title of a long step, the part done and the whole.

    Raises:
        MigrationLocked: another process held the lock for that time.
    """
    client = connection()
    async with _locked(client):
        applied = await pending()
        if applied:
            await _apply(client, progress)
        if not COUNTED.isdisjoint(applied):
            await perform(SYSTEM, credit.recount)
        await Feed.get_or_create(id=feed.FEED_ID)
        if BALANCE in applied:
            await complete_settled(SYSTEM)
        if VISIBLE_KEYS in applied:
            for each in await invisible_keys():
                log.warning("migration.invisible", key=str(each))
    return applied


class ExactMySQL(MySQLSchemaEditor):
    """Makes tables that compare exactly (`ALFKI`, `alfki`, `alfki `), as the other databases do."""

    def _table_generate_extra(self, table: str) -> str:  # noqa: ARG002 - Tortoise's own signature
        return f" {EXACT_TEXT}"


class LenientSQLite(SqliteSchemaEditor):
    """Drops an index even if an earlier migration has rebuilt its table without it."""

    def _drop_index_sql(self, model: type[Model], index_name: str) -> str:  # noqa: ARG002 - as above
        return f"DROP INDEX IF EXISTS {self.quote(index_name)}"


class Executor(MigrationExecutor):
    progress: Progress | None = None

    async def migrate(self, *args: Any, **kwargs: Any) -> None:
        """As Tortoise's, without its cache of tables' columns, which have changed.

        The cache is by the table's name, and has columns of older migrations too.
        """
        EXECUTOR_CACHE.clear()
        try:
            await super().migrate(*args, **kwargs)
        finally:
            EXECUTOR_CACHE.clear()

    async def _project_state(
        self, applied: set[MigrationKey], *, upto: MigrationKey | None = None
    ) -> State:
        """As Tortoise's, with classes that are made on demand."""
        connections = {
            app: config["default_connection"] for app, config in self.loader.apps_config.items()
        }
        state = LazyState({}, connections)
        for key in self._full_plan():
            if key == upto:
                break
            migration = self.loader.graph.nodes[key]
            if migration and key in applied:
                await migration.apply(state, dry_run=True)
        return state

    def _schema_editor(self, atomic: bool = True, collect_sql: bool = False) -> BaseSchemaEditor:
        """Tortoise's or ours; migrations find `progress` there."""
        editor: Any = self._editor(atomic, collect_sql)
        editor.progress = self.progress
        return cast("BaseSchemaEditor", editor)

    def _editor(self, atomic: bool, collect_sql: bool) -> BaseSchemaEditor:
        if self.connection.capabilities.dialect == "sqlite":
            return LenientSQLite(self.connection, atomic=atomic, collect_sql=collect_sql)
        if self.connection.capabilities.dialect == "mysql":
            return ExactMySQL(self.connection, atomic=atomic, collect_sql=collect_sql)
        return super()._schema_editor(atomic, collect_sql)


def _executor(client: BaseDBAsyncClient) -> Executor:
    app = {
        "models": ["models.tables"],
        "migrations": "models.migrations",
        "default_connection": client.connection_name,
    }
    return Executor(client, {APP: app})


async def _apply(client: BaseDBAsyncClient, progress: Progress | None) -> None:
    dialect = client.capabilities.dialect
    if dialect == "sqlite":
        # Rebuilding a table drops it, which would cascade to the rows that refer to it.
        await client.execute_script("PRAGMA foreign_keys = OFF")
    executor = _executor(client)
    executor.progress = progress
    await executor.migrate([MigrationTarget(APP, "__latest__")], direction="forward")
    if dialect == "sqlite":
        await _restore_indexes(client)
        await _check_references(client)
        await client.execute_script("PRAGMA foreign_keys = ON")
    elif dialect == "postgres":
        await _compare_exactly_on_postgres(client)


async def _restore_indexes(client: BaseDBAsyncClient) -> None:
    """Restores the indexes and uniques that Tortoise drops when it rebuilds a SQLite table."""
    for table in TABLES:
        name = table._meta.db_table
        for index in table._meta.indexes:
            if not isinstance(index, Index):
                raise TypeError(f"{name}: an index without a name cannot be restored")
            listed = ", ".join(f'"{column}"' for column in index.field_names)
            await client.execute_script(
                f'CREATE INDEX IF NOT EXISTS "{index.name}" ON "{name}" ({listed})'
            )
        uniques = await _uniques(client, name)
        for columns in table._meta.unique_together:
            if tuple(columns) not in uniques:
                listed = ", ".join(f'"{column}"' for column in columns)
                await client.execute_script(
                    f'CREATE UNIQUE INDEX "{name}_{"_".join(columns)}" ON "{name}" ({listed})'
                )


async def _uniques(client: BaseDBAsyncClient, table: str) -> set[tuple[str, ...]]:
    """The columns of each unique index of a SQLite table."""
    found = set()
    for index in await client.execute_query_dict(f'PRAGMA index_list("{table}")'):
        if index["unique"]:
            columns = await client.execute_query_dict(f'PRAGMA index_info("{index["name"]}")')
            found.add(tuple(column["name"] for column in columns))
    return found


async def _check_references(client: BaseDBAsyncClient) -> None:
    broken = await client.execute_query_dict("PRAGMA foreign_key_check")
    if broken:
        raise RuntimeError(f"rows refer to rows that are gone, in {broken[0]['table']}")


async def _compare_exactly_on_postgres(client: BaseDBAsyncClient) -> None:
    """Makes text compare by code point, for any locale of the server."""
    columns = await client.execute_query_dict(
        "SELECT table_name, column_name, data_type, character_maximum_length AS size "
        "FROM information_schema.columns WHERE table_schema = current_schema() "
        "AND data_type IN ('character varying', 'text') AND collation_name IS DISTINCT FROM 'C'"
    )
    for column in columns:
        size = f"({column['size']})" if column["size"] else ""
        await client.execute_script(
            f'ALTER TABLE "{column["table_name"]}" ALTER COLUMN "{column["column_name"]}" '
            f'TYPE {column["data_type"]}{size} COLLATE "C"'
        )


@asynccontextmanager
async def _locked(client: BaseDBAsyncClient) -> AsyncIterator[None]:
    dialect = client.capabilities.dialect
    locks: dict[str, Any] = {
        "sqlite": _locked_file,
        "postgres": _locked_postgres,
        "mysql": _locked_mysql,
    }
    try:
        async with asyncio.timeout(LOCK_SECONDS) as deadline:
            async with locks[dialect](client):
                deadline.reschedule(None)
                yield
    except TimeoutError:
        raise MigrationLocked("another process has been migrating for too long") from None


@asynccontextmanager
async def _locked_file(client: Any) -> AsyncIterator[None]:
    """A lock file beside the database; the operating system frees it if its holder dies."""
    path = Path(f"{client.filename}.migrate")
    handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(0.05)
        yield
    finally:
        os.close(handle)


@asynccontextmanager
async def _locked_postgres(client: Any) -> AsyncIterator[None]:
    async with client.acquire_connection() as raw:
        await raw.execute("SELECT pg_advisory_lock($1)", POSTGRES_LOCK)
        try:
            yield
        finally:
            await raw.execute("SELECT pg_advisory_unlock($1)", POSTGRES_LOCK)


@asynccontextmanager
async def _locked_mysql(client: Any) -> AsyncIterator[None]:
    async with client.acquire_connection() as raw, raw.cursor() as cursor:
        await cursor.execute(f"SELECT GET_LOCK({MYSQL_LOCK}, %s)", [LOCK_SECONDS])
        if (await cursor.fetchone())[0] != 1:
            raise TimeoutError
        try:
            yield
        finally:
            await cursor.execute(f"SELECT RELEASE_LOCK({MYSQL_LOCK})")
