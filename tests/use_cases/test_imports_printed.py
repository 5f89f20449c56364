"""What the import command prints: rows counted, places named, and causes by what they cost."""

import csv
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from graph.commands.cli import app
from models.rules.errors import ErrorCode
from services.imports.checks.problems import cause
from services.imports.files.report import Problem
from tests.support.imported import CUSTOMERS, PRODUCTS, Files

DECIMALS = "price: EUR prices have at most 6 decimals"


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Files]:
    """Sound files, and a new database that the settings name."""
    for name in [name for name in os.environ if name.startswith("ORDERGRAPH_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ORDERGRAPH_DATABASE_URL", f"sqlite://{tmp_path}/shop.sqlite3")
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    assert CliRunner().invoke(app, ["migrate"]).exit_code == 0
    yield Files(tmp_path)
    root.handlers[:] = handlers
    root.setLevel(level)


def load(files: Files, *arguments: str) -> Result:
    command = ["import", "--mapping", str(files.folder / "mapping.yaml"), str(files.folder)]
    return CliRunner().invoke(app, [*command, *arguments])


def test_rows_are_counted_and_causes_grouped_by_what_they_cost(files: Files) -> None:
    files.write(
        customers=f"{CUSTOMERS}2,,,,\n3,Bo,not a mail,,\n",
        products=f"{PRODUCTS}9,,,x\n10,TIN,Tin,1.2345678\n11,,,y\n",
    )
    outcome = load(files)
    assert outcome.exit_code == 1
    assert outcome.stdout.splitlines() == [
        "                  read       new  unchanged  differs  rejected",
        "warehouse            1         1          0        0         0",
        "customer             3         2          0        0         1",
        "product              5         2          0        0         3",
        "order                1         1          0        0         0",
        "line                 2         2          0        0         0",
        "The new ones were written.",
    ]
    assert outcome.stderr.splitlines() == [
        "",
        "1 warnings:",
        "  customers.csv, line 4, mail: INVALID: is no e-mail address; it is kept as it is",
        "",
        "4 rejected rows:",
        "  customers.csv, line 3, name: REQUIRED: a customer needs name",
        "  products.csv, line 4, name: REQUIRED: a product needs name",
        "  products.csv, line 4, price: INVALID: price: 'x' is no number",
        f"  products.csv, line 5, price: INVALID: {DECIMALS} (it is '1.2345678')",
        "  products.csv, line 6, name: REQUIRED: a product needs name",
        "  products.csv, line 6, price: INVALID: price: 'y' is no number",
        "  Rows by cause:",
        "         2  name: REQUIRED: a product needs name",
        "         2  price: INVALID: price: ... is no number",
        "         1  name: REQUIRED: a customer needs name",
        f"         1  price: INVALID: {DECIMALS} (it is ...)",
    ]


def test_many_faults_are_printed_in_part_and_reported_whole(files: Files) -> None:
    rows = "".join(f"{number},,Thing,x\n" for number in range(100, 1_300))
    files.write(products=f"{PRODUCTS}{rows}")
    report = files.folder / "report.csv"
    outcome = load(files, "--report", str(report))
    assert outcome.stderr.splitlines() == [
        "",
        "1,200 rejected rows:",
        *[
            f"  products.csv, line {n}, price: INVALID: price: 'x' is no number"
            for n in range(4, 24)
        ],
        "  and 1,180 more; see --report",
        "  Rows by cause:",
        "     1,200  price: INVALID: price: ... is no number",
    ]
    with report.open(encoding="utf-8", newline="") as file:
        assert [int(row["line"]) for row in csv.DictReader(file)] == list(range(4, 1_204))


@pytest.mark.parametrize(
    ("reason", "general"),
    [
        ("price: '1.2.3' is no number", "price: ... is no number"),
        ('price: "4\'20" is no number', "price: ... is no number"),
        (f"name: 201 characters; there is room for 200 (it is '{'o' * 40}'...)", None),
        ("the key K 1 stands in lines.csv:3 already", "the key ... stands in ... already"),
        ("says of K 1 something else than a.csv:2", "says of ... something else than ..."),
        ("CUP is used in products.csv:2 already", "... is used in ... already"),
        ("there is a product CUP already that has another key or none", None),
        ("another product has the barcode 4711", "another product has the barcode ..."),
        ("there is no product ROLL POPY", "there is no product ..."),
        ("customer C 6 was rejected (a b.csv:12)", "customer ... was rejected (...)"),
        ("order B-113 was rejected (a.csv:2)", "order ... was rejected (...)"),
        ("its line was rejected (a.csv:3)", "its line was rejected (...)"),
        ("its order was rejected", "its order was rejected"),
        ("product CUP has lots or serial numbers: receive it by stockAdjust", None),
        ("it has 1200 lines; 1000 are possible", "it has ... lines; 1000 are possible"),
        ("no line says what is in shipment S1, which is not the only one", None),
        ("its line names shipment S1, which is of order B", None),
        ("currency: XYZ is no currency of ISO 4217 (it is 'XYZ')", None),
        ("is no JSON: Expecting value: line 1 column 1 (char 0)", "is no JSON"),
        ("has 10 cells where the header has 9", "has 10 cells where the header has 9"),
    ],
)
def test_a_cause_is_a_reason_without_what_differs_from_row_to_row(
    reason: str, general: str | None
) -> None:
    here = Problem("a.csv", 2, "Price", ErrorCode.INVALID, reason)
    told = cause(here).removeprefix("Price: INVALID: ")
    assert told == (general or OTHERS[reason.partition(":")[0].partition(" ")[0]])


OTHERS = {
    "name": "name: ... characters; there is room for 200 (it is ...)",
    "there": "there is a product ... already that has another key or none",
    "product": "product ... has lots or serial numbers: receive it by stockAdjust",
    "no": "no line says what is in shipment ..., which is not the only one",
    "its": "its line names shipment ..., which is of order ...",
    "currency": "currency: ... is no currency of ISO 4217 (it is ...)",
}
"""Those that are too long to stand in a line with their reason."""
