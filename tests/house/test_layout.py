"""Where files lie, what they are called, how long they are, and what must not stand in them."""

import ast
import re
from pathlib import Path

from tests.support.repository import PACKAGES, ROOT, files, sources, texts

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 50

TOP_LEVEL = {
    *PACKAGES,
    *("tests", "benchmarks", "docs", ".ci", ".gitignore", "Makefile", "pyproject.toml", "uv.lock"),
    *("schema.graphql", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE"),
}
# A name without a subject draws everything that has no home.
SUBJECTLESS = {"utils", "util", "common", "core", "helpers", "helper", "misc", "scripts", "lib"}

# Spelled so that this file does not hold what it looks for.
BANNED = {
    "a path of somebody's machine": r"(?<!\w)/[w]ork/|/[r]oot/|/[h]ome/\w|/[U]sers/\w|/tmp/[b]oot",
    "an issue by number alone (link upstream ones)": r"\b[iI]ssue #\d",
    "unfinished business": r"\b(?:TO[D]O|FIX[M]E|XX[X])\b",
}


def test_the_top_level_holds_only_what_the_house_names() -> None:
    assert {path.parts[0] for path in files()} <= TOP_LEVEL


def test_every_file_and_folder_is_named_after_a_subject() -> None:
    named = {(path, part) for path in files() for part in (*path.parts[:-1], path.stem)}
    assert [str(path) for path, part in named if part.lower() in SUBJECTLESS] == []


def test_tests_are_no_package() -> None:
    """With an __init__.py, or a folder called `graph`, tests would shadow what they test."""
    inside = [path for path in files() if path.parts[0] == "tests"]
    assert [path for path in inside if path.name == "__init__.py"] == []
    assert [path for path in inside if set(path.parts[1:-1]) & set(PACKAGES)] == []


def test_nothing_stands_in_a_file_that_must_not() -> None:
    found = [
        f"{path}:{number}: {what}"
        for path, text in texts()
        for number, line in enumerate(text.splitlines(), 1)
        for what, pattern in BANNED.items()
        if re.search(pattern, line)
    ]
    assert found == []


def test_every_silenced_warning_says_why() -> None:
    """As in `# noqa: S108 - mkdtemp makes the name unguessable`."""
    silenced = re.compile(r"# [n]oqa\b(?!: [A-Z]+\d+(?:, [A-Z]+\d+)* - \w)")
    found = [str(path) for path in sources() if silenced.search((ROOT / path).read_text())]
    assert found == []


def test_no_file_is_too_long() -> None:
    lengths = {path: len((ROOT / path).read_text().splitlines()) for path in sources()}
    assert {str(path): n for path, n in lengths.items() if n > MAX_FILE_LINES} == {}


def test_no_function_is_too_long() -> None:
    assert {
        name: n for path in sources() for name, n in _functions(path) if n > MAX_FUNCTION_LINES
    } == {}


def _functions(path: Path) -> list[tuple[str, int]]:
    """Each function with its number of lines; its docstring does not count."""
    tree = ast.parse((ROOT / path).read_text())
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            docstring = len((ast.get_docstring(node, clean=False) or "").splitlines())
            found.append((f"{path}:{node.name}", node.end_lineno - node.lineno + 1 - docstring))
    return found
