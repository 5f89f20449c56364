"""What a long import tells without a terminal, and what a killed one leaves behind."""

import fcntl
import tempfile
from pathlib import Path

import pytest

from graph.commands import progress
from services.imports.checks.scratch import LOCK, PREFIX, own_folder


def test_a_line_is_written_every_minute(capsys: pytest.CaptureFixture[str]) -> None:
    seconds = iter([0, 30, 59.9, 60, 60, 90, 121, 121])
    with progress.shown(lambda: next(seconds)) as told:
        for done in range(1, 6):
            told("reading orders.csv", done * 1_000, 9_000)
    assert capsys.readouterr().err.splitlines() == [
        "reading orders.csv: 3,000 of 9,000",
        "reading orders.csv: 5,000 of 9,000",
    ]


def test_what_a_killed_run_left_is_removed_and_what_is_in_use_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left, used = tmp_path / f"{PREFIX}left", tmp_path / f"{PREFIX}used"
    for folder in (left, used):
        folder.mkdir()
        (folder / LOCK).touch()
        (folder / "rows.sqlite3").touch()
    with (used / LOCK).open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with own_folder() as own:
            assert sorted(tmp_path.iterdir()) == sorted([own, used])
            with own_folder():
                assert own.is_dir()
    assert list(tmp_path.iterdir()) == [used]
