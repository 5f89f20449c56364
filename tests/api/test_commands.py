"""The command line as an operator uses it: what it says, and with which status it ends."""

import asyncio
import logging
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from graph.commands.cli import app
from tests.support.serving import talking

PROGRAM = str(Path(sys.executable).with_name("ordergraph"))
SECONDS = 60


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing set but a database file in a folder of its own; logging as it was in the end."""
    for name in [name for name in os.environ if name.startswith("ORDERGRAPH_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ORDERGRAPH_DATABASE_URL", f"sqlite://{tmp_path}/shop.sqlite3")
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def run(*arguments: str) -> Result:
    """What the command said, and its exit status."""
    return CliRunner().invoke(app, list(arguments))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


@contextmanager
def server(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A server with all its processes, of which none is left in the end."""
    process = subprocess.Popen([PROGRAM, "serve", *arguments], start_new_session=True)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(SECONDS)


@asynccontextmanager
async def serving(*arguments: str) -> AsyncIterator[tuple[str, Any]]:
    """A server that is ready, at `host:port`, and its process."""
    address = f"127.0.0.1:{free_port()}"
    port = address.partition(":")[2]
    with server("--port", port, *arguments) as process:
        transport = httpx.AsyncHTTPTransport()
        async with httpx.AsyncClient(transport=transport) as http, asyncio.timeout(SECONDS):
            while True:
                try:
                    answer = await http.get(f"http://{address}/readyz")
                    assert answer.status_code == 200
                    break
                except httpx.TransportError:
                    assert process.poll() is None
                    await asyncio.sleep(0.05)
        yield address, process


def test_a_database_is_migrated_once() -> None:
    first = run("migrate")
    assert (first.exit_code, first.stdout.splitlines()[0]) == (0, "Applied 0001_initial.")
    again = run("migrate")
    assert (again.exit_code, again.stdout) == (0, "The database is up to date.\n")


def test_the_doctor_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERGRAPH_PROT", "1")
    ill = run("doctor")
    monkeypatch.delenv("ORDERGRAPH_PROT")
    assert ill.exit_code == 1
    assert f"The database answers: SQLite {sqlite3.sqlite_version}." in ill.stdout
    assert "migrations are pending. Run: ordergraph migrate" in ill.stderr
    assert "ORDERGRAPH_PROT is no setting; is it misspelled?" in ill.stderr
    run("migrate")
    well = run("doctor")
    assert well.exit_code == 0
    assert well.stderr == ""


def database_file() -> Path:
    """The file that the environment names."""
    return Path.cwd() / "shop.sqlite3"


PERIOD = ("--from", "2026-03-01", "--to", "2026-03-31")


@pytest.mark.parametrize(
    "command",
    [
        ("serve",),
        ("demo",),
        ("stock", "verify"),
        ("credit", "verify"),
        ("export", "ledger", *PERIOD),
    ],
)
def test_what_needs_tables_says_how_to_make_them(command: tuple[str, ...]) -> None:
    missing = run(*command)
    assert (missing.exit_code, missing.stdout) == (1, "")
    assert missing.stderr == "There is no such database file. Run: ordergraph migrate\n"
    assert not database_file().exists()
    database_file().touch()
    refused = run(*command)
    assert refused.exit_code == 1
    assert refused.stderr == "The database is not up to date. Run: ordergraph migrate\n"


def test_a_database_that_cannot_be_opened_is_named_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = f"postgres://me:hunter2@127.0.0.1:{free_port()}/shop"
    monkeypatch.setenv("ORDERGRAPH_DATABASE_URL", url)
    refused = run("migrate")
    assert refused.exit_code == 1
    assert refused.stderr.startswith(f"{url.replace('hunter2', '***')} cannot be opened: ")
    assert "hunter2" not in refused.stderr + refused.stdout


@pytest.mark.parametrize(
    ("changed", "arguments"),
    [
        ({"ORDERGRAPH_PORT": "x"}, ("serve",)),
        ({"ORDERGRAPH_ENV": "production"}, ("migrate",)),
        ({}, ("serve", "--port", "0")),
        ({}, ("demo", "--orders", "x")),
        ({}, ("nothing",)),
        ({}, ("import", "/no/such/folder", "--mapping", "/no/such/file")),
        ({}, ("export", "ledger")),
        ({}, ("export", "ledger", "--from", "2026-03-01", "--to", "31.3.2026")),
        ({"ORDERGRAPH_LEDGER_ACCOUNTS": "profit=1"}, ("export", "ledger", *PERIOD)),
    ],
)
def test_misuse_has_a_status_of_its_own(
    monkeypatch: pytest.MonkeyPatch, changed: dict[str, str], arguments: tuple[str, ...]
) -> None:
    for name, value in changed.items():
        monkeypatch.setenv(name, value)
    refused = run(*arguments)
    assert refused.exit_code == 2
    assert isinstance(refused.exception, SystemExit)  # said so, and did not break


