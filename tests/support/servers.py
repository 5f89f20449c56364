"""Servers for tests (PostgreSQL, MariaDB, MySQL, Redis): named by the environment, or private.

In this order: a URL from the environment; a private server started from an installed program; one
from a wheel or, of MySQL, from the folder into which it was fetched. A server that nobody named is
never touched, even if it listens on the usual port.
"""

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final, NoReturn
from urllib.parse import urlsplit

import pytest

from tests.support import server_guard, server_programs
from tests.support.server_programs import LOOPBACK, Kind, Launch, Place, Unavailable, accepts

START_SECONDS: Final = 60
START_ATTEMPTS: Final = 3


class StartFailed(Exception):
    """A server was found but does not start; the message holds the end of its log."""


def give_up(reason: Unavailable) -> NoReturn:
    """Skip what cannot run here; in CI all that is not optional must run, so there it fails."""
    if os.environ.get("CI") == "true" and not reason.optional:
        pytest.fail(str(reason))
    pytest.skip(str(reason))


@dataclass(slots=True)
class Servers:
    """The servers of one test run: each kind is looked for when it is first needed."""

    _running: ExitStack = field(default_factory=ExitStack)
    _private: dict[Kind, "PrivateServer | Unavailable"] = field(default_factory=dict)

    def url(self, kind: Kind) -> str:
        """The URL of a server of this kind, with rights to create databases.

        Raises:
            Unavailable: there is none and none can be started.
            StartFailed: one is installed but does not start.
        """
        return os.environ.get(kind.variable) or self.private(kind).url

    def private(self, kind: Kind) -> "PrivateServer":
        """The server that this run started; a test that stops it starts it again.

        Raises:
            Unavailable: none can be started.
            StartFailed: one is installed but does not start.
        """
        if kind not in self._private:
            programs = kind.programs()
            self._private[kind] = (
                self._running.enter_context(private_server(kind, programs))
                if programs
                else kind.missing()
            )
        found = self._private[kind]
        if isinstance(found, Unavailable):
            raise found
        return found

    def close(self) -> None:
        """Stop what this run started."""
        self._private.clear()
        self._running.close()


@dataclass(frozen=True, slots=True)
class PrivateServer:
    """A server of one test run, which may be stopped and started again on the same port."""

    url: str
    keeper: subprocess.Popen[bytes]
    launch: Launch

    def stop(self, by: int) -> None:
        """End it by a signal, and return when it takes no more connections."""
        server_guard.stop(self.keeper, by)
        port = urlsplit(self.url).port
        deadline = time.monotonic() + START_SECONDS
        while accepts(port):
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def revive(self) -> None:
        """Start it again where a test that failed has left it stopped."""
        if not accepts(urlsplit(self.url).port):
            self.start()

    def start(self) -> None:
        """Start it again, and return when it answers."""
        server_guard.restart(self.keeper)
        deadline = time.monotonic() + START_SECONDS
        while not (accepts(urlsplit(self.url).port) and self.launch.is_ready()):
            assert time.monotonic() < deadline
            time.sleep(0.02)


@contextmanager
def private_server(kind: Kind, programs: Path) -> Iterator[PrivateServer]:
    """A fresh server on a free port, gone with its data at the end of the block.

    Another process may take the port between our look and the server's; then it tries again.
    """
    for attempt in range(1, START_ATTEMPTS + 1):
        with tempfile.TemporaryFile() as log:
            running, launch = _start(kind, programs, log)
            if launch is None:
                _stop(running)
                if attempt == START_ATTEMPTS:
                    log.seek(0)
                    text = log.read().decode(errors="replace")
                    raise StartFailed(f"{kind.name} from {programs}:\n{text[-4000:]}")
                continue
            try:
                yield PrivateServer(launch.url, running, launch)
            finally:
                _stop(running)
            return


def _start(
    kind: Kind, programs: Path, log: IO[bytes]
) -> tuple[subprocess.Popen[bytes], Launch | None]:
    """A keeper and how its server was started, or None for that if the server does not answer."""
    account = _account(kind)
    # A server that runs as another account cannot enter a temporary folder of root's own.
    parent = "/tmp" if account else None  # noqa: S108 - mkdtemp makes the name unguessable
    folder = Path(tempfile.mkdtemp(prefix="ordergraph-test-", dir=parent))
    place = Place(folder, _free_port(), secrets.token_hex(16), account)
    if account:
        programs = _reachable(programs, folder)
        os.chown(folder, *account)
    launch = kind.launch(programs, place)
    plan = server_guard.Plan(
        folder=str(folder),
        setup=launch.setup,
        serve=launch.serve,
        stop_signal=launch.stop_signal,
        account=account,
    )
    running = server_guard.start(plan, log.fileno())
    deadline = time.monotonic() + START_SECONDS
    while running.poll() is None and time.monotonic() < deadline:
        if launch.is_ready():
            return running, launch
        time.sleep(0.02)
    return running, None


def _stop(running: subprocess.Popen[bytes]) -> None:
    assert running.stdin is not None
    running.stdin.close()
    running.wait()


def _account(kind: Kind) -> tuple[int, int] | None:
    """As whom to run the server: ourselves, or, because none should run as root, another user."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = next(known[name] for name in kind.accounts if name in known)
    return entry.pw_uid, entry.pw_gid


def _reachable(programs: Path, folder: Path) -> Path:
    """The programs; those of a wheel, or fetched, are copied where every account gets.

    What they load comes along.
    """
    packages, fetched = Path(sysconfig.get_path("purelib")), server_programs.fetched_mysql()
    copies = folder / "programs"
    if programs.is_relative_to(fetched):
        shutil.copytree(fetched, copies)
        return copies / programs.relative_to(fetched)
    if not programs.is_relative_to(packages):
        return programs
    bundle = programs.parent.relative_to(packages)
    libraries = f"{bundle.parts[0]}.libs"
    for part in (str(bundle), libraries):
        if (packages / part).is_dir():
            shutil.copytree(packages / part, copies / part)
    return copies / bundle / programs.name


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port
