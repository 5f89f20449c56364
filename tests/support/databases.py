"""Scratch databases for tests: migrated once in a test run, then copied or emptied.

Their names are random, and nothing but them is changed on a server that the environment names.
"""

import secrets
import shutil
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final, Literal, get_args
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import asyncmy
import asyncpg

from services.operations.migrations import migrate
from services.storage import database as service
from tests.support import server_programs
from tests.support.server_programs import Kind

Dialect = Literal["sqlite", "postgres", "mariadb", "mysql"]
DIALECTS: Final[tuple[Dialect, ...]] = get_args(Dialect)

# A locale that sorts `a` before `B`, unlike SQLite, where the server knows it: whoever relies on
# the server's own order is found out here and not at the first customer.
POSTGRES_LOCALE: Final = "TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"


@dataclass(frozen=True, slots=True)
class Database:
    """A database of one test. `url` is what `ORDERGRAPH_DATABASE_URL` would hold."""

    url: str
    dialect: Dialect

    @property
    def name(self) -> str:
        """Its name on the server, or the path of its file."""
        path = unquote(urlsplit(self.url).path)
        return path if self.dialect == "sqlite" else path.removeprefix("/")


class Databases:
    """Makes the scratch databases of a test run on the servers at the URLs that `url_of` gives.

    `folder` holds the SQLite files.
    """

    def __init__(self, url_of: Callable[[Kind], str], folder: Path) -> None:
        self._makers: dict[Dialect, _Maker] = {
            "sqlite": _SqliteMaker(folder),
            "postgres": _PostgresMaker(url_of),
            "mariadb": _MariadbMaker(url_of),
            "mysql": _MysqlMaker(url_of),
        }

    async def empty(self, dialect: Dialect) -> Database:
        """A new database without any table."""
        return await self._makers[dialect].empty()

    async def migrated(self, dialect: Dialect) -> Database:
        """A database with all tables and no rows but those of the migrations.

        Servers give the same one every time, because making tables takes them half a second and
        more: only one test at a time may hold it.
        """
        return await self._makers[dialect].migrated()

    async def release(self, database: Database) -> None:
        """Drop a database, unless the next test gets it emptied."""
        await self._makers[database.dialect].release(database)

    async def close(self) -> None:
        """Drop all that is left."""
        for maker in self._makers.values():
            await maker.close()


_opened: Final[list[Database]] = []


@asynccontextmanager
async def connected(database: Database) -> AsyncIterator[Database]:
    """Within the block this process is connected to the database."""
    await service.connect(database.url)
    _opened.append(database)
    try:
        yield database
    finally:
        _opened.remove(database)
        await service.disconnect()


def opened() -> Database:
    """The database that this process is connected to."""
    return _opened[-1]


def _new_name() -> str:
    return f"ordergraph_test_{secrets.token_hex(6)}"


class _Maker(ABC):
    @abstractmethod
    async def empty(self) -> Database: ...

    @abstractmethod
    async def migrated(self) -> Database: ...

    @abstractmethod
    async def release(self, database: Database) -> None: ...

    @abstractmethod
    async def close(self) -> None: ...


