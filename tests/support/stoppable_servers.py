"""A database on a server that a test stops and starts."""

import asyncio
import secrets
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from services.operations.migrations import migrate
from services.storage import database as service
from tests.support.databases import Database, Dialect, connected
from tests.support.servers import PrivateServer

STOPS: Final[dict[Dialect, int]] = {
    "postgres": signal.SIGINT,
    "mariadb": signal.SIGKILL,
    "mysql": signal.SIGKILL,
}


@dataclass(frozen=True)
class Away:
    """A migrated database, and its server."""

    database: Database
    server: PrivateServer

    async def stop(self) -> None:
        """PostgreSQL ends its connections; MariaDB and MySQL are killed."""
        await asyncio.to_thread(self.server.stop, STOPS[self.database.dialect])

    async def start(self) -> None:
        """Return when it answers."""
        await asyncio.to_thread(self.server.start)


@asynccontextmanager
async def away(server: PrivateServer, dialect: Dialect) -> AsyncIterator[Away]:
    """Within the block this process is connected to a new database on the server."""
    name = f"outage_{secrets.token_hex(4)}"
    async with connected(Database(server.url, dialect)):
        await service.connection().execute_script(f"CREATE DATABASE {name}")
    url = urlunsplit(urlsplit(server.url)._replace(path=f"/{name}"))
    async with connected(Database(url, dialect)) as database:
        await migrate()
        yield Away(database, server)
