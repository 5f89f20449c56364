"""The real import command, asked to end or left by its database in the middle: what it says."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Final

import pytest

from models.customers import Customer
from models.orders import Order, OrderLine
from tests.support.audit.auditor import audit
from tests.support.databases import Database, connected
from tests.support.imported import Files
from tests.support.stoppable_servers import Away

COMMAND: Final = """
import os, sys
from graph.commands.cli import app
from services.imports.checks import first_pass
from services.imports.rows import second_pass

passes = {"reading": first_pass, "writing": second_pass}
module, name, left, number = passes[sys.argv[1]], *sys.argv[2:5]
del sys.argv[1:5]
left = int(left)
number, _, waits = number.partition("+")
step = getattr(module, name)

async def counted(*values):
    global left
    done = await step(*values)
    left -= 1
    if left == 0 and int(number):
        os.kill(os.getpid(), int(number))
    if left == 0 and waits:
        print("there", flush=True)
        sys.stdin.readline()
    return done

setattr(module, name, counted)
second_pass.BATCH = 1
app()
"""
"""The command. Behind so many batches it gets a signal, if any, and may wait for a line.

A batch that is written is one object.
"""
READING: Final = ("reading", "_check_batch", "4")
WRITING: Final = ("writing", "_write_batch", "6")
AGAIN: Final = "Run the same import again: what is written stays as it is, and the rest is added."
SO_FAR: Final = (
    "Written so far:\n"
    "  warehouse            1\n"
    "  customer             1\n"
    "  product              2\n"
    "  order                2\n"
    "  line                 3\n"
)
ORDERS: Final = (
    "id,customer,placed,payment\n"
    "A,1,2025-01-05T10:00:00+01:00,\n"
    "B,1,2025-01-06T10:00:00+01:00,\n"
    "C,1,2025-01-07T10:00:00+01:00,\n"
    "D,1,2025-01-08T10:00:00+01:00,\n"
)
LINES: Final = (
    "order,product,quantity,price\nA,7,2,8.50\nA,8,1,2.75\nB,7,1,8.50\nC,8,4,3\nD,7,none,8.50\n"
)
REPORT: Final = (
    "outcome,file,line,column,code,reason\r\n"
    "rejected,orders.csv,5,,INVALID,its line was rejected (lines.csv:6)\r\n"
    "rejected,lines.csv,6,quantity,INVALID,quantity: 'none' is no number\r\n"
)
SECONDS: Final = 900


class Command:
    """An import by the real command, in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.files = Files(folder)
        self.files.write(orders=ORDERS, lines=LINES)
        self.stagings = folder / "stagings"
        self.stagings.mkdir()
        self.report = folder / "report.csv"

    async def start(self, database: Database, *arguments: str) -> asyncio.subprocess.Process:
        folder = self.files.folder
        command = ["import", "--mapping", str(folder / "mapping.yaml"), str(folder)]
        return await asyncio.create_subprocess_exec(
            *[sys.executable, "-c", COMMAND, *arguments, *command, "--report", str(self.report)],
            env=os.environ
            | {"ORDERGRAPH_DATABASE_URL": database.url, "TMPDIR": str(self.stagings)},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def run(self, database: Database, *arguments: str) -> tuple[int | None, str]:
        """Its exit status, and what it said on standard error."""
        process = await self.start(database, *arguments)
        async with asyncio.timeout(SECONDS):
            _, said = await process.communicate()
        return process.returncode, said.decode()


@pytest.fixture
def command(tmp_path: Path) -> Command:
    return Command(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_an_interrupted_import_says_what_is_written_and_leaves_it_right(
    database: Database, command: Command, number: signal.Signals
) -> None:
    status, said = await command.run(database, *WRITING, str(int(number)))
    assert (status, said) == (
        128 + number,
        f"Interrupted by {number.name}.\n{SO_FAR}{AGAIN}\n",
    )
    assert [order.number for order in await Order.all().order_by("number")] == ["A", "B"]
    assert (await Customer.get()).credit_used_minor == 1975 + 850
    assert await audit() == []
    assert command.report.read_bytes().decode() == REPORT
    assert list(command.stagings.iterdir()) == []
    status, _ = await command.run(database, *WRITING, "0")  # it ends before
    assert (status, await Order.all().count(), await OrderLine.all().count()) == (1, 3, 4)
    assert (await Customer.get()).credit_used_minor == 1975 + 850 + 1200
    assert await audit() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_one_that_is_interrupted_before_it_writes_says_so(
    sqlite_database: Database, command: Command, number: signal.Signals
) -> None:
    command.report.write_text("of an earlier run")
    status, said = await command.run(sqlite_database, *READING, str(int(number)))
    assert (status, said) == (
        128 + number,
        f"Interrupted by {number.name}.\nNothing was written.\n{AGAIN}\n",
    )
    assert await Order.all().count() == 0
    assert command.report.read_bytes() == b""
    assert list(command.stagings.iterdir()) == []


async def test_a_second_signal_ends_it_at_once_and_the_next_run_removes_its_staging(
    sqlite_database: Database, command: Command
) -> None:
    process = await command.start(sqlite_database, *WRITING, f"{int(signal.SIGINT)}+waits")
    assert process.stdout is not None
    async with asyncio.timeout(SECONDS):
        await process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        await process.communicate()  # which closes its pipes as well
    assert process.returncode == -signal.SIGTERM
    assert len(list(command.stagings.iterdir())) == 1
    status, _ = await command.run(sqlite_database, *READING, "0")
    assert status is not None
    assert list(command.stagings.iterdir()) == []


async def test_a_database_that_goes_away_is_told_without_a_traceback(
    away: Away, command: Command
) -> None:
    database = away.database
    process = await command.start(database, *WRITING, "0+waits")
    assert process.stdout is not None
    async with asyncio.timeout(SECONDS):
        await process.stdout.readline()
        await away.stop()
        _, told = await process.communicate(b"\n")
    said = told.decode()
    await away.start()
    assert (process.returncode, "Traceback" in said) == (1, False)
    assert said.splitlines()[-8].startswith("The database cannot be used any more: ")
    assert said.splitlines()[-7:] == [
        "Written so far, and perhaps the batch behind it:",
        "  warehouse            1",
        "  customer             1",
        "  product              2",
        "  order                2",
        "  line                 3",
        AGAIN,
    ]
    status, _ = await command.run(database, *WRITING, "0")
    async with connected(database):
        assert (status, await Order.all().count(), await audit()) == (1, 3, [])