class _SqliteMaker(_Maker):
    """Each test gets a copy of one migrated file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.template: Database | None = None

    async def empty(self) -> Database:
        path = quote(str(self.folder / _new_name()))
        return Database(f"sqlite://{path}.sqlite3", "sqlite")

    async def migrated(self) -> Database:
        if self.template is None:
            template = await self.empty()
            async with connected(template):
                await migrate()
            self.template = template
        copy = await self.empty()
        shutil.copyfile(self.template.name, copy.name)
        return copy

    async def release(self, database: Database) -> None:
        for file in self.folder.glob(f"{Path(database.name).name}*"):
            file.unlink()

    async def close(self) -> None:
        """Nothing: pytest removes the folder in its own time."""


class _ServerMaker(_Maker):
    """All tests share one migrated database, which is emptied between them.

    The rows that the migrations left are kept aside and put back.
    """

    dialect: ClassVar[Dialect]
    kind: ClassVar[Kind]

    def __init__(self, url_of: Callable[[Kind], str]) -> None:
        self.url_of = url_of
        self.made: set[Database] = set()
        self.shared: Database | None = None
        self.tables: list[str] = []
        self.seeded: list[str] = []

    @property
    def server(self) -> str:
        return self.url_of(self.kind)

    async def empty(self) -> Database:
        name = _new_name()
        await self.create(name)
        parts = urlsplit(self.server)
        made = Database(urlunsplit(parts._replace(path=f"/{name}")), self.dialect)
        self.made.add(made)
        return made

    async def migrated(self) -> Database:
        if self.shared is None:
            first = await self.empty()
            async with connected(first):
                await migrate()
            await self.remember(first)
            self.shared = first
        else:
            await self.reset(self.shared)
        return self.shared

    async def release(self, database: Database) -> None:
        if database != self.shared:
            await self.drop(database)
            self.made.remove(database)

    async def close(self) -> None:
        for database in self.made:
            await self.drop(database)

    @abstractmethod
    async def create(self, name: str) -> None: ...

    @abstractmethod
    async def drop(self, database: Database) -> None: ...

    @abstractmethod
    async def remember(self, database: Database) -> None:
        """Note the tables, and keep a copy of the rows in them."""

    @abstractmethod
    async def reset(self, database: Database) -> None:
        """End what the last test left running, and bring back the rows as remembered."""


class _PostgresMaker(_ServerMaker):
    dialect = "postgres"
    kind = server_programs.POSTGRES

    async def create(self, name: str) -> None:
        try:
            await _run_on_postgres(self.server, f'CREATE DATABASE "{name}" {POSTGRES_LOCALE}')
        except asyncpg.FeatureNotSupportedError:
            # Built without ICU, as the wheel is.
            await _run_on_postgres(self.server, f'CREATE DATABASE "{name}" TEMPLATE template0')

    async def drop(self, database: Database) -> None:
        await _run_on_postgres(self.server, f'DROP DATABASE "{database.name}" WITH (FORCE)')

    async def remember(self, database: Database) -> None:
        connection = await asyncpg.connect(database.url)
        try:
            listed = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            self.tables = [row["tablename"] for row in await connection.fetch(listed)]
            await connection.execute("CREATE SCHEMA seed")
            for table in self.tables:
                copied = await connection.execute(
                    f'CREATE TABLE seed."{table}" AS TABLE public."{table}"'
                )
                if copied != "SELECT 0":
                    self.seeded.append(table)
        finally:
            await connection.close()

    async def reset(self, database: Database) -> None:
        await _run_on_postgres(
            database.url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        seeds = [f'INSERT INTO "{name}" TABLE seed."{name}"' for name in self.seeded]
        # A superuser may put foreign keys aside. Others truncate, which takes ten times as long.
        deletes = ["SET session_replication_role = replica"]
        deletes += [f'DELETE FROM "{name}"' for name in self.tables]
        truncate = f"TRUNCATE {', '.join(self.tables)}"
        try:
            await _run_on_postgres(database.url, "; ".join([*deletes, *seeds]))
        except asyncpg.InsufficientPrivilegeError:
            await _run_on_postgres(database.url, "; ".join([truncate, *seeds]))


class _MariadbMaker(_ServerMaker):
    dialect: ClassVar[Dialect] = "mariadb"
    kind = server_programs.MARIADB

    async def create(self, name: str) -> None:
        await self._run(f"CREATE DATABASE `{name}`")

    async def drop(self, database: Database) -> None:
        await self._run(f"DROP DATABASE `{database.name}`")
        if database == self.shared:
            await self._run(f"DROP DATABASE `{database.name}_seed`")

    async def remember(self, database: Database) -> None:
        name = database.name
        rows = await self._run(
            f"SELECT table_name FROM information_schema.tables WHERE table_schema = '{name}'"
        )
        self.tables = [table for (table,) in rows]
        await self._run(f"CREATE DATABASE `{name}_seed`")
        for table in self.tables:
            if await self._run(f"SELECT 1 FROM `{name}`.`{table}` LIMIT 1"):
                await self._run(
                    f"CREATE TABLE `{name}_seed`.`{table}` AS SELECT * FROM `{name}`.`{table}`"
                )
                self.seeded.append(table)

    async def reset(self, database: Database) -> None:
        name = database.name
        for number, _, _, used, *_ in await self._run("SHOW PROCESSLIST"):
            if used == name:
                with suppress(asyncmy.errors.OperationalError):  # it has just left by itself
                    await self._run(f"KILL {number}")
        await self._run(
            "SET foreign_key_checks = 0",
            *(f"DELETE FROM `{name}`.`{table}`" for table in self.tables),
            *(
                f"INSERT INTO `{name}`.`{table}` SELECT * FROM `{name}_seed`.`{table}`"
                for table in self.seeded
            ),
        )

    async def _run(self, *statements: str) -> list[Any]:
        """The rows of the last statement."""
        parts = urlsplit(self.server)
        connection = await asyncmy.connect(
            host=parts.hostname,
            port=parts.port or 3306,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            autocommit=True,
        )
        try:
            async with connection.cursor() as cursor:
                for statement in statements:
                    await cursor.execute(statement)
                return list(await cursor.fetchall())
        finally:
            await connection.ensure_closed()


class _MysqlMaker(_MariadbMaker):
    dialect = "mysql"
    kind = server_programs.MYSQL


async def _run_on_postgres(url: str, statements: str) -> None:
    """All of them in one transaction."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statements)
    finally:
        await connection.close()
