"""Several processes that serve one address, and what replaces those that die."""

import pickle
from time import monotonic
from typing import Any

import uvicorn
from uvicorn.supervisors import multiprocess


class Worker(multiprocess.Process):
    """A process that is asked whether it hangs, while nobody waits for the answer.

    uvicorn waits for it. Then, as long as one process starts or hangs, or where it is killed in
    just that moment, no other one is replaced and no signal is heard.
    """

    asked_at: float | None = None

    def is_alive(self, timeout: float = 5) -> bool:
        """Whether it runs and has not owed an answer for longer than `timeout` seconds."""
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
    """Serve by so many processes until a signal comes; `settings` are those of uvicorn."""
    if workers == 1:
        uvicorn.run(app, **settings)
        return
    config = uvicorn.Config(app, workers=workers, **settings)
    multiprocess.Process = Worker  # type: ignore[misc]  # it has no other place to say so
    multiprocess.Multiprocess(config, sockets=[config.bind_socket()]).run()
