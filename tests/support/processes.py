"""A server of ours in processes of its own, as an operator starts it."""

import asyncio
import os
import re
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


class Server:
    """A running server: its address, its process, and questions to it."""

    def __init__(
        self, port: int, process: asyncio.subprocess.Process, client: httpx.AsyncClient
    ) -> None:
        self.url = f"http://127.0.0.1:{port}/graphql"
        self.socket_url = f"ws://127.0.0.1:{port}/graphql"
        self.process = process
        self.client = client

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


def workers_of(supervisor: int, log: Path) -> list[int]:
    """The processes that serve for the one that was started, as Linux and their log tell it.

    One that has ended, or has not begun to serve, is not among them.
    """
    proc = Path("/proc")
    children = (proc / str(supervisor) / "task" / str(supervisor) / "children").read_text().split()
    alive = {int(each) for each in children if (proc / each / "cmdline").read_bytes()}
    return sorted(alive & {int(process) for process in SERVING.findall(log.read_text())})


@asynccontextmanager
async def started(
    database: Database, folder: Path, *, workers: int = 1, app: str | None = None
) -> AsyncIterator[Server]:
    """Within the block a server works with the database; `app` names another than the product's.

    Everything that it prints is in `server.log` in the folder.
    """
    port = _free_port()
    command = (
        [str(Path(sys.executable).parent / "ordergraph"), "serve"]
        if app is None
        else [sys.executable, "-m", "uvicorn", "--factory", app, "--log-level", "warning"]
    )
    command += ["--port", str(port), "--workers", str(workers)]
    settings = {
        "ORDERGRAPH_DATABASE_URL": database.url,
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
            server = Server(port, process, client)
            await _ready(server, folder)
            yield server
    finally:
        await _stop(process)


async def _ready(server: Server, folder: Path) -> None:
    address = server.url.replace("/graphql", "/readyz")
    async with asyncio.timeout(START_SECONDS):
        while server.process.returncode is None:
            try:
                if (await server.client.get(address)).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.05)
    raise AssertionError((folder / "server.log").read_text())


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
