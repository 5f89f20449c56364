"""Opens and closes the database of a URL."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from tortoise import Tortoise, connections
from tortoise.backends.base.client import BaseDBAsyncClient

from services.storage import outages
from services.storage.engines import mysql_or_mariadb

APP: Final = "models"
ENGINES: Final = {
    "sqlite": "services.storage.engines.sqlite",
    "postgres": "services.storage.engines.postgres",
    "postgresql": "services.storage.engines.postgres",
    "mysql": "services.storage.engines.mysql",
    "mariadb": "services.storage.engines.mysql",
}
DEFAULT_PORTS: Final = {"postgres": 5432, "postgresql": 5432, "mysql": 3306, "mariadb": 3306}

SQLITE_PRAGMAS: Final = {
    "journal_mode": "WAL",
    "synchronous": "FULL",
    "busy_timeout": 10_000,
    "foreign_keys": "ON",
}
SERVERS: Final = {
    "sqlite": "SELECT 'SQLite ' || sqlite_version()",
    "postgres": "SELECT 'PostgreSQL ' || split_part(current_setting('server_version'), ' ', 1)",
    "mysql": f"SELECT CONCAT({mysql_or_mariadb.NAME}, SUBSTRING_INDEX(VERSION(), '-', 1))",
}
"""Expressions for the server's name and version."""

WAIT_SECONDS: Final = 5.0
"""The longest wait of a statement or a transaction for a connection."""

# At most this many slow statements run at the same time; fast ones run one by one, see ADR 10.
SQLITE_READERS: Final = 4


class _Opened:
    """The open database. Tortoise looks it up in several steps for each statement."""

    client: Any = None
    dialect: str = ""


_opened: Final = _Opened()


class UnusableDatabaseUrl(ValueError):
    """The URL names no database of a known kind."""


def exists(url: str) -> bool:
    """Whether the file of a SQLite URL exists; True for a server, which only a connection tests."""
    parts = urlsplit(url)
    return parts.scheme.lower() != "sqlite" or Path(unquote(parts.path)).exists()


def credentials(
    url: str, pool_size: int = 10, wait_seconds: float = WAIT_SECONDS
) -> dict[str, Any]:
    """Tortoise's settings for a URL: `sqlite:///abs/file`, `postgres://` or `mysql://`.

    Raises:
        UnusableDatabaseUrl: the scheme is unknown, or the database's name or file is missing.
    """
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    if scheme not in ENGINES:
        known = ", ".join(f"{name}://" for name in ENGINES)
        raise UnusableDatabaseUrl(f"{scheme or 'nothing'}:// is not one of {known}")
    name = unquote(parts.path).removeprefix("/")
    if scheme == "sqlite":
        path = unquote(parts.path)
        if not path.startswith("/") or not name or parts.netloc:
            raise UnusableDatabaseUrl("a SQLite URL is sqlite:///absolute/path/of/the/file")
        readers = min(pool_size, SQLITE_READERS)
        return {
            "file_path": path,
            "readers": readers,
            "wait_seconds": wait_seconds,
            **SQLITE_PRAGMAS,
        }
    if not name:
        raise UnusableDatabaseUrl("the URL ends in no database name")
    reached: dict[str, Any] = {
        "host": unquote(parts.hostname or "127.0.0.1"),
        "port": parts.port or DEFAULT_PORTS[scheme],
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "database": name,
        "maxsize": pool_size,
        "wait_seconds": wait_seconds,
    }
    options = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    if scheme.startswith("postgres"):
        if "host" in options:
            reached["host"] = options["host"]
    else:
        reached["init_command"] = mysql_or_mariadb.SESSION
        if "unix_socket" in options:
            reached["unix_socket"] = options["unix_socket"]
    return reached


def configuration(
    url: str, pool_size: int = 10, wait_seconds: float = WAIT_SECONDS
) -> dict[str, Any]:
    """Tortoise's configuration for our tables on the database of the URL.

    The connection is named after its dialect, because Tortoise caches statements by that name.
    """
    scheme = urlsplit(url).scheme.lower()
    reached = credentials(url, pool_size, wait_seconds)
    connection = ENGINES[scheme].rpartition(".")[2]
    return {
        "connections": {connection: {"engine": ENGINES[scheme], "credentials": reached}},
        "apps": {
            APP: {
                "models": ["models.tables"],
                "default_connection": connection,
                "migrations": "models.migrations",
            }
        },
        "use_tz": True,
        "timezone": "UTC",
    }


async def connect(url: str, pool_size: int = 10, wait_seconds: float = WAIT_SECONDS) -> None:
    """Opens the database for this process. `disconnect` must follow, or the process hangs.

    At most `pool_size` connections are open at the same time; a statement waits for one for at most
    `wait_seconds`.
    """
    settings = configuration(url, pool_size, wait_seconds)
    if urlsplit(url).scheme.lower() == "sqlite":
        _make_private(Path(unquote(urlsplit(url).path)))
    await Tortoise.init(config=settings, _enable_global_fallback=True)
    _opened.client = connection()
    _opened.dialect = _opened.client.capabilities.dialect


def _make_private(file: Path) -> None:
    """Makes a missing SQLite file readable by its owner only; SQLite makes `-wal` and `-shm` alike.

    An existing file keeps its mode: an operator may have given it to a group.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


async def disconnect() -> None:
    """Closes all connections of this process."""
    await Tortoise.close_connections()
    outages.forget()


def connection() -> BaseDBAsyncClient:
    """The open database, or the current task's transaction on it."""
    client: BaseDBAsyncClient = connections.get(next(iter(connections.db_config)))
    return client


def dialect() -> str:
    """`sqlite`, `postgres` or `mysql`, which stands for MariaDB too."""
    return _opened.dialect


async def server() -> str:
    """The database server with its version: `MySQL 9.7.4`."""
    ((name,),) = await fetch(SERVERS[dialect()], [])
    return str(name)


async def fetch(sql: str, values: Sequence[Any]) -> Sequence[Sequence[Any]]:
    """The rows of a query, each with its columns in order, as the driver gives them.

    It reads outside the current task's transaction, if there is one.
    """
    rows: Sequence[Sequence[Any]] = await _opened.client.fetch_rows(sql, values)
    return rows
