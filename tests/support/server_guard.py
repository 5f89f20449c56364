"""Runs a private server for as long as the test run that asked for it lives.

Started as a program of its own, in a session of its own, with one JSON argument. Its standard
input is a pipe: when the test run ends, however it ends, the pipe closes, and the keeper stops the
server and removes its folder. Until then a byte written there is the signal by which the server is
to stop, and a zero that it is to start again.
"""

import json
import os
import shutil
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

GRACE_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run: the `setup` commands one after the other, then `serve` until the end.

    `account` is the user and group id to run them as, or None for the caller's own.
    """

    folder: str
    setup: list[list[str]]
    serve: list[str]
    stop_signal: int
    account: tuple[int, int] | None

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        return cls(**json.loads(text))


class Keeper:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.ending = threading.Event()
        self.child: subprocess.Popen[bytes] | None = None
        self.starting = threading.Lock()
        self.stopped = False
        self.restarting = threading.Event()

    def run(self) -> int:
        """The exit status of the first command that failed, or of the server."""
        threading.Thread(target=self._end_with_the_test_run, daemon=True).start()
        try:
            for command in self.plan.setup:
                status = self._wait_for(command)
                if status != 0:
                    return status
            return self._serve()
        finally:
            shutil.rmtree(self.plan.folder, ignore_errors=True)

    def _serve(self) -> int:
        """Run the server until it ends by itself, or with the test run."""
        while True:
            status = self._wait_for(self.plan.serve)
            if not self.stopped:
                return status
            self.restarting.wait()
            self.restarting.clear()
            self.stopped = False

    def _wait_for(self, command: list[str]) -> int:
        with self.starting:
            if self.ending.is_set():
                return 0
            user, group = self.plan.account or (None, None)
            self.child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                cwd=self.plan.folder,
                user=user,
                group=group,
                extra_groups=None if user is None else [],
            )
        return self.child.wait()

    def _end_with_the_test_run(self) -> None:
        while order := os.read(sys.stdin.fileno(), 1):
            if order == b"\0":
                self.restarting.set()
            elif self.child:
                self.stopped = True
                self.child.send_signal(order[0])
        with self.starting:
            self.ending.set()
        self.stopped = False
        self.restarting.set()
        if self.child is None:
            return
        self.child.send_signal(self.plan.stop_signal)
        try:
            self.child.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self.child.kill()


def start(plan: Plan, log: int) -> subprocess.Popen[bytes]:
    """A running keeper. Closing its `stdin` ends it; what the server prints goes to `log`."""
    return subprocess.Popen(
        [sys.executable, str(Path(__file__)), plan.to_json()],
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )


def stop(keeper: subprocess.Popen[bytes], by: int) -> None:
    """Send the keeper's server a signal that ends it."""
    _order(keeper, by)


def restart(keeper: subprocess.Popen[bytes]) -> None:
    """Start the server that was stopped, with all that it had stored."""
    _order(keeper, 0)


def _order(keeper: subprocess.Popen[bytes], byte: int) -> None:
    assert keeper.stdin is not None
    keeper.stdin.write(bytes([byte]))
    keeper.stdin.flush()


if __name__ == "__main__":
    sys.exit(Keeper(Plan.from_json(sys.argv[1])).run())
