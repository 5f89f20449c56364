"""What lines and stock items count has one writer each, which applies what the rules have found."""

import ast
from collections.abc import Iterator

import pytest

from models.rules.inventory import Balance
from models.rules.units import LineCounts
from tests.support.repository import ROOT, sources

ROOMS = ("models", "services", "resolvers", "subscriptions")
COUNTS = {*LineCounts._fields, *Balance._fields} - {"quantity", "safety_stock"}
WRITERS = {
    "services/aggregates/lines.py": "what a step of the trade leaves a line with",
    "services/aggregates/stock.py": "what movements leave a stock item with",
    "services/operations/audits/stock.py": "what the ledger says of a counter that has drifted",
}
OTHERS = {"parcel", "row"}
"""Names of what counts no units: parcels, and what is saved as a whole."""


def counted(tree: ast.AST) -> Iterator[ast.AST]:
    """Each place where a count is given to what may be a line or a stock item."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            if node.attr in COUNTS:
                yield node
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name == "setattr" and ast.unparse(node.args[0]) not in OTHERS:
                yield node
            if name.endswith(".update") and any(each.arg in COUNTS for each in node.keywords):
                yield node


def test_nobody_else_counts_units() -> None:
    writing = {
        str(path)
        for path in sources()
        if path.parts[0] in ROOMS and [*counted(ast.parse((ROOT / path).read_text()))]
    }
    assert writing == {*WRITERS}


@pytest.mark.parametrize(
    "fault",
    [
        "line.reserved -= 1",
        "step.line.shipped = x",
        "line.cancelled, y = a, b",
        "item.on_hand += 3",
        "setattr(line, 'returned', x)",
        "OrderLine.filter(id=1).update(delivered=2)",
    ],
)
def test_a_second_writer_is_found(fault: str) -> None:
    assert len([*counted(ast.parse(fault))]) == 1
