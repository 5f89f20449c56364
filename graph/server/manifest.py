"""Reads trusted documents from the files that front ends' builds write."""

import json
from pathlib import Path
from typing import Any, Final

from graph.execution.documents.persisted import BadManifest

APOLLO: Final = "apollo-persisted-query-manifest"


def read(path: Path) -> dict[str, str]:
    """The text of each document by its id, from one manifest or all `*.json` of a folder.

    Each release of each front end may have its own file.

    Raises:
        BadManifest: with the file and its fault.
    """
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    if not files:
        raise BadManifest(f"{path}: the folder has no *.json")
    texts: dict[str, str] = {}
    for file in files:
        for name, text in _documents(file):
            if texts.setdefault(name, text) != text:
                raise BadManifest(f"{file}: {name} is the id of two documents")
    return texts


def _documents(file: Path) -> list[tuple[str, str]]:
    """Ids and texts of a file in either of the two manifest formats."""
    try:
        value = json.loads(file.read_bytes())
    except OSError as error:
        raise BadManifest(f"{file}: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise BadManifest(f"{file}: this is no JSON") from None
    if not isinstance(value, dict):
        raise BadManifest(f"{file}: a manifest is a JSON object")
    found = _of_apollo(file, value) if "format" in value else list(value.items())
    if not found:
        raise BadManifest(f"{file}: it lists no document")
    for place, (name, text) in enumerate(found, 1):
        if not (isinstance(name, str) and name and isinstance(text, str) and text.strip()):
            raise BadManifest(f"{file}: entry {place} ({name}) has no id, or no text")
    return found


def _of_apollo(file: Path, value: dict[str, Any]) -> list[tuple[Any, Any]]:
    operations = value.get("operations")
    if value["format"] != APOLLO or value.get("version") != 1 or not isinstance(operations, list):
        raise BadManifest(f"{file}: its format is not version 1 of {APOLLO}")
    return [
        (each.get("id"), each.get("body")) if isinstance(each, dict) else (None, None)
        for each in operations
    ]
