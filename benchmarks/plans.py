"""The plans by which PostgreSQL runs what the product sends, as `auto_explain` writes them down."""

import json
import re
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from benchmarks.contestants import Running
from benchmarks.postgres import Database
from benchmarks.queries import Query

LOGGED: Final = re.compile(r"duration: [\d.]+ ms  plan:\n((?:\t.*\n)+)")
WAIT_SECONDS: Final = 20
QUIET_SECONDS: Final = 2

GROWING: Final = frozenset(
    (
        *("customer", "customer_address", "customer_order", "event", "invoice", "order_line"),
        *("payment", "reservation", "search_token", "shipment", "stock_movement"),
    )
)
"""The tables that get longer with every order: whoever reads all of one gets slower.

Products and their stock are not among them: a page may well name most of a small catalog.
"""

KEYS: Final = re.compile(r"\$\d+(?:,\$\d+){3,}")


@dataclass(frozen=True)
class Plan:
    """One statement of a query, and the growing tables that it reads from end to end."""

    query: str
    statement: str
    tree: dict[str, Any]
    scanned: tuple[str, ...]


@contextmanager
def explaining(database: Database) -> Iterator[None]:
    """Within the block, whoever connects to the database has the plan of each statement logged."""
    if database.log is None or not database.value(
        "SELECT current_setting('shared_preload_libraries') LIKE '%auto_explain%'"
    ):
        raise SystemExit(
            "Plans are read from the log of a private PostgreSQL that has auto_explain. "
            "Debian and Ubuntu: `apt install postgresql`."
        )
    name = urlsplit(database.url).path.removeprefix("/")
    settings = {"log_min_duration": "0", "log_format": "json", "log_nested_statements": "on"}
    for setting, value in settings.items():
        database.run(f"ALTER DATABASE \"{name}\" SET auto_explain.{setting} = '{value}'")
    try:
        yield
    finally:
        database.run(f'ALTER DATABASE "{name}" RESET ALL')


def of_queries(running: Running, database: Database, queries: Sequence[Query]) -> list[Plan]:
    """The plan of every statement that a server sends by itself and for each query."""
    assert database.log is not None
    found: dict[str, Plan] = {}
    start = database.log.stat().st_size
    time.sleep(QUIET_SECONDS)
    for plan in read("by itself", _marked(database, database.log, start)):
        found.setdefault(plan.statement, plan)
    for query in queries:
        variables = query.variables(running, database)
        start = database.log.stat().st_size
        running.ask(query.name, variables)
        for plan in read(query.name, _marked(database, database.log, start)):
            found.setdefault(plan.statement, plan)
    return list(found.values())


def _marked(database: Database, log: Path, start: int) -> str:
    """What the log says from a place on, up to now: the server writes it with a delay."""
    mark = f"mark {secrets.token_hex(8)}"
    database.value(f"SELECT '{mark}'")
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        with log.open("rb") as opened:
            opened.seek(start)
            text = opened.read().decode(errors="replace")
        if mark in text and text.endswith("\n"):
            return text
        time.sleep(0.02)
    raise SystemExit("The log of PostgreSQL does not show what it was asked.")


def read(query: str, text: str) -> Iterator[Plan]:
    """The plans in a piece of the log, as those of a query."""
    for logged in LOGGED.findall(text):
        explained = json.loads(re.sub(r"^\t", "", logged, flags=re.MULTILINE))
        statement = KEYS.sub("$1,...", " ".join(explained["Query Text"].split()))
        if "mark " in statement:
            continue
        scanned = sorted(
            {
                node["Relation Name"]
                for node in _nodes(explained["Plan"])
                if node["Node Type"] == "Seq Scan" and node["Relation Name"] in GROWING
            }
        )
        yield Plan(query, statement, explained["Plan"], tuple(scanned))


def _nodes(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield tree
    for below in tree.get("Plans", ()):
        yield from _nodes(below)


def summary(plans: Sequence[Plan]) -> list[str]:
    """Which statements read a growing table from end to end."""
    bad = [plan for plan in plans if plan.scanned]
    if not bad:
        return [f"All {len(plans)} statements read growing tables by an index."]
    return [
        f"- {plan.query} reads all of {', '.join(plan.scanned)}: `{plan.statement[:1_000]}`"
        for plan in bad
    ]


def listed(plans: Sequence[Plan]) -> str:
    """Every statement with its plan, for people."""
    parts = []
    for plan in plans:
        steps = "\n".join(_steps(plan.tree))
        parts.append(f"## {plan.query}\n\n```sql\n{plan.statement}\n```\n\n```\n{steps}\n```\n")
    return "\n".join(parts)


def _steps(tree: dict[str, Any], depth: int = 0) -> Iterator[str]:
    names = ("Node Type", "Index Name", "Relation Name")
    told = " ".join(tree[name] for name in names if name in tree)
    conditions = [tree[name] for name in ("Index Cond", "Filter") if name in tree]
    where = f" [{' AND '.join(conditions)}]"[:300] if conditions else ""
    yield f"{'  ' * depth}{told} ~{tree['Plan Rows']} rows{where}"
    for below in tree.get("Plans", ()):
        yield from _steps(below, depth + 1)
