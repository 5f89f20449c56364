"""An order's status has one writer, and begins where the table says that orders begin."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.rules.order_states import ORDER_TABLE
from tests.support.repository import ROOT

WRITER = ROOT / "services" / "aggregates" / "order_status.py"
ROOMS = ("models", "services", "resolvers", "subscriptions", "graph")
OTHERS = {"shipment", "request", "found"}
"""Names of what has a status of its own: shipments, returns."""

BEGINNINGS = {f"OrderStatus.{status.name}" for status in ORDER_TABLE.initial}


def assigned(tree: ast.AST) -> Iterator[ast.AST]:
    """Each place where a status is given to what may be an order."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            owner = ast.unparse(node.value).rpartition(".")[2]
            if node.attr == "status" and owner not in OTHERS:
                yield node
        if isinstance(node, ast.Call):
            yield from _given(node)


def _given(call: ast.Call) -> Iterator[ast.AST]:
    """A status among the values of an order that is made, or of rows that are updated."""
    name = ast.unparse(call.func)
    made = [name, *(ast.unparse(each) for each in call.args[:1])]
    for keyword in call.keywords:
        if keyword.arg != "status" or ast.unparse(keyword.value) in BEGINNINGS:
            continue
        if "Order" in made or name.endswith(".update"):
            yield call
    if name == "setattr" and len(call.args) > 1 and ast.unparse(call.args[1]) == "'status'":
        yield call


def sources() -> list[Path]:
    return [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]


def test_nobody_else_gives_an_order_its_status() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
        for path in sources()
        if path != WRITER
        for node in assigned(ast.parse(path.read_text()))
    ]
    assert found == []
    assert len([*assigned(ast.parse(WRITER.read_text()))]) == 1


@pytest.mark.parametrize(
    "fault",
    [
        "order.status = OrderStatus.CONFIRMED",
        "step.order.status = table.next(a, b)",
        "order.status, order.placed_at = x, y",
        "Order(status=OrderStatus.CONFIRMED)",
        "fresh(Order, status=OrderStatus.ON_HOLD)",
        "Order.filter(id=1).update(status=OrderStatus.CONFIRMED)",
        "setattr(order, 'status', x)",
    ],
)
def test_a_second_writer_is_found(fault: str) -> None:
    assert len([*assigned(ast.parse(fault))]) == 1
