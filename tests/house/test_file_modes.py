"""Nobody but its owner reads a SQLite database, whichever command has made it."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from services.operations import migrations
from services.storage import database
from tests.support.repository import ROOT

COMMAND = Path(sys.executable).parent / "ordergraph"


def modes(folder: Path) -> dict[str, str]:
    return {each.name: stat.filemode(each.stat().st_mode) for each in sorted(folder.iterdir())}


def run(folder: Path, *arguments: str) -> None:
    subprocess.run(
        [COMMAND, *arguments],
        cwd=ROOT,
        env={**os.environ, "ORDERGRAPH_DATABASE_URL": f"sqlite://{folder}/of.sqlite3"},
        umask=0,
        check=True,
        capture_output=True,
    )


@pytest.mark.parametrize("umask", [0o000, 0o022])
async def test_a_database_and_its_journals_are_its_owners_alone(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        await database.connect(f"sqlite://{tmp_path}/of.sqlite3")
        try:
            await migrations.migrate()
            made = modes(tmp_path)
        finally:
            await database.disconnect()
    finally:
        os.umask(before)
    files = ("of.sqlite3", "of.sqlite3-shm", "of.sqlite3-wal", "of.sqlite3.migrate")
    assert made == dict.fromkeys(files, "-rw-------")


def test_commands_make_no_file_that_others_read(tmp_path: Path) -> None:
    run(tmp_path, "migrate")
    run(tmp_path, "demo", "--orders", "20")
    bakery = ROOT / "docs" / "examples"
    run(tmp_path, "import", "--mapping", str(bakery / "bakery.yaml"), str(bakery / "bakery"))
    assert set(modes(tmp_path).values()) == {"-rw-------"}


async def test_a_file_that_exists_keeps_its_mode(tmp_path: Path) -> None:
    file = tmp_path / "of.sqlite3"
    file.touch()
    file.chmod(0o640)
    await database.connect(f"sqlite://{file}")
    try:
        await migrations.migrate()
    finally:
        await database.disconnect()
    assert modes(tmp_path)["of.sqlite3"] == "-rw-r-----"
