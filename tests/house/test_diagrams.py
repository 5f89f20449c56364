"""Diagrams in the papers are those of the tables that they are made of."""

import re

from models.rules.order_states import ORDER_TABLE
from tests.support.repository import ROOT

DIAGRAM = re.compile(r"^```mermaid\n(stateDiagram-v2\n.*?)\n```$", re.MULTILINE | re.DOTALL)


def test_the_states_of_an_order_are_drawn_as_they_are() -> None:
    drawn = DIAGRAM.findall((ROOT / "docs" / "order-states.md").read_text())
    assert drawn == [ORDER_TABLE.diagram()]
