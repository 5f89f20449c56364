"""The papers agree with each other and with what they describe."""

import re
import tomllib
from pathlib import Path

import pytest
from graphql import parse, validate

from graph.schema import schema
from tests.support.repository import ROOT, files

PAPERS = [path for path in files() if path.suffix == ".md"]
DECISIONS = ROOT / "docs" / "adr"


def _targets() -> set[str]:
    makefile = (ROOT / "Makefile").read_text()
    return set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))


@pytest.mark.parametrize("paper", PAPERS, ids=str)
def test_every_make_target_that_a_paper_names_exists(paper: Path) -> None:
    text = (ROOT / paper).read_text()
    commands = re.findall(r"(?:`|^\s*(?:\$ )?)make ([a-z-]+)", text, re.MULTILINE)
    assert set(commands) <= _targets()


@pytest.mark.parametrize("paper", PAPERS, ids=str)
def test_every_link_to_a_file_leads_somewhere(paper: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", (ROOT / paper).read_text())
    local = [link for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in local if not (ROOT / paper).parent.joinpath(link).exists()] == []


@pytest.mark.parametrize("paper", PAPERS, ids=str)
def test_every_file_that_a_paper_names_exists(paper: Path) -> None:
    roots = "graph|models|resolvers|services|subscriptions|tests|docs|.ci"
    named = re.findall(rf"`((?:{roots})/[\w./-]+)`", (ROOT / paper).read_text())
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("paper", PAPERS, ids=str)
def test_every_query_that_a_paper_shows_can_be_asked(paper: Path) -> None:
    shown = re.findall(
        r"^```graphql\n(.*?)^```", (ROOT / paper).read_text(), re.MULTILINE | re.DOTALL
    )
    errors = [error for text in shown for error in validate(schema._schema, parse(text))]
    assert [error.message for error in errors] == []


def test_make_explains_its_targets() -> None:
    explained = set(re.findall(r'@echo "make ([a-z-]+) ', (ROOT / "Makefile").read_text()))
    assert explained == _targets() - {"help"}


def test_ci_runs_a_command_of_the_readme() -> None:
    assert {"make test", "make test-all"} <= set(
        re.findall(r"`(make [a-z-]+)`", (ROOT / "README.md").read_text())
    )
    assert re.search(r"^make test-all\b", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)


def test_every_decision_is_listed_under_its_title() -> None:
    listed = re.findall(
        r"^\| \[(\d+)\]\((\S+)\) \| (.+) \|$", (DECISIONS / "README.md").read_text(), re.MULTILINE
    )
    written = []
    for file in sorted(DECISIONS.glob("[0-9]*.md")):
        number = file.name[:4]
        title = file.read_text().splitlines()[0].removeprefix(f"# {int(number)}. ")
        written.append((number, file.name, title))
    assert listed == written


def test_the_changelog_leads_to_the_version() -> None:
    """Until a release, its changes stand under Unreleased."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert headings[1:2] in ([], [version])
