"""Servers that tests stop and start again, with a database each."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Final

import pytest

from tests.support import server_programs
from tests.support.databases import Databases, Dialect, connected
from tests.support.server_programs import Kind, Unavailable
from tests.support.servers import PrivateServer, Servers, give_up
from tests.support.stoppable_servers import STOPS, Away

KINDS: Final[dict[Dialect, Kind]] = {
    "postgres": server_programs.POSTGRES,
    "mariadb": server_programs.MARIADB,
    "mysql": server_programs.MYSQL,
}


@pytest.fixture
def started(servers: Servers) -> Iterator[Callable[[Dialect], PrivateServer]]:
    """The servers that this run started. No other test uses them meanwhile: they may be stopped."""
    used: list[PrivateServer] = []

    def of(dialect: Dialect) -> PrivateServer:
        try:
            used.append(servers.private(KINDS[dialect]))
        except Unavailable as reason:
            give_up(reason)
        return used[-1]

    yield of
    for server in used:
        server.revive()


@pytest.fixture(scope="session")
def stoppable(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """Where databases on those servers come from."""
    made = Databases(
        lambda kind: servers.private(kind).url, tmp_path_factory.mktemp("stoppable_databases")
    )
    yield made
    asyncio.run(made.close())


@pytest.fixture(params=STOPS)
async def away(
    request: pytest.FixtureRequest,
    started: Callable[[Dialect], PrivateServer],
    stoppable: Databases,
) -> AsyncIterator[Away]:
    """A migrated database without rows on a server that may be stopped, nobody connected to it."""
    server = started(request.param)
    database = await stoppable.migrated(request.param)
    yield Away(database, server)
    await asyncio.to_thread(server.revive)
    await stoppable.release(database)


@pytest.fixture
async def server(away: Away) -> AsyncIterator[Away]:
    """As `away`, this process connected to the database."""
    async with connected(away.database):
        yield away
