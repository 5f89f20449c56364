"""The servers that are measured: how each is started, and how it is asked."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx

from benchmarks import company, postgraphile
from benchmarks.postgres import Database
from resolvers.identifiers import to_global

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parent
START_SECONDS: Final = 60
ASK_SECONDS: Final = 60
SECRET: Final = "measured, never served to anybody"  # noqa: S105 - guards nothing

Starter = Callable[[Database, int, Path], tuple[list[str], dict[str, str]]]


def _as_it_is(answer: Any) -> Any:
    return answer


@dataclass(frozen=True)
class Contestant:
    """A server to measure. `start` gives its command and environment for a database and a port."""

    name: str
    start: Starter
    dialect: str = ""
    """The folder of its own documents below queries; most answer the common ones."""
    read: Callable[[Any], Any] = _as_it_is
    """What the data of its answers is in the words of the common documents."""


@dataclass(frozen=True)
class Running:
    """A contestant that answers."""

    contestant: Contestant
    url: str
    process: int

    @property
    def name(self) -> str:
        return self.contestant.name

    def id_of(self, kind: str, key: UUID) -> str:
        """By what it knows an object."""
        return str(key) if self.contestant.dialect else to_global(kind, key)

    def document(self, query: str) -> str:
        """The text that asks it a query."""
        return (HERE / "queries" / self.contestant.dialect / f"{query}.graphql").read_text()

    def body(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """What is posted to ask it a query."""
        return {
            "query": self.document(query),
            "operationName": query,
            "variables": dict(variables),
        }

    def ask(self, query: str, variables: Mapping[str, Any]) -> httpx.Response:
        """The answer to a query, which is one without errors."""
        try:
            answer = httpx.post(self.url, json=self.body(query, variables), timeout=ASK_SECONDS)
        except httpx.TransportError as error:
            raise SystemExit(f"{self.name} does not answer {query}: {error!r}") from None
        if answer.status_code != httpx.codes.OK or "errors" in answer.json():
            raise SystemExit(f"{self.name} fails at {query}: {answer.text[:2_000]}")
        return answer


def ordergraph(workers: int = 1, **settings: str) -> Starter:
    """The product as a user runs it in production, with these settings."""

    def start(database: Database, port: int, _folder: Path) -> tuple[list[str], dict[str, str]]:
        more = {"ORDERGRAPH_ENV": "production", "ORDERGRAPH_SECRET": SECRET, **settings}
        return (
            [company.ORDERGRAPH, "serve", "--port", str(port), "--workers", str(workers)],
            company.surroundings(database.url, **more),
        )

    return start


def _python(module: str, **more: str) -> Starter:
    def start(database: Database, port: int, _folder: Path) -> tuple[list[str], dict[str, str]]:
        app = f"benchmarks.rivals.{module}:app"
        command = [sys.executable, "-m", "uvicorn", app, "--port", str(port), "--no-access-log"]
        found = {"BENCH_DATABASE_URL": database.url, "PYTHONPATH": str(ROOT), **more}
        return [*command, "--log-level", "warning"], os.environ | found

    return start


def _node(module: str) -> Starter:
    def start(database: Database, port: int, folder: Path) -> tuple[list[str], dict[str, str]]:
        home = node_folder(folder)
        # Node looks for packages beside the file that imports them.
        shutil.copyfile(HERE / "rivals" / f"{module}.mjs", home / f"{module}.mjs")
        found = {
            "BENCH_DATABASE_URL": database.url,
            "BENCH_PORT": str(port),
            "NODE_ENV": "production",
            "GRAPHILE_ENV": "production",
        }
        return [str(home / "node_modules/.bin/node"), f"{home}/{module}.mjs"], os.environ | found

    return start


def _postgraphile(database: Database, port: int, folder: Path) -> tuple[list[str], dict[str, str]]:
    database.run((HERE / "rivals" / "postgraphile.sql").read_text())
    return _node("postgraphile")(database, port, folder)


def node_folder(folder: Path) -> Path:
    """Where the pinned packages of Node are; they are installed when they are not there yet."""
    home = folder / "node"
    home.mkdir(parents=True, exist_ok=True)
    lock = HERE / "package-lock.json"
    installed = home / "package-lock.json"
    if not installed.exists() or installed.read_bytes() != lock.read_bytes():
        if shutil.which("npm") is None:
            raise SystemExit(
                "mercurius and postgraphile need npm (Debian and Ubuntu: `apt install npm`); "
                "without it: --only ordergraph,plain,sql"
            )
        shutil.copyfile(HERE / "package.json", home / "package.json")
        shutil.copyfile(lock, home / "package-lock.json.new")
        (home / "package-lock.json.new").rename(home / "package-lock.json")
        try:
            subprocess.run(
                ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"],
                cwd=home,
                check=True,
                stdout=sys.stderr,
            )
        except BaseException:
            installed.unlink()
            raise
    return home


ORDERGRAPH: Final = Contestant("ordergraph", ordergraph())
CONTESTANTS: Final = (
    Contestant("plain", _python("plain")),
    Contestant("plain-tuned", _python("plain", BENCH_TUNED="1")),
    ORDERGRAPH,
    Contestant("ordergraph-reference", ordergraph(ORDERGRAPH_EXECUTOR="reference")),
    Contestant("mercurius", _node("mercurius")),
    Contestant("postgraphile", _postgraphile, "postgraphile", postgraphile.common),
    Contestant("sql", _python("sql")),
)


@contextmanager
def serving(contestant: Contestant, database: Database, folder: Path) -> Iterator[Running]:
    """Within the block the contestant serves the database; what it prints is in a log there."""
    port = _free_port()
    command, environment = contestant.start(database, port, folder)
    log = folder / f"{contestant.name.replace(', ', '-').replace(' ', '-')}.log"
    with log.open("wb") as told:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=told, stderr=subprocess.STDOUT
        )
    try:
        url = f"http://127.0.0.1:{port}/graphql"
        _wait_until_ready(url, process, log)
        yield Running(contestant, url, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if httpx.post(url, json={"query": "{ __typename }"}).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise SystemExit(f"{log.stem} does not start:\n{log.read_text()[-4000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
