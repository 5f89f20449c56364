"""Temporary files of one import run; the next run removes those of killed runs."""

import fcntl
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

PREFIX: Final = "ordergraph-import-"
LOCK: Final = "lock"


@contextmanager
def own_folder() -> Iterator[Path]:
    """A temporary folder of this run; removes those of killed runs."""
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            with (left / LOCK).open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(left, ignore_errors=True)
        except OSError:
            continue  # another run is using it
    with tempfile.TemporaryDirectory(prefix=PREFIX) as name:
        made = Path(name)
        with (made / f"{LOCK}.new").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            (made / f"{LOCK}.new").rename(made / LOCK)
            yield made


class Scratch:
    """A new database for one run, with those tables. Use it as a context.

    It is not read after a crash. It is one transaction that never ends: a commit for each row took
    a sixth of an import's time. Pages beyond SQLite's own cache of 2 MB go to the file anyway.
    """

    def __init__(self, path: Path, tables: str) -> None:
        self._database: Final = sqlite3.connect(path, isolation_level=None)
        self._database.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;"
            f"{tables} BEGIN"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._database.close()
