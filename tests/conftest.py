"""Fixtures of all tests: servers and databases that are real, private and quick to get."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from tests.support import lanes, server_programs
from tests.support.databases import DIALECTS, Database, Databases, Dialect, connected
from tests.support.server_programs import Unavailable
from tests.support.servers import Servers, give_up


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what `make test` leaves to `make test-all`, before marks are chosen by."""
    lanes.mark(items)


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """The servers of this run, each looked for when it is first needed."""
    found = Servers()
    yield found
    found.close()


@pytest.fixture(scope="session")
def databases(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """Where tests get databases from that are not the one of `database`."""
    made = Databases(servers.url, tmp_path_factory.mktemp("databases"))
    yield made
    asyncio.run(made.close())


@asynccontextmanager
async def _migrated(databases: Databases, dialect: Dialect) -> AsyncIterator[Database]:
    try:
        database = await databases.migrated(dialect)
    except Unavailable as reason:
        give_up(reason)
    try:
        async with connected(database):
            yield database
    finally:
        await databases.release(database)


@pytest.fixture(params=DIALECTS)
async def database(request: pytest.FixtureRequest, databases: Databases) -> AsyncIterator[Database]:
    """A migrated database without rows, this process connected to it; one run a dialect."""
    async with _migrated(databases, request.param) as made:
        yield made


@pytest.fixture
async def sqlite_database(databases: Databases) -> AsyncIterator[Database]:
    """As `database`, on SQLite only: for what does not depend on the dialect."""
    async with _migrated(databases, "sqlite") as made:
        yield made


@pytest.fixture
async def postgres_database(databases: Databases) -> AsyncIterator[Database]:
    """As `database`, on PostgreSQL only: for what several processes or many writers do."""
    async with _migrated(databases, "postgres") as made:
        yield made


@pytest.fixture
async def mariadb_database(databases: Databases) -> AsyncIterator[Database]:
    """As `database`, on MariaDB only."""
    async with _migrated(databases, "mariadb") as made:
        yield made


@pytest.fixture
async def mysql_database(databases: Databases) -> AsyncIterator[Database]:
    """As `database`, on MySQL only."""
    async with _migrated(databases, "mysql") as made:
        yield made


@pytest.fixture(params=DIALECTS)
async def empty_database(
    request: pytest.FixtureRequest, databases: Databases
) -> AsyncIterator[Database]:
    """A database without any table, and nobody connected to it; one run a dialect."""
    try:
        database = await databases.empty(request.param)
    except Unavailable as reason:
        give_up(reason)
    yield database
    await databases.release(database)


@pytest.fixture(scope="session")
def redis_url(servers: Servers) -> str:
    """A Redis for tests. Several tests share it: prefix what you write."""
    try:
        return servers.url(server_programs.REDIS)
    except Unavailable as reason:
        give_up(reason)
