"""`make test-all` runs what `make test` does; tests/support/lanes.py alone says which more."""

import re
import subprocess
import sys
from typing import Final

import pytest

from tests.support.databases import DIALECTS
from tests.support.lanes import LONG, MARK, ON_ALL
from tests.support.repository import ROOT, sources

RUN: Final = r"^(test|test-all): (.*)\n\t(.+)$"


def commands() -> dict[tuple[str, str], str]:
    """What is run by make's targets, each after another."""
    found = re.findall(RUN, (ROOT / "Makefile").read_text(), re.MULTILINE)
    return {(target, after): command for target, after, command in found}


def test_test_all_leaves_out_nothing_that_test_runs() -> None:
    run = "-n auto --dist worksteal -m"
    assert commands() == {
        (
            "test",
            "check",
        ): f'$(BIN)/pytest $(if $(COVERAGE),--cov) {run} "not soak and not {MARK}" $(ARGS)',
        ("test-all", "test"): f'$(BIN)/pytest {run} "{MARK} and not soak" $(ARGS) || [ $$? -eq 5 ]',
    }


def test_what_test_leaves_out() -> None:
    """One of LONG and the same on other databases, but not what is named in ON_ALL."""
    files = ("tests/faults/test_killed_imports.py", "tests/use_cases/test_visibility.py")
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", f"{MARK} and not soak"]
    run = subprocess.run([*command, *files], cwd=ROOT, capture_output=True, text=True, check=True)
    again = [LONG[0].replace("sqlite-long", dialect) for dialect in DIALECTS[1:]]
    assert [line for line in run.stdout.splitlines() if "::" in line] == [LONG[0], *again]


@pytest.mark.parametrize("name", [*ON_ALL, *LONG])
def test_what_is_named_there_is_a_test_on_databases(name: str) -> None:
    path, _, test = name.partition("[")[0].partition("::")
    text = (ROOT / path).read_text()
    assert re.search("[dD]atabase|dialect", text)
    assert not test or f"def {test}(" in text


def test_no_test_chooses_by_itself() -> None:
    mark = re.compile(rf"\bmark\.{MARK}\b")
    assert [path for path in sources() if mark.search((ROOT / path).read_text())] == []
