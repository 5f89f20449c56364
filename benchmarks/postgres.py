"""The database that all are measured on: named by the environment, or private, short-lived."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import asyncpg

from tests.support import server_programs, servers

VARIABLE: Final = "ORDERGRAPH_BENCH_POSTGRES_URL"
EXTENSIONS: Final = ("pg_stat_statements", "auto_explain")

# The same for all contestants: so much memory that nobody waits for a disk or a checkpoint.
SETTINGS: Final = {
    "timezone": "UTC",
    "shared_buffers": "512MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "512MB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "1h",
    "synchronous_commit": "off",
    "jit": "off",
    "pg_stat_statements.track_utility": "on",
}


@dataclass(frozen=True)
class Database:
    """A PostgreSQL: its URL, and, where it is ours, the process to look at and the log to read."""

    url: str
    main_process: int | None = None
    log: Path | None = None

    def ask(self, statement: str, *values: Any) -> list[Any]:
        """The rows that one statement gives."""
        rows: list[Any] = asyncio.run(_run(self.url, "fetch", statement, *values))
        return rows

    def value(self, statement: str, *values: Any) -> Any:
        """The first value of the first row."""
        return asyncio.run(_run(self.url, "fetchval", statement, *values))

    def run(self, statements: str) -> None:
        """Run several statements, which give no rows."""
        asyncio.run(_run(self.url, "execute", statements))

    def named(self, name: str) -> "Database":
        """Another database of the same server."""
        return replace(self, url=f"{self.url.rpartition('/')[0]}/{name}")

    def calls(self) -> dict[int, int]:
        """How often each statement ran since the last reset, by the number PostgreSQL gives it."""
        rows = self.ask(
            "SELECT queryid, sum(calls)::int AS calls FROM pg_stat_statements "
            "JOIN pg_database ON pg_database.oid = dbid "
            "WHERE datname = current_database() GROUP BY queryid"
        )
        return {row["queryid"]: row["calls"] for row in rows}

    @property
    def counts_statements(self) -> bool:
        """Whether the server tells what statements it ran."""
        return bool(self.value("SELECT 1 FROM pg_extension WHERE extname = 'pg_stat_statements'"))


async def _run(url: str, method: str, statement: str, *values: Any) -> Any:
    connection = await asyncpg.connect(url)
    try:
        return await getattr(connection, method)(statement, *values, timeout=3_600)
    finally:
        await connection.close()


@contextmanager
def running() -> Iterator[Database]:
    """Within the block a server is there; a private one is gone with its rows afterwards."""
    named = os.environ.get(VARIABLE)
    if named:
        yield Database(named)
        return
    programs = server_programs.POSTGRES.programs()
    if programs is None:
        raise SystemExit(
            f"There is no PostgreSQL: {server_programs.POSTGRES.advice}, or set {VARIABLE}."
        )
    places: list[server_programs.Place] = []

    def launch(found: Path, place: server_programs.Place) -> server_programs.Launch:
        places.append(place)
        return _launch(found, place)

    kind = replace(server_programs.POSTGRES, variable=VARIABLE, launch=launch)
    with servers.private_server(kind, programs) as server:
        store = places[-1].folder / "store"
        process = int((store / "postmaster.pid").read_text().split()[0])
        yield Database(server.url, process, store / "log" / "postgresql.log")


def _launch(programs: Path, place: server_programs.Place) -> server_programs.Launch:
    """The server of the tests with the settings and extensions of benchmarks."""
    usual = server_programs.POSTGRES.launch(programs, place)
    library = Path(programs).parent
    found = [name for name in EXTENSIONS if any(library.rglob(f"{name}.so"))]
    settings = {
        **SETTINGS,
        "shared_preload_libraries": ",".join(found),
        "logging_collector": "on",
        "log_filename": "postgresql.log",
    }
    options = [option for key, value in settings.items() for option in ("-c", f"{key}={value}")]
    return replace(usual, serve=[*usual.serve, *options])
