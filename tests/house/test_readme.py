"""Whoever follows the README line by line gets what it prints."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

from tests.support.databases import Database
from tests.support.processes import started
from tests.support.repository import ROOT

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ID = re.compile(r"T3JkZXI6[\w-]+")


def blocks() -> list[tuple[str, str]]:
    return BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8"))


def answers(text: str) -> list[Any]:
    """The JSON in a text, in no order, without the ids, which nobody gets twice."""
    decoder, found, text = json.JSONDecoder(), [], ID.sub("ID", text).strip()
    while text:
        value, end = decoder.raw_decode(text)
        found.append(value)
        text = text[end:].strip()
    return sorted(found, key=json.dumps)


async def test_each_example_answers_as_printed(sqlite_database: Database, tmp_path: Path) -> None:
    written = blocks()
    imports = next(i for i, (_, text) in enumerate(written) if "ordergraph import" in text)
    examples = [text for kind, text in written[imports + 2 :] if kind == "sh" and "ask" in text]
    printed = [
        text for kind, text in written[imports + 2 :] if kind in ("json", "text") and "{" in text
    ]
    async with started(sqlite_database, tmp_path) as server:
        place = server.url.removeprefix("http://").removesuffix("/graphql")
        (tmp_path / "docs" / "examples").mkdir(parents=True)
        watch = (
            (ROOT / "docs" / "examples" / "watch.py").read_text().replace("127.0.0.1:8000", place)
        )
        (tmp_path / "docs" / "examples" / "watch.py").write_text(watch)
        (tmp_path / "var").mkdir()
        (tmp_path / ".venv").symlink_to(ROOT / ".venv")
        (tmp_path / "bakery").symlink_to(ROOT / "docs" / "examples")
        command = written[imports][1].replace("docs/examples", "bakery")
        script = "\n".join(["set -m", command, *(f"echo ===\n{each}" for each in examples)])
        told = await shell(script.replace("localhost:8000", place), sqlite_database.url, tmp_path)
    imported, *found = told.split("===\n")
    assert written[imports + 1][1] in imported
    assert [answers(each) for each in found] == [answers(each) for each in printed]


async def shell(script: str, url: str, folder: Path) -> str:
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", script),
        cwd=folder,
        env={"ORDERGRAPH_DATABASE_URL": url, "PATH": "/usr/bin:/bin"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        told, _ = await process.communicate()
    return told.decode()
