"""A server of ours in processes of its own, as an operator starts it."""

import asyncio
import os
import random
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx

from tests.support.databases import Database
from tests.support.repository import ROOT

START_SECONDS: Final = 60
STOP_SECONDS: Final = 20
SERVING: Final = re.compile(r"^(?=.*\bserving\b).*\bprocess\W{1,2}(\d+)", re.MULTILINE)
"""The line that a process writes into its log when it begins to serve."""
SERVE: Final = f"""
import sys
from graph.server import workers

_, app, _, port, _, count = sys.argv
workers.run(
    app,
    factory=True,
    port=int(port),
    workers=int(count),
    log_level="warning",
    timeout_worker_healthcheck={START_SECONDS},
)
"""
"""Serves another application by processes like the product's."""


class Workers:
    """The processes that serve at one port, as they tell in their log, and who ended them."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.killed: set[int] = set()

    @property
    def serving(self) -> list[int]:
        """Those that have begun to serve and have not ended."""
        begun = {int(process) for process in SERVING.findall(self.log.read_text())}
        return [process for process in sorted(begun - self.killed) if _is_there(process)]

    def kill_one(self, dice: random.Random) -> bool:
        """Whether one was there to be killed, which gave it no time to end anything."""
        serving = self.serving
        if serving:
            chosen = dice.choice(serving)
            os.kill(chosen, signal.SIGKILL)
            self.killed.add(chosen)
        return bool(serving)

    async def all_serve(self, count: int) -> None:
        """Return when so many serve: also those that came after others were killed."""
        for _ in range(START_SECONDS * 20):
            if len(self.serving) >= count:
                return
            await asyncio.sleep(0.05)
        raise AssertionError(self.log.read_text()[-4_000:])

    async def all_end(self) -> None:
        """Return when none serves."""
        for _ in range(STOP_SECONDS * 20):
            if not self.serving:
                return
            await asyncio.sleep(0.05)
        raise AssertionError(self.log.read_text()[-4_000:])


def _is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


class Server:
    """A running server: its address, its process, and questions to it."""

    def __init__(
        self, port: int, process: asyncio.subprocess.Process, client: httpx.AsyncClient, log: Path
    ) -> None:
        self.url = f"http://127.0.0.1:{port}/graphql"
        self.socket_url = f"ws://127.0.0.1:{port}/graphql"
        self.process = process
        self.client = client
        self.log = log
        self.workers = Workers(log)

    async def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        """The data of the answer, which has no top-level errors."""
        body = {"query": document, "variables": variables}
        answer = (await self.client.post(self.url, json=body)).json()
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data

    async def change(self, document: str, **variables: Any) -> dict[str, Any]:
        """The payload of the document's one mutation, refused or not."""
        (payload,) = (await self.ask(document, **variables)).values()
        found: dict[str, Any] = payload
        return found


@asynccontextmanager
async def started(
    database: Database,
    folder: Path,
    *,
    workers: int = 1,
    app: str | None = None,
    run_seconds: int = 10,
) -> AsyncIterator[Server]:
    """Within the block a server works with the database; `app` names another than the product's.

    Where many ask at once, `run_seconds` gives a slow machine the time to answer all of them.
    Everything that it prints is in `server.log` in the folder.
    """
    port = _free_port()
    command = (
        [str(Path(sys.executable).parent / "ordergraph"), "serve"]
        if app is None
        else [sys.executable, "-c", SERVE, app]
    )
    command += ["--port", str(port), "--workers", str(workers)]
    settings = {
        "ORDERGRAPH_DATABASE_URL": database.url,
        "ORDERGRAPH_RUN_SECONDS": str(run_seconds),
        "ORDERGRAPH_SECRET": "a secret of tests, and of nothing else",
        "PYTHONPATH": str(ROOT),
    }
    with (folder / "server.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=folder,
            env=os.environ | settings,
            stdout=log,
            stderr=asyncio.subprocess.STDOUT,
        )
    limits = httpx.Limits(max_connections=None)
    try:
        async with httpx.AsyncClient(limits=limits, timeout=60) as client:
            server = Server(port, process, client, folder / "server.log")
            await _ready(server)
            if workers > 1:
                await server.workers.all_serve(workers)
            yield server
    finally:
        await _stop(process)


async def _ready(server: Server) -> None:
    address = server.url.replace("/graphql", "/readyz")
    async with asyncio.timeout(START_SECONDS):
        while server.process.returncode is None:
            try:
                if (await server.client.get(address)).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.05)
    raise AssertionError(server.log.read_text())


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        raise AssertionError("The server did not stop in time.") from None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