def test_the_demo_fills_an_empty_database_only() -> None:
    run("migrate")
    small = ("--orders", "20", "--customers", "5")
    made = run("demo", *small)
    assert made.exit_code == 0
    assert "20 orders" in made.stdout
    kept = run("demo", "--if-empty", *small)
    assert (kept.exit_code, kept.stdout) == (0, "There is data already; it stays as it is.\n")
    assert run("demo", *small).exit_code == 1
    for area in ("stock", "credit"):
        checked = run(area, "verify")
        assert checked.exit_code == 0, checked.stdout


def test_credit_that_drifted_is_told_and_repaired() -> None:
    run("migrate")
    run("demo", "--orders", "20", "--customers", "5")
    with closing(sqlite3.connect(database_file())) as tables, tables:
        tables.execute(
            "UPDATE customer SET lifetime_minor = lifetime_minor + 100"
            " WHERE id = (SELECT MIN(id) FROM customer)"
        )
        code, stored = tables.execute(
            "SELECT code, lifetime_minor FROM customer ORDER BY id LIMIT 1"
        ).fetchone()
    amounts = f"is {stored / 100:.2f}, not {stored / 100 - 1:.2f} EUR"
    for options, repaired, count, status in (([], "", 0, 1), (["--repair"], ", repaired", 1, 0)):
        told = run("credit", "verify", *options)
        assert (told.exit_code, told.stdout.splitlines()) == (
            status,
            [
                f"{code}: lifetime value {amounts}{repaired}",
                f"5 customers compared: 1 differences, {count} repaired.",
            ],
        )
    clean = run("credit", "verify")
    assert (clean.exit_code, clean.stdout) == (
        *(0, "5 customers compared: 0 differences, 0 repaired.\n"),
    )


def test_trusted_documents_are_checked_before_they_are_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = tmp_path / "manifest.json"
    monkeypatch.setenv("ORDERGRAPH_TRUSTED_DOCUMENTS", str(manifest))
    manifest.write_text('{"a": "query Old { ordersOfLastYear }"}')
    assert run("migrate").exit_code == 0
    complaint = (
        "ORDERGRAPH_TRUSTED_DOCUMENTS: document a (query Old { ordersOfLastYear }): "
        "Cannot query field 'ordersOfLastYear' on type 'Query'."
    )
    for command in ("serve", "doctor"):
        refused = run(command)
        assert refused.exit_code == 2
        assert refused.stderr.startswith(complaint)
    manifest.write_text('{"a": "query New { orders(first: 1) { nodes { number } } }"}')
    well = run("doctor")
    assert well.exit_code == 0
    assert "The trusted documents can be run." in well.stdout


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_server_answers_until_it_is_told_to_stop(workers: str) -> None:
    for command in (("migrate",), ("demo", "--orders", "20", "--customers", "5")):
        await asyncio.to_thread(run, *command)
    async with serving("--workers", workers) as (address, process):
        async with httpx.AsyncClient() as http:
            answer = await http.post(
                f"http://{address}/graphql", json={"query": "{ orders(first: 1) { nodes { id } } }"}
            )
        assert len(answer.json()["data"]["orders"]["nodes"]) == 1
        async with talking(address) as talk:
            await talk.begin()
            await talk.subscribe("q", "subscription { orderUpdates(where: {}) { __typename } }")
            heard = await talk.hear()
            assert heard["payload"] == {"data": {"orderUpdates": {"__typename": "Heartbeat"}}}
            process.send_signal(signal.SIGTERM)
            assert (await talk.closed())[0] == 1012
        await asyncio.to_thread(process.wait, 10)


def test_the_schema_is_printed_or_written(tmp_path: Path) -> None:
    printed = run("schema")
    assert printed.exit_code == 0
    assert "type Query {" in printed.stdout
    written = run("schema", "--output", str(tmp_path / "schema.graphql"))
    assert (written.exit_code, written.stdout) == (0, "")
    assert (tmp_path / "schema.graphql").read_text() == printed.stdout
