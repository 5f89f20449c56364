"""No version with a known hole: not installed, not locked, not allowed by what we declare."""

import re
import tomllib
from importlib.metadata import version

import pytest

from tests.support.repository import ROOT

# The first versions without these holes.
FLOORS = {
    "strawberry-graphql": "0.327.2",  # CVE-2026-35523, CVE-2026-35526, CVE-2026-107727
    "graphql-core": "3.3.1",  # CVE-2026-75507, CVE-2026-75508, CVE-2026-119286
    "starlette": "1.3.1",  # CVE-2026-48710
}


def _parts(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


@pytest.mark.parametrize("package", FLOORS)
def test_the_installed_version_is_safe(package: str) -> None:
    assert _parts(version(package)) >= _parts(FLOORS[package])


@pytest.mark.parametrize("package", FLOORS)
def test_the_locked_version_is_safe(package: str) -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    locked = [entry["version"] for entry in lock["package"] if entry["name"] == package]
    assert locked
    assert all(_parts(found) >= _parts(FLOORS[package]) for found in locked)


@pytest.mark.parametrize("package", FLOORS)
def test_no_unsafe_version_is_allowed(package: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    [declared] = [text for text in project["dependencies"] if re.match(rf"{package}\b", text)]
    lowest = re.search(r">=\s*([\d.]+)", declared)
    assert lowest
    assert _parts(lowest[1]) >= _parts(FLOORS[package])
