"""A database on a server that a test stops and starts."""

import asyncio
import signal
from dataclasses import dataclass
from typing import Final

from tests.support.databases import Database, Dialect
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
