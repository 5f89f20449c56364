"""Databases for whatever writes: on a private server, or on one that is named."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit, urlunsplit

import asyncmy

from benchmarks import company, postgres
from tests.support import server_programs, servers

ENGINES: Final = {
    "postgres": "postgres",
    "postgresql": "postgres",
    "mysql": "mariadb",
    "mariadb": "mariadb",
    "sqlite": "sqlite",
}
PRIVATE: Final = {
    "mariadb": (server_programs.MARIADB, "--innodb-log-file-size=512M"),
    "mysql": (server_programs.MYSQL, "--innodb-redo-log-capacity=512M"),
}


@dataclass(frozen=True)
class Store:
    """A database, and the main process of its server, where that is ours."""

    url: str
    main_process: int | None = None

    @property
    def engine(self) -> str:
        """`postgres`, `mariadb`, which may be MySQL, or `sqlite`."""
        return ENGINES[urlsplit(self.url).scheme]


@contextmanager
def serving(wish: str, folder: Path) -> Iterator[Store]:
    """Within the block there is a server: the one of a URL, or a private one of an engine.

    A private one is gone with its rows afterwards.
    """
    engine = ENGINES.get(urlsplit(wish).scheme or wish)
    if engine is None:
        raise SystemExit(
            f"{wish} is none of postgres, mariadb, mysql and sqlite, and no URL of theirs."
        )
    if "://" in wish:
        yield Store(wish)
    elif engine == "sqlite":
        yield Store(f"sqlite://{folder.resolve()}/any.sqlite3")
    elif engine == "postgres":
        with postgres.running() as server:
            yield Store(server.url, server.main_process)
    else:
        with _private(*PRIVATE[wish]) as store:
            yield store


@contextmanager
def _private(kind: server_programs.Kind, option: str) -> Iterator[Store]:
    programs = kind.programs()
    if programs is None:
        raise SystemExit(f"There is no {kind.name}: {kind.advice}.")
    places: list[server_programs.Place] = []

    def launch(found: Path, place: server_programs.Place) -> server_programs.Launch:
        places.append(place)
        usual = kind.launch(found, place)
        return replace(usual, serve=[*usual.serve, "--innodb-buffer-pool-size=512M", option])

    with servers.private_server(replace(kind, launch=launch), programs) as server:
        yield Store(server.url, int((places[-1].folder / "pid").read_text()))


def fresh(server: Store, name: str, folder: Path) -> Store:
    """A new migrated database of that name; one that had the name before is dropped."""
    parts = urlsplit(server.url)
    url = urlunsplit(parts._replace(path=f"/{name}"))
    if server.engine == "postgres":
        database = postgres.Database(server.url)
        database.value(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        database.value(f'CREATE DATABASE "{name}"')
    elif server.engine == "mariadb":
        asyncio.run(_remake_on_mariadb(server, name))
    else:
        file = Path(unquote(parts.path)).with_name(f"{name}.sqlite3")
        for each in file.parent.glob(f"{file.name}*"):
            each.unlink()
        url = f"sqlite://{file}"
    store = replace(server, url=url)
    ordergraph(store, folder, "migrate")
    return store


async def _remake_on_mariadb(server: Store, name: str) -> None:
    parts = urlsplit(server.url)
    connection = await asyncmy.connect(
        host=parts.hostname,
        port=parts.port or 3306,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )
    try:
        async with connection.cursor() as cursor:
            await cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")
            await cursor.execute(f"CREATE DATABASE `{name}`")
    finally:
        await connection.ensure_closed()


def ordergraph(store: Store, folder: Path, *command: str) -> str:
    """What a command of ours says about the database; one that fails ends the program."""
    done = subprocess.run(
        [company.ORDERGRAPH, *command],
        cwd=folder,
        env=company.surroundings(store.url),
        capture_output=True,
        text=True,
        check=False,
    )
    told = f"{done.stdout}{done.stderr}".strip()
    if done.returncode:
        raise SystemExit(f"ordergraph {' '.join(command)}:\n{told}")
    print(told, file=sys.stderr)
    return told
