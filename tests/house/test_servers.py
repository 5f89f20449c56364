"""The servers and databases of the tests themselves."""

import dataclasses
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from models.events import Feed
from models.numbering import NumberCounter
from services.storage.database import connection, server
from tests.support import server_programs
from tests.support.databases import DIALECTS, Database, Databases, Dialect, connected
from tests.support.repository import ROOT
from tests.support.server_programs import MARIADB, MYSQL, POSTGRES, REDIS, Unavailable
from tests.support.servers import Servers, give_up, private_server
from tests.support.statements import counted

NOWHERE = dataclasses.replace(MARIADB, programs=lambda: None)


@pytest.mark.parametrize("kind", [POSTGRES, MARIADB, MYSQL, REDIS], ids=lambda kind: kind.name)
def test_a_named_server_is_taken_as_it_is(
    kind: server_programs.Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(kind.variable, "scheme://of/the/user")
    assert Servers().url(kind) == "scheme://of/the/user"


def test_a_missing_server_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(MARIADB.variable, raising=False)
    with pytest.raises(Unavailable, match=r"apt install mariadb-server.*_TEST_MARIADB_URL"):
        Servers().url(NOWHERE)


def test_a_missing_server_skips_a_test_and_fails_it_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception):
        give_up(Unavailable("no server"))
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception):
        give_up(Unavailable("no server"))


def test_a_missing_mysql_skips_a_test_in_ci_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.delenv(MYSQL.variable, raising=False)
    nowhere = dataclasses.replace(MYSQL, programs=lambda: None)
    with pytest.raises(Unavailable, match=r"no MySQL: run `\.ci/fetch_mysql\.sh`") as missing:
        Servers().url(nowhere)
    with pytest.raises(pytest.skip.Exception, match="no MySQL"):
        give_up(missing.value)


def test_a_fetched_mysql_lies_where_the_environment_or_the_users_cache_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ORDERGRAPH_TEST_MYSQL_FOLDER", str(tmp_path / "named"))
    assert server_programs.fetched_mysql() == tmp_path / "named"
    monkeypatch.delenv("ORDERGRAPH_TEST_MYSQL_FOLDER")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert server_programs.fetched_mysql() == tmp_path / "ordergraph" / "mysql-server"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert server_programs.fetched_mysql() == tmp_path / ".cache" / "ordergraph" / "mysql-server"


def test_a_server_ends_with_the_test_run_that_was_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(REDIS.variable, raising=False)
    program = (
        "import sys; from tests.support import server_programs, servers\n"
        "run = servers.Servers()\n"
        "print(run.url(server_programs.REDIS), flush=True)\n"
        "sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as run:
        assert run.stdout is not None
        url = urlsplit(run.stdout.readline().decode().strip())
        with socket.create_connection((url.hostname, url.port), timeout=30) as watch:
            os.kill(run.pid, signal.SIGKILL)
            assert watch.recv(1) == b""  # the server closed the connection


async def test_the_postgresql_of_the_wheel_serves() -> None:
    programs = server_programs.postgres_of_the_wheel()
    assert programs is not None
    with private_server(POSTGRES, programs) as server:
        client = await asyncpg.connect(server.url)
        assert await client.fetchval("SELECT 6 * 7") == 42
        await client.close()


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_test_finds_no_trace_of_the_one_before(
    dialect: Dialect, databases: Databases
) -> None:
    try:
        first = await databases.migrated(dialect)
    except Unavailable as reason:
        give_up(reason)
    async with connected(first):
        seeded = await Feed.all().values()
        assert seeded
        await NumberCounter.create(scope="orders", value=7)
        await Feed.all().update(last_position=99)
    await databases.release(first)
    second = await databases.migrated(dialect)
    async with connected(second):
        assert await NumberCounter.all().count() == 0
        assert await Feed.all().values() == seeded
    await databases.release(second)


async def test_a_database_says_which_it_is(database: Database) -> None:
    names = {"sqlite": "SQLite", "postgres": "PostgreSQL", "mariadb": "MariaDB", "mysql": "MySQL"}
    name, version = (await server()).split(" ")
    assert name == names[database.dialect]
    assert re.fullmatch(r"[\d.]+", version)


async def test_statements_are_counted_one_by_one(database: object) -> None:
    with counted() as statements:
        await NumberCounter.bulk_create(
            [NumberCounter(scope=f"scope {n}", value=n) for n in range(3)]
        )
        await NumberCounter.filter(scope="scope 1").update(value=5)
        assert await NumberCounter.all().count() == 3
        await connection().execute_query_dict("SELECT 1")
        await NumberCounter.all().delete()
    sent = [text.split()[0] for text in statements]
    assert sent == ["INSERT", "UPDATE", "SELECT", "SELECT", "DELETE"]
    await NumberCounter.all().count()
    assert len(statements) == 5
