"""The published schema is this code's, and says what everything means."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import GraphQLEnumType, build_schema

from graph.schema import schema
from tests.support.repository import ROOT

PUBLISHED = (ROOT / "schema.graphql").read_text(encoding="utf-8")
STANDARD = {"ID", "Int", "Float", "String", "Boolean"}


def parts(name: str, declared: Any) -> Iterator[tuple[str, Any]]:
    """A type and all that stands in it, by name."""
    yield name, declared
    if isinstance(declared, GraphQLEnumType):
        for value, member in declared.values.items():
            yield f"{name}.{value}", member
    for field_name, field in getattr(declared, "fields", {}).items():
        yield f"{name}.{field_name}", field
        for argument_name, argument in getattr(field, "args", {}).items():
            yield f"{name}.{field_name}({argument_name})", argument


def test_the_published_schema_is_fresh() -> None:
    """`ordergraph schema --output schema.graphql` makes it so."""
    assert schema.as_str().strip() == PUBLISHED.strip()


@pytest.mark.parametrize(
    "module", ["graph.server.app", "graph.errors", "graph.types.access", "resolvers.inputs.orders"]
)
def test_it_is_the_same_whatever_was_imported_first(module: str) -> None:
    program = f"import {module}; from graph.schema import schema; print(schema.as_str())"
    command = [sys.executable, "-c", program]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert printed.stdout.strip() == PUBLISHED.strip()


def test_everything_is_described() -> None:
    types = build_schema(PUBLISHED).type_map.items()
    ours = [(name, each) for name, each in types if not name.startswith("__")]
    undescribed = [
        place
        for name, declared in ours
        if name not in STANDARD
        for place, part in parts(name, declared)
        if not part.description
    ]
    assert undescribed == []
