"""The files of this repository, as the house tests look at them."""

import os
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PACKAGES: Final = ("graph", "models", "resolvers", "services", "subscriptions")
TEXTS: Final = frozenset(
    {".csv", ".graphql", ".json", ".md", ".py", ".toml", ".txt", ".yaml", ".yml", ""}
)


@cache
def files() -> tuple[Path, ...]:
    """Every file but those that .gitignore names, relative to the root."""
    # In a second worktree `.git` is a file.
    ignored = [".git", *(line.strip("/") for line in (ROOT / ".gitignore").read_text().split())]
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if not _matches(name, ignored)]
        here = Path(folder).relative_to(ROOT)
        found += [here / name for name in names if not _matches(name, ignored)]
    return tuple(sorted(found))


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)


def texts() -> Iterator[tuple[Path, str]]:
    """The files that people read and write, with what is in them."""
    for path in files():
        if path.suffix in TEXTS:
            yield path, (ROOT / path).read_text(encoding="utf-8")


def sources() -> Iterator[Path]:
    """Our Python files, without the migrations, which Tortoise writes."""
    for path in files():
        if path.suffix == ".py" and path.parts[:2] != ("models", "migrations"):
            yield path
