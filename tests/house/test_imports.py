"""Who may import whom, beyond what import-linter can say, and that import-linter agrees."""

import ast
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.support.repository import PACKAGES, ROOT, sources

FRAMEWORKS = ("tortoise", "strawberry", "graphql", "starlette", "pydantic", "asyncio")


def test_the_contracts_of_the_rooms_hold() -> None:
    """`lint-imports`, so that `pytest` alone finds a broken rule."""
    program = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run(
        [str(program), "--no-logo", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout
    assert " 0 broken." in run.stdout


def test_the_rules_load_no_framework() -> None:
    """Pure rules are quick to import and to test, and know no way to the outside."""
    rules = sorted(
        ".".join(path.with_suffix("").parts)
        for path in sources()
        if path.parts[:2] == ("models", "rules") and path.stem != "__init__"
    )
    program = (
        f"import sys, {', '.join(rules)}\n"
        f"print(*(name for name in {FRAMEWORKS} if name in sys.modules))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == []


def test_the_application_loads_no_driver_of_mysql() -> None:
    """11 MiB of each process, which SQLite and PostgreSQL need not bear."""
    program = "import sys, graph.server.app; print('asyncmy' in sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout == "False\n"


def circle_among(imports: dict[str, set[str]]) -> list[str]:
    """The modules of one circle of imports; empty where there is none."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return [str(module) for module in error.args[1]]
    return []


def test_no_modules_import_each_other() -> None:
    """Imports inside functions and those for types count. Types of the schema name each other."""
    modules = {_module(path) for path in sources() if path.parts[0] in PACKAGES}
    found = defaultdict(set)
    for path, imported in _imports():
        importing = _module(path)
        among_types = importing.startswith("graph.types.") and imported.startswith("graph.types.")
        if imported in modules and not among_types:
            found[importing].add(imported)
    assert circle_among(found) == []


@pytest.mark.parametrize(
    ("imports", "circle"),
    [
        ({"a": {"b"}, "b": {"c"}}, []),
        ({"a": {"b"}, "b": {"a"}}, ["a", "b", "a"]),
    ],
)
def test_a_circle_is_found(imports: dict[str, set[str]], circle: list[str]) -> None:
    assert circle_among(imports) == circle


def test_only_services_open_transactions() -> None:
    assert {
        str(path)
        for path, module in _imports()
        if module.startswith("tortoise.transactions") and path.parts[0] != "services"
    } == set()


def test_only_the_settings_read_the_environment() -> None:
    """Every other room is handed the values that it needs."""
    reading = {
        str(path)
        for path in sources()
        if path.parts[0] in PACKAGES and _reads_environment(_tree(path))
    }
    assert reading <= {"graph/server/settings.py"}


def _module(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def _tree(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text())


def _imports() -> Iterator[tuple[Path, str]]:
    for path in sources():
        if path.parts[0] not in PACKAGES:
            continue
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.Import):
                yield from ((path, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield path, node.module
                yield from ((path, f"{node.module}.{alias.name}") for alias in node.names)


def _reads_environment(tree: ast.Module) -> bool:
    return any(
        (isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"})
        or (isinstance(node, ast.alias) and node.name in {"environ", "getenv"})
        for node in ast.walk(tree)
    )


def test_programs_that_tests_hold_as_texts_import_what_is_there() -> None:
    """What `python -c` is given is a text, in which neither mypy nor ruff looks."""
    rooms = "|".join((*PACKAGES, "tests"))
    line = re.compile(rf'(?:^|[";] ?)from ((?:{rooms})(?:\.\w+)*) import ([\w, ]+)', re.MULTILINE)
    assert [
        f"{path}: from {module} import {name}"
        for path in sources()
        for module, names in line.findall((ROOT / path).read_text())
        for name in names.strip(", ").split(", ")
        if not name.startswith("__") and not _is_there(module, name.partition(" as ")[0])
    ] == []


def _is_there(module: str, name: str) -> bool:
    """Whether the module exists, and has the name or a module of that name."""
    path = ROOT / module.replace(".", "/")
    files = [file for file in (path.with_suffix(".py"), path / "__init__.py") if file.exists()]
    if any(re.search(rf"\b{name}\b", file.read_text()) for file in files):
        return True
    return (path / name).is_dir() or (path / f"{name}.py").exists()


BEGINNINGS = {
    "graph/server/app.py",
    "graph/commands/session.py",
    "resolvers/context.py",
    "services/demo/fill.py",
    "services/imports/run.py",
    "services/operations/audits/credit.py",
    "services/operations/numbering.py",
    "services/orders/edit_preview.py",
    "services/orders/place.py",
    "services/orders/preview.py",
    "services/payments/ledger.py",
    "services/work/transaction.py",
}
"""Where a request, a use case or a transaction begins, and takes up the company's policy."""


def test_the_policy_is_handed_down() -> None:
    """Everything below a beginning has it from its `Work` or its `Context`."""
    reading = {
        str(path) for path in sources() if path.parts[0] in PACKAGES and _reads_policy(_tree(path))
    }
    assert reading == BEGINNINGS


def _reads_policy(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.Attribute) and ast.unparse(node) in {"policy.current", "policy.use"}
        for node in ast.walk(tree)
    )
