"""Several worker processes for one address, with replacement of dead ones."""

import multiprocessing
import pickle
from socket import socket
from time import monotonic
from typing import Any, Final

import uvicorn
from uvicorn._subprocess import subprocess_started
from uvicorn.supervisors import multiprocess

COPIES: Final = multiprocessing.get_context("forkserver")
"""Starts a worker as a copy of a process that has imported our modules. Importing them takes a core
for seconds and 20 MiB; a copy starts in a third of the time and shares that memory."""


class Worker(multiprocess.Process):
    """A worker whose health is asked for without waiting for its answer.

    uvicorn waits for the answer. While one process starts or hangs, or is killed at that moment,
    no other one would be replaced and no signal would be handled.
    """

    asked_at: float | None = None

    def __init__(self, config: uvicorn.Config, sockets: list[socket]) -> None:
        super().__init__(config, sockets)
        started = {
            "config": config,
            "target": self.target,
            "sockets": sockets,
            "stdin_fileno": None,
        }
        copy = COPIES.Process(target=subprocess_started, kwargs=started)
        self.process = copy  # type: ignore[assignment]  # uvicorn names the class of spawned ones

    def target(self, sockets: list[socket] | None = None) -> None:
        """Serve, in the worker, until a signal comes or the parent is gone."""
        self.parent_conn.close()  # or its end would not be seen
        super().target(sockets)

    def always_pong(self) -> None:
        """Answer the parent; end with it, since its successor needs the port."""
        try:
            super().always_pong()
        except (OSError, EOFError):
            self.server.should_exit = True

    def is_alive(self, timeout: float = 5) -> bool:
        """Whether the process runs and answered its last ping within `timeout` seconds."""
        if not self.process.is_alive():
            return False
        try:
            if self.asked_at is None:
                self.parent_conn.send(b"ping")
                self.asked_at = monotonic()
            elif self.parent_conn.poll():
                self.parent_conn.recv()
                self.asked_at = None
        except (OSError, EOFError, pickle.UnpicklingError):
            return False
        return self.asked_at is None or monotonic() - self.asked_at < timeout


def run(app: str, *, workers: int, **settings: Any) -> None:
    """Serves with this many processes until a signal; `settings` are uvicorn's."""
    if workers == 1:
        uvicorn.run(app, **settings)
        return
    config = uvicorn.Config(app, workers=workers, **settings)
    COPIES.set_forkserver_preload(["graph.server.preloaded"])
    multiprocess.Process = Worker  # type: ignore[misc]  # it has no other place to say so
    multiprocess.Multiprocess(config, sockets=[config.bind_socket()]).run()
