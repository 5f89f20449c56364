"""Scratch databases for tests: each migrated once in a test run, then copied or emptied.

Their names are random, and nothing but them is changed on a server that the environment names.
"""

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, get_args
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import asyncmy
import asyncpg

from services import database as service
from tests.support import kinds
from tests.support.servers import Servers

Dialect = Literal["sqlite", "postgres", "mariadb"]
DIALECTS: Final[tuple[Dialect, ...]] = get_args(Dialect)

# A locale that sorts `a` before `B`, unlike SQLite, where the server knows it: whoever relies on
# the server's own order is found out here and not at the first customer.
POSTGRES_LOCALE: Final = "TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"


@dataclass(frozen=True, slots=True)
class Database:
    """A database of one test. `url` is what `ORDERGRAPH_DATABASE_URL` would hold."""

    url: str
    dialect: Dialect


@dataclass(slots=True)
class Databases:
    """Makes the scratch databases of a test run; `folder` holds the SQLite files."""

    servers: Servers
    folder: Path
    _templates: dict[Dialect, Database] = field(default_factory=dict)
    _made: list[Database] = field(default_factory=list)
    _emptied: Database | None = None

    async def empty(self, dialect: Dialect) -> Database:
        """A new database without any table."""
        name = _new_name()
        if dialect == "sqlite":
            return self._made_at(f"sqlite://{quote(str(self.folder / name))}.sqlite3", dialect)
        server = self._server(dialect)
        if dialect == "postgres":
            await _create_on_postgres(server, name)
        else:
            await _run_on_mariadb(server, f"CREATE DATABASE `{name}`")
        return self._made_at(_with_name(server, name), dialect)

    async def migrated(self, dialect: Dialect) -> Database:
        """A database with all tables and no rows but those of the migrations.

        On MariaDB it is the same one every time, because making its tables anew takes a second:
        only one test at a time may hold it.
        """
        template = await self._template(dialect)
        match dialect:
            case "sqlite":
                copy = await self.empty("sqlite")
                shutil.copyfile(_file_of(template), _file_of(copy))
                return copy
            case "postgres":
                name, source = _new_name(), _name_of(template)
                server = self._server("postgres")
                await _run_on_postgres(server, f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
                return self._made_at(_with_name(server, name), "postgres")
            case "mariadb":
                return await self._emptied_on_mariadb(template)

    async def release(self, database: Database) -> None:
        """Drop a database, unless the next test gets it emptied."""
        if database == self._emptied:
            return
        self._made.remove(database)
        match database.dialect:
            case "sqlite":
                for file in self.folder.glob(f"{_file_of(database).name}*"):
                    file.unlink()
            case "postgres":
                server = self._server("postgres")
                name = _name_of(database)
                await _run_on_postgres(server, f'DROP DATABASE "{name}" WITH (FORCE)')
            case "mariadb":
                server = self._server("mariadb")
                await _run_on_mariadb(server, f"DROP DATABASE `{_name_of(database)}`")

    def close(self) -> None:
        """Drop all that is left."""
        asyncio.run(self._release_all())

    async def _release_all(self) -> None:
        self._emptied = None
        for database in list(self._made):
            await self.release(database)

    async def _template(self, dialect: Dialect) -> Database:
        if dialect not in self._templates:
            template = await self.empty(dialect)
            async with connected(template):
                await migrate()
            self._templates[dialect] = template
        return self._templates[dialect]

    def _server(self, dialect: Literal["postgres", "mariadb"]) -> str:
        return self.servers.url(kinds.POSTGRES if dialect == "postgres" else kinds.MARIADB)

    def _made_at(self, url: str, dialect: Dialect) -> Database:
        made = Database(url, dialect)
        self._made.append(made)
        return made

    async def _emptied_on_mariadb(self, template: Database) -> Database:
        if self._emptied is None:
            self._emptied = await self.empty("mariadb")
            async with connected(self._emptied):
                await migrate()
        name, source = _name_of(self._emptied), _name_of(template)
        server = self._server("mariadb")
        tables = await _run_on_mariadb(
            server,
            f"SELECT table_name FROM information_schema.tables WHERE table_schema = '{name}'",
        )
        statements = ["SET foreign_key_checks = 0"]
        for (table,) in tables:
            statements.append(f"DELETE FROM `{name}`.`{table}`")
            statements.append(f"INSERT INTO `{name}`.`{table}` SELECT * FROM `{source}`.`{table}`")
        await _run_on_mariadb(server, *statements)
        return self._emptied


@asynccontextmanager
async def connected(database: Database) -> AsyncIterator[Database]:
    """Within the block this process is connected to the database."""
    await service.connect(database.url)
    try:
        yield database
    finally:
        await service.disconnect()


async def _create_on_postgres(server: str, name: str) -> None:
    try:
        await _run_on_postgres(server, f'CREATE DATABASE "{name}" {POSTGRES_LOCALE}')
    except asyncpg.FeatureNotSupportedError:
        # Built without ICU, as the wheel is.
        await _run_on_postgres(server, f'CREATE DATABASE "{name}" TEMPLATE template0')


async def migrate() -> None:
    from services import migrations

    await migrations.migrate()


async def _run_on_postgres(server: str, statement: str) -> None:
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def _run_on_mariadb(server: str, *statements: str) -> list[Any]:
    """The rows of the last statement."""
    parts = urlsplit(server)
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


def _new_name() -> str:
    return f"ordergraph_test_{secrets.token_hex(6)}"


def _with_name(server: str, name: str) -> str:
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))


def _name_of(database: Database) -> str:
    return urlsplit(database.url).path.removeprefix("/")


def _file_of(database: Database) -> Path:
    return Path(unquote(urlsplit(database.url).path))
