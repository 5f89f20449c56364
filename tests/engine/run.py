"""Runs graphql-core's own tests with our executor: `make test-engine`.

They come with its source distribution, in the version and with the checksum of uv.lock, and are
unpacked below var/.
"""

import os
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PLACE: Final = ROOT / "var" / "engine"
PIP: Final = "pip==26.3"


def main() -> int:
    """The exit code of pytest, run in graphql-core's own folder."""
    source = unpacked()
    paths = [Path(__file__).parent, ROOT]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths))}
    options = ["-p", "breadth_first", "-p", "no:cacheprovider", "--tb", "native", "--quiet"]
    settings = ["-c", str(Path(__file__).with_name("pytest.toml")), "--rootdir", "."]
    tests = tomllib.loads(Path(__file__).with_name("excepted.toml").read_text())
    left_out = [f"--ignore={path}" for path in tests["left_out"]]
    command = [sys.executable, "-m", "pytest", *options, *settings, *left_out]
    return subprocess.run(
        [*command, *(sys.argv[1:] or tests["selected"])], cwd=source, env=environment, check=False
    ).returncode


def unpacked() -> Path:
    """The folder of graphql-core's source distribution, fetched if it is not there yet."""
    locked = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    [package] = [each for each in locked if each["name"] == "graphql-core"]
    pinned = f"graphql-core=={package['version']}"
    folder = PLACE / f"graphql_core-{package['version']}"
    if not folder.exists():
        PLACE.mkdir(parents=True, exist_ok=True)
        wanted = PLACE / "requirements.txt"
        wanted.write_text(f"{pinned} --hash={package['sdist']['hash']}\n")
        fetch(wanted)
        with tarfile.open(PLACE / f"{folder.name}.tar.gz") as archive:
            archive.extractall(PLACE, filter="data")
    return folder


def fetch(wanted: Path) -> None:
    """What the file names, as source, into its folder; pip compares the checksum."""
    uv = [str(ROOT / ".uv" / "bin" / "uv"), "tool", "run", PIP, "download"]
    options = ["--quiet", "--no-deps", "--no-binary", "graphql-core", "--require-hashes"]
    subprocess.run([*uv, *options, "--dest", str(PLACE), "-r", str(wanted)], check=True)


if __name__ == "__main__":
    sys.exit(main())
