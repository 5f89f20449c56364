"""`ordergraph numbering`: what is numbered how, and going on from another number."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from graph.commands.cli import app
from models.numbering import NumberCounter
from models.rules.access import OPEN
from models.rules.numbering import NumberKind
from services.use_case import perform
from services.work import numbering, policy
from tests.support.databases import DIALECTS, Database, Databases, connected
from tests.support.server_programs import Unavailable
from tests.support.servers import give_up

MARCH = datetime(2026, 3, 9, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No setting and no `.env`; logging and policy as they were in the end."""
    for name in [name for name in os.environ if name.startswith("ORDERGRAPH_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    root, usual = logging.getLogger(), policy.current()
    handlers, level = list(root.handlers), root.level
    yield
    policy.use(usual)
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(params=DIALECTS)
async def migrated(
    request: pytest.FixtureRequest, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Database]:
    """A migrated database of which only commands know."""
    try:
        database = await databases.migrated(request.param)
    except Unavailable as reason:
        give_up(reason)
    monkeypatch.setenv("ORDERGRAPH_DATABASE_URL", database.url)
    yield database
    await databases.release(database)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def said(*arguments: str) -> str:
    """What the command says that is done."""
    done = run("numbering", *arguments)
    assert (done.exit_code, done.stderr) == (0, "")
    return done.stdout


def refused(*arguments: str) -> str:
    """Why it is not."""
    done = run("numbering", *arguments)
    assert (done.exit_code, done.stdout) == (1, "")
    return done.stderr.removesuffix("\n")


def given(database: Database, count: int, channel: str = "default") -> tuple[list[str], list[str]]:
    """So many order and invoice numbers of a day in March, given by another process."""

    async def give() -> tuple[list[str], list[str]]:
        async with connected(database):
            follows = policy.current()
            orders = [
                await numbering.reserve("order", follows.order_number_pattern, MARCH, channel)
                for _ in range(count)
            ]
            pattern = follows.invoice_number_pattern
            invoices = [
                await perform(
                    OPEN, lambda work: numbering.gapless(work.connection, "invoice", pattern, MARCH)
                )
                for _ in range(count)
            ]
            return orders, invoices

    return asyncio.run(give())


def counters(database: Database) -> dict[str, int]:
    async def read() -> dict[str, int]:
        async with connected(database):
            return {row.scope: row.value for row in await NumberCounter.all()}

    return asyncio.run(read())


def test_every_kind_is_listed_with_what_it_has_come_to(migrated: Database) -> None:
    given(migrated, 3, "web")
    said("set", "order", "41")
    said("set", "invoice", "7")
    now = datetime.now(UTC)
    order = f"SO-DEFAULT-{now:%Y%m}-000041"
    expected = [
        f"order: SO-{{channel}}-{{yyyy}}{{mm}}-{{seq:6}}, counted anew monthly, next {order}",
        f"  SO-DEFAULT-{now:%Y%m}-*  40",
        "  SO-WEB-202603-*  20",
        f"shipment: {{order}}-{{seq:1}}, counted anew for each order, next {order}-1",
        f"return: {{order}}-R{{seq:1}}, counted anew for each order, next {order}-R1",
        f"invoice: INV-{{yyyy}}-{{seq:6}}, counted anew yearly, next INV-{now:%Y}-000007",
    ]
    invoices = {"INV-2026-*": 3} | {f"INV-{now:%Y}-*": 6}
    expected += [f"  {scope}  {value}" for scope, value in sorted(invoices.items())]
    assert said("list").splitlines() == expected


def test_numbers_go_on_from_the_one_that_is_set(migrated: Database) -> None:
    given(migrated, 2)
    assert said("set", "invoice", "--at", "2026-03-31", "100") == (
        "The next invoice of INV-2026-* is INV-2026-000100. 97 numbers before it are left out.\n"
    )
    assert said("set", "order", "5000", "--at", "2026-03-01", "--channel", "default") == (
        "The next order of SO-DEFAULT-202603-* is SO-DEFAULT-202603-005000. "
        "4,979 numbers before it are left out.\n"
    )
    orders, invoices = given(migrated, 2)
    assert orders == ["SO-DEFAULT-202603-005000", "SO-DEFAULT-202603-005001"]
    assert invoices == ["INV-2026-000100", "INV-2026-000101"]
    assert given(migrated, 1, "web")[0] == ["SO-WEB-202603-000001"]


def test_a_number_that_was_given_does_not_come_again(migrated: Database) -> None:
    given(migrated, 3)
    before = counters(migrated)
    march = ("--at", "2026-03-31")
    for number in ("1", "3"):
        assert refused("set", "invoice", *march, number) == (
            "Numbers up to INV-2026-000003 were given: they would come twice."
        )
    for number in ("4", "20"):  # a process may hold them in its block
        assert refused("set", "order", *march, number) == (
            "Numbers up to SO-DEFAULT-202603-000020 were given: they would come twice."
        )
    assert counters(migrated) == before
    assert said("set", "invoice", *march, "4") == (
        "The next invoice of INV-2026-* is INV-2026-000004.\n"
    )
    assert counters(migrated) == before


def test_what_has_no_such_count_is_refused(
    migrated: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refused("set", "shipment", "5") == (
        "{order}-{seq:1} is counted in each order: there is no counter."
    )
    assert refused("set", "invoice", "5", "--channel", "web") == (
        "INV-{yyyy}-{seq:6} is counted for all channels together."
    )
    assert refused("set", "order", "5", "--channel", "a b") == (
        "A channel is 1 to 32 letters, digits, - and _."
    )
    assert refused("set", "order", str(10**18)) == f"A count is 1 to {10**18 - 1}."
    monkeypatch.setenv("ORDERGRAPH_RETURN_NUMBER_PATTERN", "RT-{seq:4}")
    assert refused("set", "return", "5", "--at", "2026-01-01") == "RT-{seq:4} never counts anew."
    assert said("set", "return", "5").startswith("The next return of RT-* is RT-0005.")
    assert counters(migrated) == {"return:RT-*": 4}


@pytest.mark.parametrize(
    "arguments",
    [
        ("set", "customer", "5"),
        ("set", "order", "0"),
        ("set", "order", "-1"),
        ("set", "order", "x"),
        ("set", "order"),
        ("set", "order", "5", "--at", "yesterday"),
        ("take", "order"),
    ],
)
def test_misuse_is_told_apart(arguments: tuple[str, ...]) -> None:
    assert run("numbering", *arguments).exit_code == 2


def test_every_kind_can_be_named() -> None:
    assert [kind.value for kind in NumberKind] == ["order", "shipment", "return", "invoice"]
