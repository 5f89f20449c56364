"""`ordergraph export`: what the files say, and that nothing in them is taken for a formula."""

import asyncio
import csv
import logging
import os
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from graph.commands.cli import app
from models.customers import Customer
from models.orders import Order
from models.payments import Payment
from models.rules.access import OPEN
from models.rules.order_states import OrderAction
from models.rules.payment_states import PaymentKind
from resolvers.identifiers import to_global
from services.payments.record import RecordPayment, record_payment
from services.work import clock
from tests.support.databases import Database, Databases, connected
from tests.support.trade import open_trade

HEAD = "date,document,number,order,customer,account,debit,credit,currency,text"
MARCH = ("export", "ledger", "--from", "2026-03-01", "--to", "2026-03-31")


@pytest.fixture(autouse=True)
def shop(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Database]:
    """A migrated database, and no setting but its URL."""
    for name in [name for name in os.environ if name.startswith("ORDERGRAPH_")]:
        monkeypatch.delenv(name)
    made = asyncio.run(databases.migrated("sqlite"))
    monkeypatch.setenv("ORDERGRAPH_DATABASE_URL", made.url)
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield made
    asyncio.run(databases.release(made))
    root.handlers[:] = handlers
    root.setLevel(level)


def run(*arguments: str) -> Result:
    """What the command said, and its exit status."""
    return CliRunner().invoke(app, list(arguments))


def told(shop: Database, story: Callable[[], Awaitable[list[str]]]) -> list[str]:
    """What a story tells that happens in the database."""

    async def opened() -> list[str]:
        async with connected(shop):
            return await story()

    return asyncio.run(opened())


async def story(method: str = "card", reference: str = "ch_1") -> list[str]:
    """An order of 29.63 that left, was paid and refunded in part; the ids of both payments."""
    with clock.frozen(datetime(2026, 3, 9, 8, tzinfo=UTC)):
        trade = await open_trade()
        await trade.product("CUP", near=2, tax_rate=Decimal("0.19"))
        order = await trade.place(("CUP", 2), shipping=Decimal("4.90"))
        await trade.act(order, OrderAction.SHIP)
        charge = RecordPayment(order.id, PaymentKind.CHARGE, Decimal("29.63"), method, reference)
        paid = await record_payment(OPEN, charge)
    with clock.frozen(datetime(2026, 3, 31, 23, 30, tzinfo=UTC)):
        await trade.pay(paid, "3.70", PaymentKind.REFUND)
    return [to_global("Payment", each.id) for each in await Payment.all().order_by("at")]


async def evil() -> list[str]:
    """The same, with texts of a customer that spreadsheets would compute."""
    ids = await story(method='=HYPERLINK("http://evil.example")', reference="@ref")
    await Customer.all().update(code="+SUM(A1)")
    await Order.all().update(number="-1")
    return ids


def test_the_ledger_of_a_month(shop: Database) -> None:
    charge, refund = told(shop, story)
    printed = run(*MARCH)
    order = "SO-DEFAULT-202603-000001"
    invoice = f"2026-03-09,INVOICE,INV-2026-000001,{order},ADA"
    assert printed.exit_code == 0
    assert printed.stdout.splitlines() == [
        HEAD,
        f"{invoice},receivables,29.63,,EUR,{order}-1",
        f"{invoice},revenue,,20.00,EUR,{order}-1",
        f"{invoice},shipping,,4.90,EUR,{order}-1",
        f"{invoice},tax,,4.73,EUR,{order}-1",
        f"2026-03-09,CHARGE,{charge},{order},ADA,cash:card,29.63,,EUR,card ch_1",
        f"2026-03-09,CHARGE,{charge},{order},ADA,receivables,,29.63,EUR,card ch_1",
        f"2026-03-31,REFUND,{refund},{order},ADA,receivables,3.70,,EUR,card",
        f"2026-03-31,REFUND,{refund},{order},ADA,cash:card,,3.70,EUR,card",
    ]
    assert printed.stderr == "3 documents, 8 entries\nEUR: 62.96 debit, 62.96 credit\n"


def test_days_and_accounts_are_set_by_the_operator(
    shop: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(shop, story)
    monkeypatch.setenv("ORDERGRAPH_TIME_ZONE", "Europe/Berlin")
    monkeypatch.setenv("ORDERGRAPH_LEDGER_ACCOUNTS", "receivables=1400, cash:card=1360")
    march, april = run(*MARCH), run(*MARCH[:2], "--from", "2026-04-01", "--to", "2026-04-01")
    assert "REFUND" not in march.stdout
    assert [line.split(",")[5] for line in march.stdout.splitlines()[1:]] == [
        *("1400", "revenue", "shipping", "tax", "1360", "1400"),
    ]
    assert [line.split(",")[:2] for line in april.stdout.splitlines()[1:]] == [
        ["2026-04-01", "REFUND"],
        ["2026-04-01", "REFUND"],
    ]


def test_no_cell_is_a_formula(shop: Database) -> None:
    told(shop, evil)
    rows = list(csv.DictReader(StringIO(run(*MARCH).stdout)))
    (cash,) = [row for row in rows if row["document"] == "CHARGE" and row["debit"]]
    assert cash["account"] == 'cash:=HYPERLINK("http://evil.example")'
    assert cash["text"] == '\'=HYPERLINK("http://evil.example") @ref'
    assert (cash["customer"], cash["order"]) == ("'+SUM(A1)", "'-1")
    cells = [cell for row in rows for cell in row.values()]
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))] == []


def test_a_file_appears_when_it_is_complete(
    shop: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(shop, story)
    folder = tmp_path / "books"
    folder.mkdir()
    file = folder / "march.csv"
    written = run(*MARCH, "--output", str(file))
    assert (written.exit_code, written.stdout) == (0, "")
    assert file.read_bytes().decode() == run(*MARCH).stdout_bytes.decode()
    assert [path.name for path in folder.iterdir()] == ["march.csv"]
    before = file.read_bytes()
    monkeypatch.setenv("ORDERGRAPH_DATABASE_URL", f"sqlite://{tmp_path}/nothing.sqlite3")
    failed = run(*MARCH, "--output", str(file))
    assert failed.exit_code == 1
    assert [path.name for path in folder.iterdir()] == ["march.csv"]
    assert file.read_bytes() == before


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    refused = run(*MARCH, "--output", str(tmp_path / "nowhere" / "march.csv"))
    assert refused.exit_code == 1
    assert refused.stderr.endswith("march.csv cannot be written: No such file or directory\n")


def test_a_period_that_ends_before_it_begins() -> None:
    refused = run(*MARCH[:2], "--from", "2026-03-02", "--to", "2026-03-01")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr == ("A period is from a day to the same or a later one, 1900 to 2999.\n")


def test_a_period_in_which_nothing_happened() -> None:
    empty = run(*MARCH)
    assert (empty.exit_code, empty.stdout.splitlines()) == (0, [HEAD])
    assert empty.stderr == "0 documents, 0 entries\n"
