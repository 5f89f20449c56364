"""Imports by the real command: killed and repeated, and a large one within its memory."""

import csv
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from models.catalog import Product
from models.customers import Customer
from models.orders import Order, OrderLine
from models.payments import Payment
from tests.support.audit.auditor import IMPORTED_PAST, audit
from tests.support.databases import Database, Databases, Dialect, connected
from tests.support.one_table import KINDS, OneTable

COMMAND: Final = """
import atexit, os, pathlib, resource, signal, sys
from graph.commands.cli import app
from services.imports.checks import first_pass
from services.imports.rows import second_pass

peak, phase, left = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
del sys.argv[1:4]
status = pathlib.Path("/proc/self/status")

def keep_peak():
    # Of a process that another one started, getrusage tells the other's peak where it was higher.
    lines = status.read_text().splitlines() if status.exists() else []
    own = [line.split()[1] for line in lines if line.startswith("VmHWM")]
    peak.write_text(own[0] if own else str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))

atexit.register(keep_peak)
passes = {"reading": (first_pass, "_check_batch"), "writing": (second_pass, "_write_batch")}
module, name = passes[phase]
step = getattr(module, name)

async def counted(*values):
    global left
    done = await step(*values)
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return done

setattr(module, name, counted)
app()
"""
"""The command, killed behind so many batches, read or committed; 0 lets it end.

Its peak memory is kept.
"""

DEADLINE_SECONDS: Final = 7_200
MIB: Final = 1_024
"""The kernel counts memory in KiB."""


def imported(database: Database, table: OneTable, phase: str = "writing", left: int = 0) -> int:
    """The command's exit status; negative where a signal ended it."""
    files = ["import", "--mapping", str(table.mapping), str(table.folder)]
    files += ["--report", str(table.folder / "report.csv")]
    run = subprocess.run(
        [sys.executable, "-c", COMMAND, str(table.folder / "peak"), phase, str(left), *files],
        env=os.environ | {"ORDERGRAPH_DATABASE_URL": database.url},
        capture_output=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )
    return run.returncode


async def books() -> dict[str, list[Any]]:
    """All that an import writes, without ids and times of its own."""
    order = ("number", "line_count", "total_gross_minor", "balance_minor", "status")
    customer = ("code", "name", "credit_used_minor", "lifetime_minor")
    line = ("order__number", "position", "sku", "quantity", "net_minor")
    payment = ("order__number", "kind", "amount_minor")
    return {
        "orders": sorted(await Order.all().values_list(*order)),
        "customers": sorted(await Customer.all().values_list(*customer)),
        "products": sorted(await Product.all().values_list("sku", "price_minor")),
        "lines": sorted(await OrderLine.all().values_list(*line)),
        "payments": sorted(await Payment.all().values_list(*payment)),
    }


@pytest.mark.parametrize(
    ("dialect", "lines", "reading", "writing"),
    [
        # Each run reads all anew, so that a kill while it writes costs most.
        ("sqlite", 20_000, (1, 15, 30, 60, 90, 125), (2, 9, 9, 9)),
        ("sqlite", 600, (1,), (1, 1)),
        ("postgres", 600, (), (1, 1)),
        ("mariadb", 600, (), (1, 1)),
        ("mysql", 600, (), (1, 1)),
    ],
    ids=["sqlite-long", "sqlite", "postgres", "mariadb", "mysql"],
)
async def test_a_killed_import_is_finished_by_running_it_again(
    databases: Databases,
    tmp_path: Path,
    dialect: Dialect,
    lines: int,
    reading: tuple[int, ...],
    writing: tuple[int, ...],
) -> None:
    """One company's import, killed behind so many batches of each run."""
    table = OneTable(tmp_path, lines=lines).write()
    whole = await databases.migrated(dialect)
    assert imported(whole, table) == 1  # some rows are rejected
    async with connected(whole):
        expected = await books()
    await databases.release(whole)
    killed = await databases.migrated(dialect)
    for left in reading:
        assert imported(killed, table, "reading", left) == -signal.SIGKILL
    for left in writing:
        assert imported(killed, table, "writing", left) == -signal.SIGKILL
    assert imported(killed, table) == 1
    async with connected(killed):
        assert await books() == expected
        assert await audit(apart_from=IMPORTED_PAST) == []
    await databases.release(killed)
    assert table.kinds.keys() == KINDS.keys() or lines < 20_000
    assert {number: (count, total) for number, count, total, *_ in expected["orders"]} == (
        table.orders
    )


@pytest.mark.soak
async def test_half_a_million_lines(databases: Databases, tmp_path: Path) -> None:
    lines = int(os.environ.get("ORDERGRAPH_TEST_IMPORT_LINES", "500000"))
    table = OneTable(tmp_path, lines=lines).write()
    database = await databases.migrated("sqlite")
    assert imported(database, table) == 1
    peak_mib = int((tmp_path / "peak").read_text()) // MIB
    with (tmp_path / "report.csv").open(encoding="utf-8", newline="") as file:
        told = {(int(row["line"]), row["reason"]) for row in csv.DictReader(file)}
    assert [fault for fault in table.faults.items() if fault not in told] == []
    async with connected(database):
        rows = await Order.all().values_list("number", "line_count", "total_gross_minor")
    assert {number: (count, total) for number, count, total in rows} == table.orders
    assert peak_mib < 250, peak_mib
