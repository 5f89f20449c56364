"""Servers that tests stop and start again."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from typing import Final

import pytest

from tests.support import server_programs
from tests.support.databases import Dialect
from tests.support.server_programs import Kind
from tests.support.servers import PrivateServer, give_up, private_server
from tests.support.stoppable_servers import STOPS, Away, away

KINDS: Final[dict[Dialect, Kind]] = {
    "postgres": server_programs.POSTGRES,
    "mariadb": server_programs.MARIADB,
    "mysql": server_programs.MYSQL,
}


@pytest.fixture(scope="module")
def started() -> Iterator[Callable[[Dialect], PrivateServer]]:
    """Servers that nothing else uses, each started when it is first asked for."""
    running: dict[Dialect, PrivateServer] = {}
    with ExitStack() as stopping:

        def of(dialect: Dialect) -> PrivateServer:
            if dialect not in running:
                kind = KINDS[dialect]
                programs = kind.programs()
                if programs is None:
                    give_up(kind.missing())
                running[dialect] = stopping.enter_context(private_server(kind, programs))
            return running[dialect]

        yield of


@pytest.fixture(params=STOPS)
async def server(
    request: pytest.FixtureRequest, started: Callable[[Dialect], PrivateServer]
) -> AsyncIterator[Away]:
    """A server that may be stopped, this process connected to a new database on it."""
    async with away(started(request.param), request.param) as made:
        yield made
